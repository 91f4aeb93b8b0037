import type { FeedPublisher } from '../../src/feed/memory-feed.js';
import { realTimer, type Timer, TurnLimit } from './clock.js';
import type { MarketMessage, MarketSimulator } from './market-simulator.js';

export interface SimulationOptions {
  /** Ticks per second. Each tick moves every product. */
  readonly ticksPerSecond: number;
  /** Ends the simulation after the current message. */
  readonly signal?: AbortSignal;
  /**
   * Called with a tick's messages before they are published. The simulation waits for the returned
   * promise.
   */
  readonly onTick?: (messages: readonly MarketMessage[]) => Promise<void> | void;
  readonly timer?: Timer;
}

export interface SimulationTotals {
  readonly ticks: number;
  readonly messages: number;
  /** The number of ticks that were skipped because the publisher or the machine was too slow. */
  readonly skippedTicks: number;
}

/**
 * How far the simulation may fall behind before it skips ticks. A burst of old ticks would not be a
 * live feed.
 */
const MAX_BEHIND_MS = 1000;

/**
 * Runs the simulator at a rate and publishes its messages, until `signal` aborts. Ticks are counted
 * against the clock: at 400 a second, one wake-up publishes the few ticks that are due, so late
 * timers lose nothing.
 */
export async function runSimulation(
  simulator: Pick<MarketSimulator, 'tick'>,
  publisher: FeedPublisher,
  { ticksPerSecond, signal, onTick, timer = realTimer }: SimulationOptions,
): Promise<SimulationTotals> {
  const tickMs = 1000 / ticksPerSecond;
  const maxBehind = Math.max(1, Math.ceil(MAX_BEHIND_MS / tickMs));
  const start = timer.now();
  const turn = new TurnLimit(timer);
  let taken = 0;
  let messageCount = 0;
  let skippedTicks = 0;

  while (!signal?.aborted) {
    const now = timer.now();
    // The first tick is due at once.
    const due = Math.floor((now - start) / tickMs) + 1;
    const behind = due - taken - skippedTicks;
    if (behind <= 0) {
      const next = start + (taken + skippedTicks) * tickMs;
      await timer.sleep(Math.max(1, next - now), signal);
      turn.renew();
      continue;
    }
    if (behind > maxBehind) skippedTicks += behind - maxBehind;
    await turn.check(signal);
    const messages = simulator.tick();
    taken++;
    await onTick?.(messages);
    for (const { channel, data } of messages) {
      if (signal?.aborted) break;
      await publisher.publish(channel, data);
      messageCount++;
    }
  }
  return { ticks: taken, messages: messageCount, skippedTicks };
}
