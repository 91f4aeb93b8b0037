import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { cleanUp } from '../../support/cleanup.js';
import { ROOT } from '../../support/code-blocks.js';
import { Command } from '../../support/command.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { waitFor } from '../../support/wait.js';

interface Config {
  readonly projects: readonly (object & { readonly displayName: string })[];
}

/** Whether any process of the group is alive. */
function isAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

/** Starts Jest, in one process, with the spec files of this ending. */
async function startJest(ending: string, env: NodeJS.ProcessEnv = process.env): Promise<Command> {
  const { projects } = (await import(join(ROOT, 'jest.config.cjs'))) as Config;
  const e2e = projects.find(({ displayName }) => displayName === 'e2e');
  const config = join(await temporaryFolder(), 'jest.config.json');
  const testMatch = [`**/*.${ending}.ts`];
  await writeFile(config, JSON.stringify({ ...e2e, rootDir: ROOT, testMatch, testTimeout: 60_000 }));
  return Command.spawn(
    process.execPath,
    [join(ROOT, 'node_modules/jest/bin/jest.js'), '--config', config, '--runInBand'],
    // it has its own process group, with everything that it starts
    { cwd: ROOT, env, detached: true },
  );
}

it('processes that failing tests leave running are stopped, and Jest exits by itself', async () => {
  const jest = await startJest('failing-spec');
  const ended = () => jest.process.exitCode !== null || jest.process.signalCode !== null;
  await waitFor(
    () => /^Tests: /m.test(jest.output) || ended(),
    () => `the tests do not end: ${jest.output}`,
    120_000,
  );
  await waitFor(ended, () => `Jest does not exit: ${jest.output}`, 30_000);
  expect(jest.output).toMatch(/^Tests: +11 failed, 11 total$/m);
  expect(jest.output.match(/^ {4}on purpose$/gm)).toHaveLength(10);
  expect(jest.process.exitCode).toBe(1);
  await waitFor(() => !isAlive(jest.process.pid!), 'processes are left');
}, 180_000);

it('a process that starts again after it was stopped is stopped again, and Jest exits with 0 if every test passed', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    // After Jest has torn down the environment of the test file.
    setTimeout(() => socket.destroy(), 3_000).unref();
  });
  cleanUp(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const jest = await startJest('passing-spec', { ...process.env, PORT: `${port}` });
  expect([await jest.exit(), jest.output]).toEqual([0, expect.not.stringContaining('torn down')]);
  expect(jest.output).toMatch(/^Tests: +1 passed, 1 total$/m);
}, 60_000);
