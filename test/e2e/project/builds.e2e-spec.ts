import { execFileSync } from 'node:child_process';
import { mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../../support/code-blocks.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { waitFor } from '../../support/wait.js';

/** The reason why a project has to be built again, or undefined if its build is up to date. */
function reasonIn(
  project: string,
  build: 'gateway' | 'addon' | 'bundle' | 'page' | 'ops' = 'gateway',
): string | undefined {
  const program = `
    import { BUILDS, staleBecause } from ${JSON.stringify(join(ROOT, 'scripts/builds.mjs'))};
    console.log(staleBecause(BUILDS.${build}, ${JSON.stringify(project)}) ?? '');`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
  });
  return output.trim() || undefined;
}

/** Writes the outputs of two sources, until they are newer than the sources. */
async function build(project: string): Promise<void> {
  await waitFor(async () => {
    for (const file of ['src/main.js', 'src/feed/feed.js']) await writeFile(join(project, 'dist', file), '');
    return reasonIn(project) === undefined;
  });
}

describe('a build', () => {
  let project: string;

  beforeEach(async () => {
    project = await temporaryFolder();
    for (const folder of ['src/feed', 'tools', 'bench', 'docs', 'dist/src/feed']) {
      await mkdir(join(project, folder), { recursive: true });
    }
    const configuration = [
      'package.json',
      'tsconfig.json',
      'tsconfig.build.json',
      'nest-cli.json',
      'docs/asyncapi.json',
      'docs/openapi.json',
      'docs/admin-openapi.json',
    ];
    for (const file of ['src/main.ts', 'src/main.spec.ts', 'src/feed/feed.ts', ...configuration]) {
      await writeFile(join(project, file), '');
    }
    await build(project);
  });

  it('is stale if an output is missing', async () => {
    await rm(join(project, 'dist/src/feed/feed.js'));
    expect(reasonIn(project)).toBe('dist/src/feed/feed.js is missing');
  });

  it('is stale if a source or the configuration was written later', async () => {
    await writeFile(join(project, 'src/feed/feed.ts'), 'changed');
    expect(reasonIn(project)).toMatch(/^dist\/src\/\S+ is older than src\/feed\/feed.ts$/);
    await build(project);
    await writeFile(join(project, 'nest-cli.json'), 'changed');
    expect(reasonIn(project)).toMatch(/ is older than nest-cli.json$/);
  });

  it('is stale if a source was replaced by a file with an older time, such as a copy', async () => {
    await writeFile(join(project, 'elsewhere.ts'), 'another version');
    await utimes(join(project, 'elsewhere.ts'), 0, 0);
    await rename(join(project, 'elsewhere.ts'), join(project, 'src/main.ts'));
    expect(reasonIn(project)).toMatch(/ is older than src(\/main.ts)?$/);
  });

  it('is stale if a source was deleted', async () => {
    await rm(join(project, 'src/feed/feed.ts'));
    expect(reasonIn(project)).toMatch(/ is older than src\/feed$/);
  });

  it('of the client for browsers is stale after a change of the client, and that of the gateway is not', async () => {
    for (const folder of ['clients/typescript/src', 'scripts', 'dist/client'])
      await mkdir(join(project, folder), { recursive: true });
    await writeFile(join(project, 'package.json'), '{ "version": "1.2.3" }');
    await writeFile(join(project, 'scripts/bundle-client.mjs'), '');
    await build(project);
    expect(reasonIn(project, 'bundle')).toBe('dist/client/deltastream-client-1.2.3.js is missing');
    await waitFor(async () => {
      await writeFile(join(project, 'dist/client/deltastream-client-1.2.3.js'), '');
      return reasonIn(project, 'bundle') === undefined;
    });
    await writeFile(join(project, 'clients/typescript/src/client.ts'), 'changed');
    expect(reasonIn(project, 'bundle')).toMatch(/ is older than clients\/typescript\/src(\/client.ts)?$/);
    expect(reasonIn(project)).toBeUndefined();
  });

  it('of the page for operators is stale after a change of the page', async () => {
    for (const folder of ['ops/src', 'scripts', 'dist/ops'])
      await mkdir(join(project, folder), { recursive: true });
    await writeFile(join(project, 'scripts/bundle-ops.mjs'), '');
    expect(reasonIn(project, 'ops')).toBe('dist/ops/index.html is missing');
    await waitFor(async () => {
      await writeFile(join(project, 'dist/ops/index.html'), '');
      return reasonIn(project, 'ops') === undefined;
    });
    await writeFile(join(project, 'ops/src/main.ts'), 'changed');
    expect(reasonIn(project, 'ops')).toMatch(/ is older than ops\/src(\/main.ts)?$/);
  });

  it('of the live page is stale after a change of the page or of the client that it uses', async () => {
    for (const folder of ['clients/typescript/src', 'web/src', 'dist/web'])
      await mkdir(join(project, folder), { recursive: true });
    await writeFile(join(project, 'package.json'), '{ "version": "1.2.3" }');
    await build(project);
    expect(reasonIn(project, 'page')).toBe('dist/web/index.html is missing');
    for (const source of ['web/src/main.ts', 'clients/typescript/src/client.ts']) {
      await waitFor(async () => {
        await writeFile(join(project, 'dist/web/index.html'), '');
        return reasonIn(project, 'page') === undefined;
      });
      await writeFile(join(project, source), 'changed');
      expect(reasonIn(project, 'page')).toContain('dist/web/index.html is older than');
    }
    expect(reasonIn(project)).toBeUndefined();
  });

  it('of the addon is stale after a change of its source, and that of the gateway is not', async () => {
    for (const folder of ['native', 'scripts', 'dist/native']) {
      await mkdir(join(project, folder), { recursive: true });
    }
    await writeFile(join(project, 'scripts/build-native.mjs'), '');
    expect(reasonIn(project, 'addon')).toBe('dist/native/batch-send.node is missing');
    await waitFor(async () => {
      await writeFile(join(project, 'dist/native/batch-send.node'), '');
      return reasonIn(project, 'addon') === undefined;
    });
    await writeFile(join(project, 'native/batch-send.c'), 'changed');
    expect(reasonIn(project, 'addon')).toMatch(/ is older than native(\/batch-send.c)?$/);
    expect(reasonIn(project)).toBeUndefined();
  });
});
