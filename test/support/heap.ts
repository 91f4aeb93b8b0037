import { join } from 'node:path';
import type { GatewayProcess } from './gateway-process.js';
import { waitFor } from './wait.js';

/** Lets a test trigger garbage collection in a gateway, to measure its heap. */
export const HEAP_ENV = { NODE_OPTIONS: `--require ${join(__dirname, 'collect-garbage.cjs')}` };

/**
 * The memory of a gateway after garbage collection, in bytes. Takes the minimum of several
 * attempts, because the gateway is working.
 */
export async function collectedHeap(gateway: GatewayProcess): Promise<number> {
  const attempts: number[] = [];
  for (let n = 0; n < 5; n++) attempts.push(await collected(gateway));
  return Math.min(...attempts);
}

async function collected(gateway: GatewayProcess): Promise<number> {
  const majors = (): Promise<number> => gateway.metric('nodejs_gc_duration_seconds_count{kind="major"}');
  const runs = await majors();
  await waitFor(async () => {
    process.kill(gateway.pid, 'SIGUSR2');
    return (await majors()) > runs;
  });
  const [used, external] = await Promise.all(
    ['nodejs_heap_size_used_bytes', 'nodejs_external_memory_bytes'].map((name) => gateway.metric(name)),
  );
  return used! + external!;
}
