import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { backoffMs } from '../common/backoff.js';
import { GatewayConfig } from '../config/gateway-config.js';
import { roomName, type RoomAddress } from '../contract/index.js';
import {
  CHAIN_KEY_PREFIX,
  chainKey,
  UNDERLYING_KEY_PREFIX,
  underlyingKey,
  type MarketMessage,
} from '../feed/market-message.js';
import { parseCached, FeedMessageError } from '../feed/parse-message.js';
import { CLOCK, type Clock, delay } from '../common/clock.js';
import { ConcurrencyLimit } from '../common/concurrency-limit.js';
import { messageOf } from '../common/message-of.js';
import { RateLimitedLog } from '../logging/rate-limited-log.js';
import { CacheMetrics } from './cache.metrics.js';
import { LatestMessages, type StoredMessage, type StoredUse, type Verdict } from './latest-messages.js';
import { LATEST_STORE, type LatestStore } from './latest-store.js';
import { WriteBehind } from './write-behind.js';

/** Keys of one MGET: a chain may weigh 100 KB, so this bounds a reply to a few MB. */
const READ_BATCH = 32;
/** Rooms looked up in the store at a time, and how many more may wait: a storm of clients asks for many at once. */
const MAX_LOOKUPS = 32;
const MAX_WAITING_LOOKUPS = 1_000;
const FIRST_REFRESH_RETRY_MS = 200;
/**
 * When a refresh looks again, in write intervals: the replica that writes may have held a message back when the first look was
 * taken, at most for an interval, or may have died, so that another one writes once its lease has expired.
 */
const LOOK_AGAIN_AFTER_INTERVALS = [1.5, 4.5] as const;
/** Keys watched because the store was found to hold newer values; those beyond it wait for their next message. */
const MAX_NEWER_KEYS = 10_000;
/** Keys of rooms that a refresh reads though its walk has not found them, because it may have been cut short. */
const MAX_ROOM_KEYS = 10_000;
/** How long a failed look-up is told of, where none came after it. */
const READ_PROBLEM_MS = 30_000;

/** Sends a message to its rooms. */
type Broadcast = (message: MarketMessage) => void;

type StoreOperation = 'read' | 'write' | 'refresh';

/** What a room has to send to one who joins now. */
export interface Snapshot {
  readonly messages: readonly MarketMessage[];
  /** Whether memory has all it ever knew of the room: if not, {@link CacheService.fetch} may find more. */
  readonly complete: boolean;
  /** To be handed to {@link CacheService.fetch}. */
  readonly sequence: number;
}

/**
 * The newest message per product and per (product, expiry): in memory for snapshots and ordering, in the store's
 * `latest:*` keys so that late replicas start warm and other readers of the platform find them.
 */
@Injectable()
export class CacheService implements OnModuleInit {
  private readonly latest: LatestMessages;
  private readonly writer: WriteBehind;
  private readonly fetching = new Map<string, Promise<boolean>>();
  private readonly lookups = new ConcurrencyLimit(MAX_LOOKUPS, MAX_WAITING_LOOKUPS);
  /** Operations whose last attempt failed, why and when. */
  private readonly problems = new Map<StoreOperation, { readonly text: string; readonly at: number }>();
  private readonly stopping = new AbortController();
  /** Calls of `refresh` and `hold`: a connection that flaps must not gather a retry loop each time. */
  private refreshes = 0;
  /** Whether it was ever brought up to date from the store. */
  private warm = false;
  /** Of the last refresh: sends to the rooms what was news. */
  private broadcast: Broadcast = () => undefined;
  /** Keys of which the store was found to hold newer values, and that are watched for their live message. */
  private newerKeys = 0;

  constructor(
    private readonly config: GatewayConfig,
    @Inject(LATEST_STORE) private readonly store: LatestStore,
    private readonly metrics: CacheMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly faults: RateLimitedLog,
    @InjectPinoLogger(CacheService.name) private readonly log: PinoLogger,
  ) {
    this.latest = new LatestMessages({
      maxBytes: config.cacheMaxBytes,
      clockResetAfterMs: config.clockResetAfterMs,
      wallNow: () => clock.wallNow(),
      onEvict: () => metrics.cacheEvicted.inc(),
    });
    this.writer = new WriteBehind(store, {
      clock,
      intervalMs: config.cacheWriteIntervalMs,
      ttlMs: config.cacheTtlMs,
      owner: randomUUID(),
      valueOf: (key) => {
        const message = this.latest.get(key);
        return message && { text: message.payload.text, time: message.time };
      },
      compare: (key, value, source) => {
        const message = this.parse(key, value);
        // What no reader can use is no loss.
        return message ? this.latest.compareStored(source, { message, short: isShort(value) }) : -1;
      },
      onWritten: (entries) => metrics.cacheWrites.inc(entries),
      onNewer: (keys) => this.storeIsNewer(keys),
      // A store that takes writes is there to be read, too; a refresh that fails says itself when it does no more.
      onFlushed: () => {
        this.problems.delete('write');
        this.problems.delete('read');
      },
      onError: (error) => this.storeFailed('write', error),
    });
  }

  onModuleInit(): void {
    this.metrics.onScrape(() => {
      this.metrics.cacheEntries.set(this.latest.size);
      this.metrics.cacheBytes.set(this.latest.bytes);
    });
  }

  /**
   * Judges a live message against the newest of its key and remembers it if it is news. The caller broadcasts what is `newest` or
   * `rebased` in the same turn.
   */
  remember(message: MarketMessage): Verdict {
    const verdict = this.latest.offerLive(message);
    if (verdict === 'older' || verdict === 'repeated') return verdict;
    const { key } = message;
    this.writer.mark(key, key);
    if (message.kind === 'chain') this.writer.mark(chainKey(message.product), key);
    return verdict;
  }

  /** The newest messages of a room, from memory; chains nearest expiry first. Nobody asks for `general`'s. */
  snapshot(address: RoomAddress): Snapshot {
    return this.nearest(address, Infinity);
  }

  /** As {@link snapshot}, with the `most` nearest of a product's chains; `known` is how many updates of the room there are. */
  nearest(address: RoomAddress, most: number): Snapshot & { readonly known: number } {
    const { sequence } = this.latest;
    if (address.type === 'chain' && address.expiry === undefined) {
      const { messages, evicted, live } = this.latest.nearestChains(address.symbol, most);
      return { messages, complete: messages.length > 0 && evicted.length === 0, sequence, known: live };
    }
    const messages = this.inMemory(address);
    return { messages, complete: messages.length > 0, sequence, known: messages.length };
  }

  /** Whether the product is configured, or a message of it is held. */
  knows(product: string): boolean {
    return this.latest.knows(product) || this.config.products.includes(product);
  }

  /** Another number each time that {@link products} has changed. */
  get productsVersion(): number {
    return this.latest.productsVersion;
  }

  /**
   * Looks the room of an incomplete snapshot up in the store: one read, shared by all who ask for the room meanwhile.
   * Answers what the asker still needs: nothing that its snapshot had, or that was broadcast to the room since then.
   * Never rejects; a store that cannot be read, or is asked for too much at once, leaves the asker to the live feed.
   */
  async fetch(address: RoomAddress, since: Snapshot, most = Infinity): Promise<readonly MarketMessage[]> {
    await this.readRoom(address);
    const had = new Set(since.messages);
    return this.nearest(address, most).messages.filter(
      (message) => !had.has(message) && !this.latest.wasBroadcastSince(message.key, since.sequence),
    );
  }

  /**
   * The newest messages of a room, for one who need not be in it: from memory, else by the same shared read as `fetch`.
   * What was broadcast meanwhile is among them. Undefined where nothing is in memory and the store cannot be read, or is
   * asked for too much at once: it may know more. Never rejects.
   */
  async find(address: RoomAddress): Promise<readonly MarketMessage[] | undefined> {
    const { messages: known, complete } = this.snapshot(address);
    if (complete) return known;
    const read = await this.readRoom(address);
    const messages = this.inMemory(address);
    return read || messages.length > 0 ? messages : undefined;
  }

  /**
   * Brings memory up to date from the store by one walk of the keyspace, within bounds, and hands each message that was news to
   * `broadcast` in the turn in which it is remembered. Retries until it succeeds, a later call takes over, or the service stops. To
   * be called when the feed is subscribed, so that nothing falls in between. What the replica that writes may have held back at
   * that time is looked for twice more, later.
   * @param afterMs is waited first; what comes live meanwhile is newer, and stays
   * @param rooms those with a member: who is in them must be told the news
   */
  async refresh(
    broadcast: Broadcast,
    afterMs = 0,
    rooms: () => readonly RoomAddress[] = () => [],
  ): Promise<void> {
    const turn = ++this.refreshes;
    const { sequence } = this.latest;
    this.broadcast = broadcast;
    await this.readUntilDone(turn, afterMs, () => this.readAll(rooms(), sequence));
    if (turn !== this.refreshes) return;
    this.writer.release();
    void this.lookAgain(turn, rooms, sequence);
  }

  /** @param sequence the last broadcast before the feed was up: what was heard after it is newer than the store */
  private async lookAgain(
    turn: number,
    rooms: () => readonly RoomAddress[],
    sequence: number,
  ): Promise<void> {
    let waited = 0;
    for (const intervals of LOOK_AGAIN_AFTER_INTERVALS) {
      const wait = (intervals - waited) * this.config.cacheWriteIntervalMs;
      waited = intervals;
      await this.readUntilDone(turn, wait, () => this.readAll(rooms(), sequence));
    }
  }

  /** Waits for `afterMs`, and then tries `read` until it succeeds, another refresh or a loss of the feed takes over, or the service stops. */
  private async readUntilDone(turn: number, afterMs: number, read: () => Promise<void>): Promise<void> {
    const { signal } = this.stopping;
    const wait = (ms: number) => delay(this.clock, ms, signal);
    if (afterMs > 0) await wait(afterMs);
    for (let attempt = 1; turn === this.refreshes && !signal.aborted; attempt++) {
      try {
        await read();
        this.problems.delete('refresh');
        this.problems.delete('read');
        return;
      } catch (error) {
        this.storeFailed('refresh', error);
      }
      await wait(backoffMs(attempt, FIRST_REFRESH_RETRY_MS));
    }
  }

  /**
   * The store holds newer values than memory. Usually they were written a moment before they are published; a key of which nothing
   * was heard for an interval after that missed its update, and takes it from the store.
   */
  private storeIsNewer(keys: readonly string[]): void {
    const { sequence } = this.latest;
    const watched = keys.slice(0, MAX_NEWER_KEYS - this.newerKeys);
    this.newerKeys += watched.length;
    void this.readUntilDone(this.refreshes, this.config.cacheWriteIntervalMs, () => {
      const missed = watched.filter((key) => !this.latest.wasHeardSince(key, sequence));
      return this.read(missed, 'refresh', this.broadcast);
    }).finally(() => (this.newerKeys -= watched.length));
  }

  /**
   * The feed is down: the worker may write newer messages to the store than memory has, which what waits to be written must
   * not overwrite. Nothing is written until the next refresh has brought memory up to date.
   */
  suspendWrites(): void {
    this.refreshes++;
    this.writer.hold();
  }

  /** Why the store does not do what is asked of it, in words; undefined while it does. The live feed needs none of it. */
  get problem(): string | undefined {
    for (const [operation, { text, at }] of this.problems) {
      // Writes and refreshes are tried again until they succeed; what nobody looks up any more says nothing of now.
      if (operation !== 'read' || this.clock.now() - at < READ_PROBLEM_MS) return `${operation}: ${text}`;
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
        const { symbol, expiry } = address;
        if (expiry !== undefined) return [chainKey(symbol), chainKey(symbol, expiry)];
        const { evicted } = this.latest.nearestChains(symbol, this.config.maxChainsPerSnapshot);
        const expiries = new Set([...this.latest.recentExpiries(), ...evicted]);
        return [chainKey(symbol), ...[...expiries].map((guess) => chainKey(symbol, guess))];
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

  /** Reads every key of the store's that was not heard after `sequence`. */
  private async readAll(rooms: readonly RoomAddress[], sequence: number): Promise<void> {
    const started = this.clock.now();
    const use = this.warm || rooms.length > 0 ? 'refresh' : 'warm';
    const prefixes = [UNDERLYING_KEY_PREFIX, CHAIN_KEY_PREFIX];
    const walked = new Set<string>();
    const readNew = async (keys: readonly string[]): Promise<void> => {
      const wanted = keys.filter((key) => !walked.has(key) && !this.latest.wasHeardSince(key, sequence));
      for (const key of wanted) walked.add(key);
      await this.read(wanted, use, this.broadcast);
    };
    for await (const keys of this.store.scan(prefixes, this.config.cacheWarmMaxKeys)) await readNew(keys);
    // The walk may have been too short for these. A few at a time: there may be thousands of rooms with many keys each.
    let keys: string[] = [];
    for (const key of this.worthALook(rooms)) {
      if (keys.push(key) < READ_BATCH) continue;
      await readNew(keys);
      keys = [];
    }
    await readNew(keys);
    this.warm = true;
    this.log.info(
      { entries: this.latest.size, ms: Math.round(this.clock.now() - started) },
      'cache_refreshed',
    );
  }

  private *worthALook(rooms: readonly RoomAddress[]): Generator<string> {
    yield* this.latest.keys();
    yield* this.config.products.map(underlyingKey);
    let left = MAX_ROOM_KEYS;
    for (const room of rooms) {
      const keys = this.keysOf(room);
      left -= keys.length;
      if (left < 0) return;
      yield* keys;
    }
  }

  private async read(keys: readonly string[], use: StoredUse, broadcast?: Broadcast): Promise<void> {
    let problem: Error | undefined;
    for (let start = 0; start < keys.length; start += READ_BATCH) {
      const batch = keys.slice(start, start + READ_BATCH);
      const since = this.latest.sequence;
      const values = await this.store.read(batch);
      for (const [index, key] of batch.entries()) {
        const value = values[index] ?? null;
        if (value instanceof Error) {
          problem = value;
          continue;
        }
        const message = value === null ? undefined : this.parse(key, value);
        if (!message) continue;
        const stored: StoredMessage = { message, short: isShort(value!), since };
        if (this.latest.offerStored(stored, use)) broadcast?.(message);
      }
    }
    // What could be read is taken; the rest is for the next attempt.
    if (problem) throw problem;
  }

  private parse(key: string, value: string): MarketMessage | undefined {
    try {
      return parseCached(key, value, this.config.feedRules);
    } catch (error) {
      if (!(error instanceof FeedMessageError)) throw error;
      this.metrics.cacheUnreadable.inc({ reason: error.reason });
      this.faults.warn(`unreadable:${error.reason}`, 'cache_entry_unreadable', {
        key,
        problem: error.message,
      });
      return undefined;
    }
  }

  private storeFailed(operation: StoreOperation, error: unknown): void {
    this.problems.set(operation, { text: messageOf(error), at: this.clock.now() });
    this.metrics.cacheErrors.inc({ operation });
    this.faults.warn(`store:${operation}`, 'cache_store_failed', { operation, problem: messageOf(error) });
  }
}

/** Whether it is the worker's `{price, timestamp}`. */
function isShort(value: string): boolean {
  return !value.includes('"processed_at"') && !value.includes('"expiry"');
}

function asList<T>(item: T | undefined): T[] {
  return item === undefined ? [] : [item];
}
