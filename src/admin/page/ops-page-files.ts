import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** Where the build puts the page (scripts/bundle-ops.mjs). */
const FOLDER = join(__dirname, '../../../ops');

/** The name of the page itself. The names of all other files have the hash of their content. */
export const PAGE = 'index.html';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface OpsPageFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly zipped: Buffer;
  readonly etag: string;
}

/**
 * Reads the files of the page. They are read and compressed once, at the first request. A name can
 * only select one of them, so that no request reaches other files.
 */
export class OpsPageFiles {
  private files: Promise<ReadonlyMap<string, OpsPageFile>> | undefined;

  /** @throws Error if the files cannot be read now */
  async get(name: string): Promise<OpsPageFile | undefined> {
    this.files ??= load();
    try {
      return (await this.files).get(name);
    } catch (error) {
      this.files = undefined; // it may be temporary, such as too many open files
      throw error;
    }
  }
}

async function load(): Promise<ReadonlyMap<string, OpsPageFile>> {
  const names = (await readdir(FOLDER)).filter((name) => Object.hasOwn(TYPES, extname(name)));
  return new Map(
    await Promise.all(
      names.map(async (name) => {
        const plain = await readFile(join(FOLDER, name));
        const digest = createHash('sha256').update(plain).digest('base64url').slice(0, 22);
        const zipped = await promisify(gzip)(plain);
        // The tag is weak because the plain and the compressed form share it.
        return [name, { type: TYPES[extname(name)]!, plain, zipped, etag: `W/"${digest}"` }] as const;
      }),
    ),
  );
}
