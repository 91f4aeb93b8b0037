import type { Timer } from './clock.js';
import type { FeedMessage } from './feed-message.js';
import type { MarketSimulator } from './market-simulator.js';
import { Schedule } from './schedule.js';

export interface SimulationOptions {
  /** Ticks per second. Each tick moves every product. */
  readonly ticksPerSecond: number;
  /** Ends the simulation before the next tick. */
  readonly signal?: AbortSignal;
  /** Called with the number of ticks that the publisher or the machine was too slow for. */
  readonly onSkipped?: (ticks: number) => void;
  readonly timer?: Timer;
}

/**
 * How far the simulation may fall behind before it skips ticks. A burst of old ticks would not be a
 * live feed.
 */
const MAX_BEHIND_MS = 1000;

/**
 * Yields the simulator's messages at a rate, until `signal` aborts. Ticks are counted against the
 * clock: at 400 a second, one wake-up yields the few ticks that are due, so late timers lose
 * nothing.
 */
export async function* simulatedFeed(
  simulator: Pick<MarketSimulator, 'tick'>,
  { ticksPerSecond, signal, onSkipped, timer }: SimulationOptions,
): AsyncGenerator<FeedMessage> {
  const tickMs = 1000 / ticksPerSecond;
  const maxBehind = Math.max(1, Math.ceil(MAX_BEHIND_MS / tickMs));
  const schedule = new Schedule(timer);
  for (let tick = 0; ; tick++) {
    const behind = Math.floor(schedule.elapsed() / tickMs) + 1 - tick;
    if (behind > maxBehind) {
      tick += behind - maxBehind;
      onSkipped?.(behind - maxBehind);
    }
    const at = tick * tickMs;
    await schedule.until(at, signal);
    if (signal?.aborted) return;
    for (const message of simulator.tick()) yield { ...message, at };
  }
}
