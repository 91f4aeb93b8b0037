import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './code-blocks.js';

/**
 * Defines the paths at which the documents' code finds the clients of this repository, in one
 * place. A block that imports a client runs if that client's file exists, and fails otherwise.
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
    '@deltastream/socket-client/testing': {
      types: join(TYPESCRIPT, 'testing/index.d.ts'),
      module: join(TYPESCRIPT, 'testing/index.js'),
    },
  };

/** For PYTHONPATH: this folder contains the package `deltastream_socket_client`. */
export const PYTHON_PATH = join(ROOT, 'clients/python/src');

/**
 * For `paths` of TypeScript and `alias` of esbuild. A package that is not built is omitted, and so
 * cannot be imported.
 */
export function built(kind: 'types' | 'module'): Record<string, string> {
  const found = Object.entries(CLIENT_PACKAGES).filter(([, files]) => existsSync(files[kind]));
  return Object.fromEntries(found.map(([name, files]) => [name, files[kind]]));
}
