import type { Random } from './random.js';

/**
 * The result of an input. Either the gateway replied and the connection is still open, or the
 * gateway closed the connection, or the gateway waits for the rest and the lane gave up.
 */
export type Outcome = 'answered' | 'closed' | 'held';

/**
 * Tries inputs on the gateway one after the other. Keeps its connection for as long as the inputs
 * allow.
 */
export interface Lane {
  /** Resolves when the gateway has handled the input that `random` generates. */
  try(random: Random): Promise<Outcome>;
  close(): void | Promise<void>;
}
