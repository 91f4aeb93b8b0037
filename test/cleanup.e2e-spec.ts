import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './support/code-blocks.js';
import { Command } from './support/command.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { waitFor } from './support/wait.js';

interface Config {
  readonly projects: readonly (object & { readonly displayName: string })[];
}

/** Whether a process of the group is left. */
function isAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

it('what failing tests leave running is ended: Jest exits by itself, and no process is left', async () => {
  const { projects } = (await import(join(ROOT, 'jest.config.cjs'))) as Config;
  const e2e = projects.find(({ displayName }) => displayName === 'e2e');
  const config = join(await temporaryFolder(), 'jest.config.json');
  const testMatch = ['**/*.failing-spec.ts'];
  await writeFile(config, JSON.stringify({ ...e2e, rootDir: ROOT, testMatch, testTimeout: 60_000 }));
  const jest = Command.spawn(
    process.execPath,
    [join(ROOT, 'node_modules/jest/bin/jest.js'), '--config', config, '--runInBand'],
    { cwd: ROOT, detached: true }, // a process group of its own: all that it starts is in it
  );
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
