import { keyOf, type MarketEvent, type MarketUpdate } from './market-update.js';

/** Keys kept; past it the oldest go, and their next update brings them up to date. */
const MAX_KEYS = 20_000;

/** What a connection brings that is not in use yet: the newest of each key. */
export class HandoverBuffer {
  private readonly newest = new Map<string, [MarketEvent, MarketUpdate]>();

  add(event: MarketEvent, update: MarketUpdate): void {
    const key = keyOf(event, update);
    this.newest.delete(key);
    this.newest.set(key, [event, update]);
    if (this.newest.size > MAX_KEYS) this.newest.delete(this.newest.keys().next().value!);
  }

  /** All of it; it is empty afterwards. */
  take(): [MarketEvent, MarketUpdate][] {
    const all = [...this.newest.values()];
    this.newest.clear();
    return all;
  }
}
