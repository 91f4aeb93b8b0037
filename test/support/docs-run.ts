import { join } from 'node:path';
import { ROOT } from './code-blocks.js';
import { Command } from './command.js';
import { waitFor } from './wait.js';

/** Starts the simulated market, which runs until the suite ends. */
export function startFeed(redisUrl: string): void {
  Command.spawn(process.execPath, [join(ROOT, 'dist/tools/feed.js'), '--redis', redisUrl, '--rate', '5']);
}

/** For a program that only listens, because the first line may be its greeting. */
const LINES = 2;

/**
 * Runs a program until it exits successfully. A program that only listens does not exit, so it runs
 * until it has printed two lines. Fails with the program's output.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
  { hasEnd = false } = {},
): Promise<void> {
  const { PATH } = process.env;
  const command = Command.spawn(program, args, { env: { PATH, PYTHONUNBUFFERED: '1', ...env } });
  let lines = 0;
  command.process.stdout?.on('data', (chunk: Buffer) => (lines += chunk.toString().split('\n').length - 1));
  const failed = () => command.process.exitCode !== null && command.process.exitCode !== 0;
  await waitFor(
    () => failed() || command.process.exitCode === 0 || (!hasEnd && lines >= LINES),
    () => `it neither ends nor prints more lines: ${command.output}`,
    30_000,
  );
  if (failed()) throw new Error(command.output);
  // Java ends with a code of its own when it is told to end.
  if (command.process.exitCode === null) await command.end('SIGTERM');
}
