import { join } from 'node:path';
import { readStaticFile, type StaticFile } from '../http/static-file.js';

/**
 * The root of the service, into which the build copies the files (nest-cli.json): production
 * installs no development dependencies.
 */
const ROOT = join(__dirname, '../..');
const PAGE = 'src/api-docs/page';
const RENDERER = 'node_modules/@asyncapi/react-component';

const JSON_TYPE = 'application/json; charset=utf-8';
const SCRIPT_TYPE = 'text/javascript; charset=utf-8';

/**
 * The files that describe the contract, with their media types, by the name under which they are
 * served.
 */
const FILES = {
  'asyncapi.json': { file: 'docs/asyncapi.json', type: JSON_TYPE },
  'asyncapi.yaml': { file: 'docs/asyncapi.yaml', type: 'application/yaml; charset=utf-8' },
  'openapi.json': { file: 'docs/openapi.json', type: JSON_TYPE },
  'openapi.yaml': { file: 'docs/openapi.yaml', type: 'application/yaml; charset=utf-8' },
  'admin-openapi.json': { file: 'docs/admin-openapi.json', type: JSON_TYPE },
  page: { file: `${PAGE}/index.html`, type: 'text/html; charset=utf-8' },
  'page.js': { file: `${PAGE}/page.js`, type: SCRIPT_TYPE },
  'page.css': { file: `${PAGE}/page.css`, type: 'text/css; charset=utf-8' },
  'icon.svg': { file: `${PAGE}/icon.svg`, type: 'image/svg+xml' },
  'renderer.js': { file: `${RENDERER}/browser/standalone/index.js`, type: SCRIPT_TYPE },
  'renderer.css': { file: `${RENDERER}/styles/default.min.css`, type: 'text/css; charset=utf-8' },
  'renderer.js.LICENSE.txt': {
    file: `${RENDERER}/browser/standalone/index.js.LICENSE.txt`,
    type: 'text/plain; charset=utf-8',
  },
  LICENSE: { file: `${RENDERER}/LICENSE`, type: 'text/plain; charset=utf-8' },
} as const;

export type ApiDocsFileName = keyof typeof FILES;

const ELSEWHERE: ReadonlySet<string> = new Set<ApiDocsFileName>([
  'page',
  'asyncapi.json',
  'asyncapi.yaml',
  'openapi.json',
  'openapi.yaml',
  'admin-openapi.json',
]);

/**
 * Returns true if the file is served below `/docs`. The others have their own addresses; besides,
 * the page needs its own content security policy, without which the browser would show it empty.
 */
export function isPageAsset(name: string): name is ApiDocsFileName {
  return Object.hasOwn(FILES, name) && !ELSEWHERE.has(name);
}

/**
 * Reads the files that describe the contract. Each file is read and compressed once, at its first
 * request, because together they are 4 MB.
 */
export class ApiDocsFiles {
  private readonly files = new Map<ApiDocsFileName, Promise<StaticFile>>();

  /** @throws Error if the file cannot be read now */
  async get(name: ApiDocsFileName): Promise<StaticFile> {
    let file = this.files.get(name);
    if (!file) {
      const { file: path, type } = FILES[name];
      file = readStaticFile(join(ROOT, path), type);
      this.files.set(name, file);
      file.catch(() => this.files.delete(name)); // it may be temporary, such as too many open files
    }
    return file;
  }
}
