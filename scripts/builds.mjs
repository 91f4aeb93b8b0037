import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ADDON, cannotCompileBecause } from './build-native.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The client for browsers, which the gateway serves. Its name has the version of the gateway. */
export function bundleFile(project = root) {
  const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
  return `dist/client/deltastream-client-${version}.js`;
}

/** The page of `/ops`. */
export const OPS_PAGE = 'dist/ops/index.html';

/**
 * The builds: their source folders and files, the npm script, and the outputs whose age is checked.
 */
export const BUILDS = {
  gateway: {
    script: 'build',
    folders: ['src', 'tools', 'bench'],
    files: [
      'package.json',
      'tsconfig.json',
      'tsconfig.build.json',
      'nest-cli.json',
      'docs/asyncapi.json',
      'docs/openapi.json',
      'docs/admin-openapi.json',
    ],
    outputsOf: (sources) =>
      sources
        .filter((source) => source.endsWith('.ts') && !/\.(spec|d)\.ts$/.test(source))
        .map((source) => join('dist', source.replace(/\.ts$/, '.js'))),
  },
  client: {
    script: 'build:clients',
    folders: ['clients/typescript/src', 'clients/typescript/scripts'],
    files: ['package.json', 'tsconfig.json', 'tsconfig.esm.json', 'tsconfig.cjs.json'].map((file) =>
      join('clients/typescript', file),
    ),
    outputsOf: () => ['clients/typescript/dist/cjs/package.json'], // this file is written last
  },
  // `build` makes the next four too. Each is made by itself after a change of its sources only.
  addon: {
    script: 'build:native',
    folders: ['native'],
    files: ['scripts/build-native.mjs'],
    outputsOf: () => (cannotCompileBecause() === undefined ? [ADDON] : []),
  },
  bundle: {
    script: 'build:bundle',
    folders: ['clients/typescript/src'],
    files: ['package.json', 'scripts/bundle-client.mjs'],
    outputsOf: (_sources, project) => [bundleFile(project)],
  },
  page: {
    script: 'build:page',
    folders: ['web', 'clients/typescript/src'],
    files: ['package.json'],
    outputsOf: () => ['dist/web/index.html'],
  },
  ops: {
    script: 'build:ops',
    folders: ['ops'],
    files: ['package.json', 'scripts/bundle-ops.mjs'],
    outputsOf: () => [OPS_PAGE],
  },
};

/**
 * The reason why a build is out of date, or undefined. A missing output is a reason, and so is an
 * output that is older than the newest source. A folder that changed later is one too, because a
 * source was deleted or renamed.
 */
export function staleBecause({ folders, files, outputsOf }, project = root) {
  const sources = [...files, ...folders.flatMap((folder) => everythingIn(project, folder))];
  const changes = sources.map((source) => changed(join(project, source)));
  const last = Math.max(...changes);
  const newest = sources[changes.indexOf(last)];
  for (const output of outputsOf(sources, project)) {
    const path = join(project, output);
    if (!existsSync(path)) return `${output} is missing`;
    if (statSync(path).mtimeMs < last) return `${output} is older than ${newest}`;
  }
  return undefined;
}

/**
 * When a file or folder changed, in ms. This includes the change time of its inode, because a copy
 * of another version may keep the old modification time.
 */
function changed(path) {
  const { mtimeMs, ctimeMs } = statSync(path);
  return Math.max(mtimeMs, ctimeMs);
}

/** The folder, its subfolders and their files. */
function everythingIn(project, folder) {
  const entries = readdirSync(join(project, folder), { recursive: true, withFileTypes: true });
  return [folder, ...entries.map(({ parentPath, name }) => relative(project, join(parentPath, name)))];
}
