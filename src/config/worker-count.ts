import { usableCpus } from '../common/cpu-limit.js';
import type { Environment } from './environment.js';

/** Returns how many processes `WORKERS` asks for on this machine. */
export function workerCount(
  { WORKERS }: Pick<Environment, 'WORKERS'>,
  cpus: () => number = usableCpus,
): number {
  return WORKERS === 'auto' ? cpus() : WORKERS;
}
