// Bundles the TypeScript client with socket.io-client into one ES module with a source map, which
// the gateway serves next to Socket.IO's own library. `npm run build` runs this after the compiler.
import { readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';
import { bundleFile, root } from './builds.mjs';

const versionIn = (file) => JSON.parse(readFileSync(file, 'utf8')).version;
const socketIo = createRequire(import.meta.url).resolve('socket.io-client/package.json');

rmSync(join(root, 'dist/client'), { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: ['clients/typescript/src/index.ts'],
  outfile: bundleFile(),
  bundle: true,
  minify: true,
  sourcemap: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  // Not that of the folder: the image is built without it.
  tsconfigRaw: { compilerOptions: { target: 'ES2022' } },
  banner: {
    js: `/*! DeltaStream socket client ${versionIn(join(root, 'package.json'))}, with Socket.IO ${versionIn(socketIo)} (c) Guillermo Rauch, MIT licence */`,
  },
});
