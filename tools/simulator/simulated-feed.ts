import type { Timer } from './clock.js';
import type { FeedMessage } from './feed-message.js';
import type { MarketMessage } from './market-simulator.js';
import { Schedule } from './schedule.js';

/** What {@link simulatedFeed} plays. */
export interface TickSource {
  tick(): readonly MarketMessage[];
  /** How many times as many ticks are due as the options say. Default 1. May change with any tick. */
  readonly pace?: number;
}

export interface SimulationOptions {
  /** Ticks per second of a normal market. Each tick moves every product. */
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
  simulator: TickSource,
  { ticksPerSecond, signal, onSkipped, timer }: SimulationOptions,
): AsyncGenerator<FeedMessage> {
  const msPerTick = (): number => 1000 / (ticksPerSecond * (simulator.pace ?? 1));
  const schedule = new Schedule(timer);
  for (let at = 0; ; at += msPerTick()) {
    const tickMs = msPerTick();
    const maxBehind = Math.max(1, Math.ceil(MAX_BEHIND_MS / tickMs));
    const behind = Math.floor((schedule.elapsed() - at) / tickMs) + 1;
    if (behind > maxBehind) {
      at += (behind - maxBehind) * tickMs;
      onSkipped?.(behind - maxBehind);
    }
    await schedule.until(at, signal);
    if (signal?.aborted) return;
    for (const message of simulator.tick()) yield { ...message, at };
  }
}
