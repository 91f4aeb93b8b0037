// Bundles the page of `/ops` into `dist/ops`: index.html, and a script, a style sheet and an icon
// whose names have the hash of their content. `npm run build` runs this after the compiler.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';
import { OPS_PAGE, root } from './builds.mjs';

const target = join(root, 'dist/ops');
const { version } = JSON.parse(
  readFileSync(createRequire(import.meta.url).resolve('uplot/package.json'), 'utf8'),
);

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: { main: 'ops/src/main.ts', style: 'ops/style/page.css' },
  outdir: 'dist/ops',
  bundle: true,
  minify: true,
  write: false,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  // Not that of the folder: the image is built without it.
  tsconfigRaw: { compilerOptions: { target: 'ES2022' } },
  banner: { js: `/*! With uPlot ${version}, (c) Leon Sorokin, MIT licence */` },
});

const contents = new Map(outputFiles.map(({ path, contents }) => [path.split('/').at(-1), contents]));
contents.set('icon.svg', readFileSync(join(root, 'ops/icon.svg')));

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
let page = readFileSync(join(root, 'ops/index.html'), 'utf8');
for (const [name, content] of contents) {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  const hashed = name.replace(/\.(\w+)$/, `-${hash}.$1`);
  writeFileSync(join(target, hashed), content);
  page = page.replace(`{{${name}}}`, `ops/${hashed}`);
}
if (page.includes('{{')) throw new Error('ops/index.html names a file that was not built.');
writeFileSync(join(root, OPS_PAGE), page); // this file is written last
