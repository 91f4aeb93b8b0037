import { setTimeout as delay } from 'node:timers/promises';

export { freePort } from '../../tools/free-port.js';

/**
 * Waits until `condition` holds. After `timeoutMs` it fails with `describe`, or with the last error
 * of the condition.
 */
export async function waitFor(
  condition: () => unknown,
  describe: string | (() => string) = 'the condition never held',
  timeoutMs = 15_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      last = undefined;
      if (await condition()) return;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      const text = typeof describe === 'string' ? describe : describe();
      throw new Error(last instanceof Error ? `${text}: ${last.message}` : text, { cause: last });
    }
    await delay(10);
  }
}
