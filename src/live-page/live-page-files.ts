import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ConfigError } from '../config/gateway-config.js';

/** Where `npm run build` puts the page (web/vite.config.mjs). */
const FOLDER = join(__dirname, '../../web');
/** The files whose names contain a hash of their content. */
const ASSETS = 'assets';
const PAGE = 'index.html';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** A file of the page as it is sent. */
export interface LivePageFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly zipped: Buffer;
  readonly etag: string;
  /** Whether the address always has this content, because its name changes with the content. */
  readonly isFixed: boolean;
}

/**
 * Reads and compresses the files of the live page once, at start: they are a few hundred kilobytes.
 * Only these names are served, so a request cannot reach any other file.
 * @returns the files by their path below the page, such as `assets/index-1a2b3c4d.js`
 * @throws ConfigError if the page has not been built
 */
export function readLivePage(folder = FOLDER): ReadonlyMap<string, LivePageFile> {
  if (!existsSync(join(folder, ASSETS))) {
    throw new ConfigError(
      'LIVE_PAGE is "on", but this installation has no page. Run "npm run build", or set LIVE_PAGE=off.',
    );
  }
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => (parentPath === folder ? name : `${ASSETS}/${name}`));
  return new Map(names.map((name) => [name, load(folder, name)]));
}

export const LIVE_PAGE = PAGE;

function load(folder: string, name: string): LivePageFile {
  const plain = readFileSync(join(folder, name));
  const digest = createHash('sha256').update(plain).digest('base64url').slice(0, 22);
  return {
    type: TYPES[extname(name)] ?? 'application/octet-stream',
    plain,
    zipped: gzipSync(plain, { level: 9 }),
    // The tag is weak because the plain and the compressed form share it.
    etag: `W/"${digest}"`,
    isFixed: name.startsWith(`${ASSETS}/`),
  };
}
