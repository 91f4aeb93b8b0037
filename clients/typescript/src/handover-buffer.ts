import { keyOf, type MarketEvent, type MarketUpdate } from './market-update.js';

/**
 * The maximum number of keys. Beyond it the oldest are dropped, and their next update brings them
 * up to date.
 */
const MAX_KEYS = 20_000;

/**
 * The updates from a connection that is not in use yet: the newest of each key, or every price for a
 * client that resumes.
 */
export class HandoverBuffer {
  private readonly newest = new Map<unknown, [MarketEvent, MarketUpdate]>();

  constructor(private readonly keepsPrices: boolean) {}

  add(event: MarketEvent, update: MarketUpdate): void {
    const key = this.keepsPrices && event === 'underlying_update' ? update : keyOf(event, update);
    this.newest.delete(key);
    this.newest.set(key, [event, update]);
    if (this.newest.size > MAX_KEYS) this.newest.delete(this.newest.keys().next().value);
  }

  /** Returns all updates, and empties the buffer. */
  take(): [MarketEvent, MarketUpdate][] {
    const all = [...this.newest.values()];
    this.newest.clear();
    return all;
  }
}
