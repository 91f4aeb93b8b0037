import { join } from 'node:path';
import { ROOT } from './code-blocks.js';
import { Command } from './command.js';
import { waitFor } from './wait.js';

/** The simulated market, until the suite ends. */
export function startFeed(redisUrl: string): void {
  Command.spawn(process.execPath, [join(ROOT, 'dist/tools/feed.js'), '--redis', redisUrl, '--rate', '5']);
}

/** Runs a program until it ends well, or has said something: one that only listens has no end. Fails with what it said. */
export async function runProgram(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<void> {
  const { PATH } = process.env;
  const command = Command.spawn(program, args, { env: { PATH, PYTHONUNBUFFERED: '1', ...env } });
  let said = false;
  command.process.stdout?.once('data', () => (said = true));
  const failed = () => command.process.exitCode !== null && command.process.exitCode !== 0;
  await waitFor(
    () => failed() || command.process.exitCode === 0 || said,
    () => `it said nothing: ${command.output}`,
    30_000,
  );
  if (command.process.exitCode === null) await command.end('SIGTERM');
  if (failed()) throw new Error(command.output);
}
