import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { backoffMs } from '../backoff.js';
import { GatewayConfig } from '../config/gateway-config.js';
import { roomName, type RoomAddress } from '../contract/index.js';
import {
  CHAIN_KEY_PREFIX,
  chainKey,
  UNDERLYING_KEY_PREFIX,
  underlyingKey,
  type MarketMessage,
} from '../feed/market-message.js';
import { parseCached, RejectedMessage } from '../feed/parse-message.js';
import { messageOf, RateLimitedLog } from '../logging/rate-limited-log.js';
import { GatewayMetrics } from '../metrics/gateway-metrics.js';
import { LatestMessages, type StoredUse, type Verdict } from './latest-messages.js';
import { LATEST_STORE, type LatestStore } from './latest-store.js';
import { WriteBehind } from './write-behind.js';

/** Keys of one MGET: a chain may weigh 100 KB, so this bounds a reply to a few MB. */
const READ_BATCH = 32;
/** Expiries tried, beside the keys without one, when a product's chains are in the store but not in memory. */
const MAX_GUESSED_EXPIRIES = 24;
const FIRST_REFRESH_RETRY_MS = 200;

/** What a room has to send to one who joins now. */
export interface Snapshot {
  readonly messages: readonly MarketMessage[];
  /** To be handed to {@link CacheService.fetch} when `messages` is empty. */
  readonly sequence: number;
}

/**
 * The newest message per product and per (product, expiry): in memory for snapshots and ordering, in the store's
 * `latest:*` keys so that late replicas start warm and other readers of the platform find them.
 */
@Injectable()
export class CacheService {
  private readonly latest: LatestMessages;
  private readonly writer: WriteBehind;
  private readonly faults: RateLimitedLog;
  private readonly fetching = new Map<string, Promise<void>>();
  private readonly stopping = new AbortController();
  /** Calls of `refresh`: a connection that flaps must not gather a retry loop each time. */
  private refreshes = 0;
  private scanned = false;

  constructor(
    private readonly config: GatewayConfig,
    @Inject(LATEST_STORE) private readonly store: LatestStore,
    private readonly metrics: GatewayMetrics,
    @InjectPinoLogger(CacheService.name) private readonly log: PinoLogger,
  ) {
    this.faults = new RateLimitedLog(log);
    this.latest = new LatestMessages({
      maxBytes: config.cacheMaxBytes,
      clockResetAfterMs: config.clockResetAfterMs,
      now: () => performance.now(),
      onEvict: () => metrics.cacheEvicted.inc(),
    });
    this.writer = new WriteBehind(store, {
      intervalMs: config.cacheWriteIntervalMs,
      ttlMs: config.cacheTtlMs,
      owner: randomUUID(),
      valueOf: (key) => this.latest.get(key)?.payload.text,
      onWritten: (entries) => metrics.cacheWrites.inc(entries),
      onError: (error) => this.storeFailed('write', error),
    });
    metrics.onScrape(() => {
      metrics.cacheEntries.set(this.latest.size);
      metrics.cacheBytes.set(this.latest.bytes);
    });
  }

  /**
   * Judges a live message against the newest of its key and remembers it unless it is older. The caller broadcasts
   * what is not `older` in the same turn.
   */
  remember(message: MarketMessage): Verdict {
    const verdict = this.latest.offerLive(message);
    if (verdict === 'older') return verdict;
    const { key } = message;
    this.writer.mark(key, key);
    if (message.kind === 'chain') this.writer.mark(chainKey(message.product), key);
    return verdict;
  }

  /** The newest messages of a room, from memory; chains nearest expiry first. Nobody asks for `general`'s. */
  snapshot(address: RoomAddress): Snapshot {
    return { messages: this.inMemory(address), sequence: this.latest.sequence };
  }

  /**
   * Looks an empty snapshot's room up in the store: one read, shared by all who ask for the room meanwhile.
   * Answers what the asker still needs: nothing that was broadcast to the room since its snapshot was taken.
   * Never rejects; a store that cannot be read leaves the asker to the live feed.
   */
  async fetch(address: RoomAddress, since: Snapshot): Promise<readonly MarketMessage[]> {
    const room = roomName(address);
    let reading = this.fetching.get(room);
    if (!reading) {
      this.metrics.cacheReads.inc();
      reading = this.read(this.keysOf(address), 'snapshot')
        .catch((error: unknown) => this.storeFailed('read', error))
        .finally(() => this.fetching.delete(room));
      this.fetching.set(room, reading);
    }
    await reading;
    return this.inMemory(address).filter(
      (message) => !this.latest.wasBroadcastSince(message.key, since.sequence),
    );
  }

  /**
   * Brings memory up to date from the store, and hands each message that was news to `broadcast` in the turn it is
   * remembered. The first time it walks the keyspace, within bounds; later it reads the keys it knows. Retries until
   * it succeeds, a later call takes over, or the service stops. To be called when the feed is subscribed, so that nothing
   * falls in between.
   */
  async refresh(broadcast: (message: MarketMessage) => void): Promise<void> {
    const turn = ++this.refreshes;
    const { signal } = this.stopping;
    for (let attempt = 1; turn === this.refreshes && !signal.aborted; attempt++) {
      try {
        await this.readAll(broadcast);
        return;
      } catch (error) {
        this.storeFailed('refresh', error);
      }
      const wait = backoffMs(attempt, FIRST_REFRESH_RETRY_MS);
      await delay(wait, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** The configured products and every other one seen on the feed or in the store. */
  products(): string[] {
    return [...new Set([...this.config.products, ...this.latest.products()])];
  }

  /** Writes what the store still lacks. To be called when the feed has stopped. Never rejects. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.writer.stop();
  }

  private inMemory(address: RoomAddress): readonly MarketMessage[] {
    switch (address.type) {
      case 'general':
        return [];
      case 'product':
        return asList(this.latest.get(underlyingKey(address.symbol)));
      case 'chain':
        return address.expiry === undefined
          ? this.latest.liveChains(address.symbol)
          : asList(this.latest.get(chainKey(address.symbol, address.expiry)));
    }
  }

  private keysOf(address: RoomAddress): string[] {
    switch (address.type) {
      case 'general':
        return [];
      case 'product':
        return [underlyingKey(address.symbol)];
      case 'chain': {
        const expiries =
          address.expiry === undefined
            ? this.latest.allExpiries().slice(-MAX_GUESSED_EXPIRIES)
            : [address.expiry];
        return [chainKey(address.symbol), ...expiries.map((expiry) => chainKey(address.symbol, expiry))];
      }
    }
  }

  private async readAll(broadcast: (message: MarketMessage) => void): Promise<void> {
    const started = performance.now();
    if (this.scanned) {
      await this.read(this.latest.keys(), 'refresh', broadcast);
    } else {
      const prefixes = [UNDERLYING_KEY_PREFIX, CHAIN_KEY_PREFIX];
      for await (const keys of this.store.scan(prefixes, this.config.cacheWarmMaxKeys)) {
        await this.read(keys, 'warm', broadcast);
      }
      this.scanned = true;
    }
    this.log.info(
      { entries: this.latest.size, ms: Math.round(performance.now() - started) },
      'cache_refreshed',
    );
  }

  private async read(
    keys: readonly string[],
    use: StoredUse,
    broadcast?: (message: MarketMessage) => void,
  ): Promise<void> {
    for (let start = 0; start < keys.length; start += READ_BATCH) {
      const batch = keys.slice(start, start + READ_BATCH);
      const values = await this.store.read(batch);
      for (const [index, key] of batch.entries()) {
        const message = this.parse(key, values[index] ?? null);
        if (message && this.latest.offerStored(message, use)) broadcast?.(message);
      }
    }
  }

  private parse(key: string, value: string | null): MarketMessage | undefined {
    if (value === null) return undefined;
    try {
      return parseCached(key, value, this.config.maxFeedMessageBytes);
    } catch (error) {
      if (!(error instanceof RejectedMessage)) throw error;
      this.metrics.cacheUnreadable.inc({ reason: error.reason });
      this.faults.warn(`unreadable:${error.reason}`, 'cache_entry_unreadable', {
        key,
        problem: error.message,
      });
      return undefined;
    }
  }

  private storeFailed(operation: 'read' | 'write' | 'refresh', error: unknown): void {
    this.metrics.cacheErrors.inc({ operation });
    this.faults.warn(`store:${operation}`, 'cache_store_failed', { operation, problem: messageOf(error) });
  }
}

function asList<T>(item: T | undefined): T[] {
  return item === undefined ? [] : [item];
}
