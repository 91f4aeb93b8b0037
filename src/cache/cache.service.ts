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
import { ConcurrencyLimit } from '../limits/concurrency-limit.js';
import { messageOf, RateLimitedLog } from '../logging/rate-limited-log.js';
import { GatewayMetrics } from '../metrics/gateway-metrics.js';
import { LatestMessages, type StoredUse, type Verdict } from './latest-messages.js';
import { LATEST_STORE, type LatestStore } from './latest-store.js';
import { WriteBehind } from './write-behind.js';

/** Keys of one MGET: a chain may weigh 100 KB, so this bounds a reply to a few MB. */
const READ_BATCH = 32;
/** Expiries tried, beside the keys without one, when a product's chains are in the store but not in memory. */
const MAX_GUESSED_EXPIRIES = 24;
/** Rooms looked up in the store at a time, and how many more may wait: a storm of clients asks for many at once. */
const MAX_LOOKUPS = 32;
const MAX_WAITING_LOOKUPS = 1_000;
const FIRST_REFRESH_RETRY_MS = 200;
/** How long a failed look-up is told of, where none came after it. */
const READ_PROBLEM_MS = 30_000;

type StoreOperation = 'read' | 'write' | 'refresh';

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
  private readonly fetching = new Map<string, Promise<boolean>>();
  private readonly lookups = new ConcurrencyLimit(MAX_LOOKUPS, MAX_WAITING_LOOKUPS);
  /** Operations whose last attempt failed, why and when. */
  private readonly problems = new Map<StoreOperation, { readonly text: string; readonly at: number }>();
  private readonly stopping = new AbortController();
  /** Calls of `refresh` and `hold`: a connection that flaps must not gather a retry loop each time. */
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
      // A store that takes writes is there to be read, too; a refresh that fails says itself when it does no more.
      onFlushed: () => {
        this.problems.delete('write');
        this.problems.delete('read');
      },
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
   * Never rejects; a store that cannot be read, or is asked for too much at once, leaves the asker to the live feed.
   */
  async fetch(address: RoomAddress, since: Snapshot): Promise<readonly MarketMessage[]> {
    await this.readRoom(address);
    return this.inMemory(address).filter(
      (message) => !this.latest.wasBroadcastSince(message.key, since.sequence),
    );
  }

  /**
   * The newest messages of a room, for one who need not be in it: from memory, else by the same shared read as `fetch`.
   * What was broadcast meanwhile is among them. Undefined where nothing is in memory and the store cannot be read, or is
   * asked for too much at once: it may know more. Never rejects.
   */
  async find(address: RoomAddress): Promise<readonly MarketMessage[] | undefined> {
    const known = this.inMemory(address);
    if (known.length > 0) return known;
    const read = await this.readRoom(address);
    const messages = this.inMemory(address);
    return read || messages.length > 0 ? messages : undefined;
  }

  /**
   * Brings memory up to date from the store, and hands each message that was news to `broadcast` in the turn it is
   * remembered. The first time it walks the keyspace, within bounds; later it reads the keys it knows. Retries until
   * it succeeds, a later call takes over, or the service stops. To be called when the feed is subscribed, so that nothing
   * falls in between.
   * @param afterMs is waited first; what comes live meanwhile is newer, and stays
   * @param rooms those with a member: what memory does not know of them may have come up during the outage
   */
  async refresh(
    broadcast: (message: MarketMessage) => void,
    afterMs = 0,
    rooms: () => readonly RoomAddress[] = () => [],
  ): Promise<void> {
    const turn = ++this.refreshes;
    const { signal } = this.stopping;
    if (afterMs > 0) await delay(afterMs, undefined, { signal, ref: false }).catch(() => undefined);
    for (let attempt = 1; turn === this.refreshes && !signal.aborted; attempt++) {
      try {
        await this.readAll(broadcast, rooms());
        this.problems.delete('refresh');
        this.problems.delete('read');
        if (turn === this.refreshes) this.writer.release();
        return;
      } catch (error) {
        this.storeFailed('refresh', error);
      }
      const wait = backoffMs(attempt, FIRST_REFRESH_RETRY_MS);
      await delay(wait, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /**
   * The feed is down: the worker may write newer messages to the store than memory has, which what waits to be written must
   * not overwrite. Nothing is written until the next refresh has brought memory up to date.
   */
  hold(): void {
    this.refreshes++;
    this.writer.hold();
  }

  /** Why the store does not do what is asked of it, in words; undefined while it does. The live feed needs none of it. */
  get problem(): string | undefined {
    for (const [operation, { text, at }] of this.problems) {
      // Writes and refreshes are tried again until they succeed; what nobody looks up any more says nothing of now.
      if (operation !== 'read' || performance.now() - at < READ_PROBLEM_MS) return `${operation}: ${text}`;
    }
    return undefined;
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

  /** One read of a room's keys, shared by all who ask meanwhile. False where they could not be read. */
  private async readRoom(address: RoomAddress): Promise<boolean> {
    const room = roomName(address);
    let reading = this.fetching.get(room);
    if (!reading) {
      reading = this.lookups.run(() => this.lookUp(address))?.finally(() => this.fetching.delete(room));
      if (!reading) {
        this.metrics.cacheReadsRefused.inc();
        return false;
      }
      this.fetching.set(room, reading);
    }
    return reading;
  }

  private async lookUp(address: RoomAddress): Promise<boolean> {
    this.metrics.cacheReads.inc();
    try {
      await this.read(this.keysOf(address), 'snapshot');
      this.problems.delete('read');
      return true;
    } catch (error) {
      this.storeFailed('read', error);
      return false;
    }
  }

  private async readAll(
    broadcast: (message: MarketMessage) => void,
    rooms: readonly RoomAddress[],
  ): Promise<void> {
    const started = performance.now();
    if (this.scanned) {
      const keys = new Set([
        ...this.latest.keys(),
        ...this.config.products.map(underlyingKey),
        ...rooms.flatMap((room) => this.keysOf(room)),
      ]);
      await this.read([...keys], 'refresh', broadcast);
    } else {
      const prefixes = [UNDERLYING_KEY_PREFIX, CHAIN_KEY_PREFIX];
      for await (const keys of this.store.scan(prefixes, this.config.cacheWarmMaxKeys)) {
        await this.read(keys, rooms.length > 0 ? 'refresh' : 'warm', broadcast);
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
    let problem: Error | undefined;
    for (let start = 0; start < keys.length; start += READ_BATCH) {
      const batch = keys.slice(start, start + READ_BATCH);
      const values = await this.store.read(batch);
      for (const [index, key] of batch.entries()) {
        const value = values[index] ?? null;
        if (value instanceof Error) problem = value;
        else this.take(key, value, use, broadcast);
      }
    }
    // What could be read is taken; the rest is for the next attempt.
    if (problem) throw problem;
  }

  private take(
    key: string,
    value: string | null,
    use: StoredUse,
    broadcast?: (message: MarketMessage) => void,
  ): void {
    const message = this.parse(key, value);
    if (message && this.latest.offerStored(message, use)) broadcast?.(message);
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

  private storeFailed(operation: StoreOperation, error: unknown): void {
    this.problems.set(operation, { text: messageOf(error), at: performance.now() });
    this.metrics.cacheErrors.inc({ operation });
    this.faults.warn(`store:${operation}`, 'cache_store_failed', { operation, problem: messageOf(error) });
  }
}

function asList<T>(item: T | undefined): T[] {
  return item === undefined ? [] : [item];
}
