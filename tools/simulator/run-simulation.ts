import type { FeedPublisher } from '../../src/feed/memory-feed.js';
import { realTimer, type Timer, TurnLimit } from './clock.js';
import type { MarketMessage, MarketSimulator } from './market-simulator.js';

export interface SimulationOptions {
  /** Ticks a second; each tick moves every product. */
  readonly ticksPerSecond: number;
  /** Ends the simulation after the message in hand. */
  readonly signal?: AbortSignal;
  /** Called with a tick's messages before they are published; the simulation waits for what it returns. */
  readonly onTick?: (messages: readonly MarketMessage[]) => Promise<void> | void;
  readonly timer?: Timer;
}

export interface SimulationTotals {
  readonly ticks: number;
  readonly messages: number;
  /** Ticks given up because the publisher or the machine could not keep up. */
  readonly skippedTicks: number;
}

/** How far the simulation may fall behind before it gives ticks up instead of bursting: a feed is live or it is nothing. */
const MAX_BEHIND_MS = 1000;

/**
 * Ticks the simulator at a rate and publishes what it says, until `signal` aborts. Ticks are counted against the clock:
 * at 400 a second a wake-up carries the few that have come due, and timers that fire late lose nothing.
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
