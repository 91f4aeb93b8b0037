import type { Random } from './random.js';

/**
 * What became of an input: something came back and the connection stands; the gateway closed the connection; or the gateway
 * waits for the rest, and the lane gave up.
 */
export type Outcome = 'answered' | 'closed' | 'held';

/** One after the other, it tries inputs on the gateway. Keeps its connection for as long as the inputs let it. */
export interface Lane {
  /** Ends when the gateway has dealt with the input that `random` makes. */
  try(random: Random): Promise<Outcome>;
  close(): void | Promise<void>;
}
