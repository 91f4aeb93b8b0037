import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './code-blocks.js';

/**
 * Where the documents' code finds the clients of this repository: the one place that knows. A block that imports one is tried
 * once its file is there, and fails until then.
 */
const TYPESCRIPT = join(ROOT, 'clients/typescript/dist/esm');

export const CLIENT_PACKAGES: Readonly<Record<string, { readonly types: string; readonly module: string }>> =
  {
    '@deltastream/socket-client': {
      types: join(TYPESCRIPT, 'index.d.ts'),
      module: join(TYPESCRIPT, 'index.js'),
    },
    '@deltastream/socket-client/react': {
      types: join(TYPESCRIPT, 'react/index.d.ts'),
      module: join(TYPESCRIPT, 'react/index.js'),
    },
  };

/** For PYTHONPATH: holds the package `deltastream_socket_client`. */
export const PYTHON_PATH = join(ROOT, 'clients/python/src');

/** For `paths` of TypeScript and `alias` of esbuild: a package that is not built is left out, and so is not found. */
export function built(kind: 'types' | 'module'): Record<string, string> {
  const found = Object.entries(CLIENT_PACKAGES).filter(([, files]) => existsSync(files[kind]));
  return Object.fromEntries(found.map(([name, files]) => [name, files[kind]]));
}
