/** What the programs of this folder share: output, and how they end. */

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function warn(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Aborts on the first SIGINT or SIGTERM. A second one kills the process. */
export function stopOnSignals(): AbortController {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  return stop;
}

/** Aborts when `seconds` have passed from now. */
export function stopAfter(stop: AbortController, seconds: number | undefined): void {
  if (seconds !== undefined) setTimeout(() => stop.abort(), seconds * 1000).unref();
}
