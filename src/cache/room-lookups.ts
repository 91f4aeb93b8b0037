import { ConcurrencyLimit } from '../common/concurrency-limit.js';
import { baseRoom, type MarketAddress } from '../contract/index.js';
import { chainKey, underlyingKey } from '../feed/market-message.js';
import { inSpan } from '../tracing/in-span.js';
import type { CacheMetrics } from './cache.metrics.js';
import type { ChainFinder } from './chain-finder.js';
import type { LatestMessages } from './latest-messages.js';
import type { StoreReader } from './store-reader.js';

/** How many rooms are looked up in the store at a time. */
const MAX_LOOKUPS = 32;
/** How many more look-ups may wait. Clients that reconnect all at once request many rooms. */
const MAX_WAITING_LOOKUPS = 1_000;

export interface RoomLookupsOptions {
  readonly latest: LatestMessages;
  readonly reader: StoreReader;
  readonly chains: ChainFinder;
  readonly metrics: CacheMetrics;
  /** Of how many chains of a product the keys are known at most, in addition to the usual expiries. */
  readonly maxChains: number;
  /** Whether a refresh is over. Until then, it will find the chains of all products. */
  readonly isWarm: () => boolean;
}

/** Looks up rooms in the store. The calls for one room share one read. */
export class RoomLookups {
  private readonly running = new Map<string, Promise<boolean>>();
  private readonly limit = new ConcurrencyLimit(MAX_LOOKUPS, MAX_WAITING_LOOKUPS);

  constructor(private readonly options: RoomLookupsOptions) {}

  /** Reads the keys of a room into memory. Returns false if they could not be read. Never rejects. */
  async read(address: MarketAddress): Promise<boolean> {
    const room = baseRoom(address);
    let reading = this.running.get(room);
    if (!reading) {
      reading = this.limit
        .run(() => inSpan('read_room', () => this.readKeys(address)))
        ?.then((read) => this.searchChains(address, read))
        .finally(() => this.running.delete(room));
      if (!reading) {
        this.options.metrics.cacheReadsRefused.inc();
        return false;
      }
      this.running.set(room, reading);
    }
    return reading;
  }

  /** The keys that the messages of a room may have. */
  keysOf(address: MarketAddress): string[] {
    switch (address.type) {
      case 'general':
        return [];
      case 'product':
        return [underlyingKey(address.symbol)];
      case 'chain': {
        const { symbol, expiry } = address;
        if (expiry !== undefined) return [chainKey(symbol), chainKey(symbol, expiry)];
        const { latest, maxChains } = this.options;
        const { evicted } = latest.nearestChains(symbol, maxChains);
        const expiries = new Set([...latest.recentExpiries(), ...evicted]);
        return [chainKey(symbol), ...[...expiries].map((guess) => chainKey(symbol, guess))];
      }
    }
  }

  private readKeys(address: MarketAddress): Promise<boolean> {
    const { metrics, reader } = this.options;
    metrics.cacheReads.inc();
    return reader.attempt(this.keysOf(address), 'snapshot');
  }

  /**
   * Searches the store for the chains of a product if memory has none. A refresh would have found
   * them, unless they were stored after it, and published while the feed was lost.
   */
  private async searchChains(address: MarketAddress, read: boolean): Promise<boolean> {
    const { latest, chains, isWarm } = this.options;
    const isAll = address.type === 'chain' && address.expiry === undefined;
    if (!read || !isAll || !isWarm()) return read;
    if (latest.nearestChains(address.symbol, 1).live === 0) await chains.find(address.symbol);
    return true;
  }
}
