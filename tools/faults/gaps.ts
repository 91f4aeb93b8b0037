import type { Stage } from '../simulator/feed-message.js';
import type { Random } from '../simulator/random.js';

export interface GapTimes {
  /** The mean time between two gaps of a product, ms. */
  readonly everyMs: number;
  /** The mean duration of a gap, ms. */
  readonly forMs: number;
}

/** A product that pauses: its messages `from` a time `until` another are left out. */
interface Pause {
  readonly random: Random;
  from: number;
  until: number;
}

/** The number of products that can pause. The others of a recording do not. */
const MAX_PRODUCTS = 10_000;

/**
 * Each product pauses from time to time, independently of the others, and its messages are lost.
 * The times vary by half around their mean.
 */
export function gaps({ everyMs, forMs }: GapTimes, random: Random): Stage {
  const around = (source: Random, mean: number) => mean * source.between(0.5, 1.5);
  return async function* (messages) {
    const pauses = new Map<string, Pause>();
    const isPaused = (product: string, at: number): boolean => {
      let pause = pauses.get(product);
      if (!pause) {
        if (pauses.size === MAX_PRODUCTS) return false;
        pauses.set(product, (pause = { random: random.fork(product), from: 0, until: 0 }));
      }
      while (at >= pause.until) {
        pause.from = pause.until + around(pause.random, everyMs);
        pause.until = pause.from + around(pause.random, forMs);
      }
      return at >= pause.from;
    };
    for await (const message of messages) {
      const { product, at } = message;
      if (product === undefined || !isPaused(product, at)) yield message;
    }
  };
}
