// Builds the live page into `dist/web`, which the gateway serves if LIVE_PAGE is on.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('.'),
  base: './', // the page works below any path of a proxy
  // The sources of the client, because the page is built before its package is.
  resolve: { alias: { '@deltastream/socket-client': here('../clients/typescript/src/index.ts') } },
  build: {
    outDir: here('../dist/web'),
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: false,
    // The content security policy allows only files of the gateway: nothing may be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // The licences of what is in the scripts, which has to go with them.
    license: { fileName: 'licenses.md' },
  },
  logLevel: 'warn',
});
