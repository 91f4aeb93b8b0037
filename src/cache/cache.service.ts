import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { backoffMs } from '../common/backoff.js';
import { GatewayConfig } from '../config/gateway-config.js';
import type { MarketAddress } from '../contract/index.js';
import {
  CHAIN_KEY_PREFIX,
  chainKey,
  UNDERLYING_KEY_PREFIX,
  underlyingKey,
  type MarketMessage,
} from '../feed/market-message.js';
import { CLOCK, type Clock, delay } from '../common/clock.js';
import { RateLimitedLog } from '../logging/rate-limited-log.js';
import { ChainFinder } from './chain-finder.js';
import { CacheMetrics } from './cache.metrics.js';
import { LatestMessages, type Verdict } from './latest-messages.js';
import { LATEST_STORE, type LatestStore } from './latest-store.js';
import { RoomLookups } from './room-lookups.js';
import { StoreProblems } from './store-problems.js';
import { type Broadcast, READ_BATCH, StoreReader } from './store-reader.js';
import { WriteBehind } from './write-behind.js';

const FIRST_REFRESH_RETRY_MS = 200;
/**
 * When a refresh reads the store again, in write intervals after its first read. The first extra
 * read finds messages that the writing replica had not written yet: it writes once per interval.
 * The second one finds messages of a writer that died: another replica writes them once the lease
 * has expired.
 */
const LOOK_AGAIN_AFTER_INTERVALS = [1.5, 4.5] as const;
/**
 * How many keys with a newer value in the store are watched. Others wait for their next message.
 */
const MAX_NEWER_KEYS = 10_000;
/** How many keys of occupied rooms a refresh reads in addition to those that its scan found. */
const MAX_ROOM_KEYS = 10_000;

/** The messages that a client receives when it joins a room. */
export interface Snapshot {
  readonly messages: readonly MarketMessage[];
  /**
   * False if messages of the room may be missing from memory: {@link CacheService.fetch} may find
   * them.
   */
  readonly complete: boolean;
  /**
   * Sequence number of the last broadcast before the snapshot; {@link CacheService.fetch} needs it.
   */
  readonly sequence: number;
}

/**
 * Keeps the newest message per product and per (product, expiry). The copy in memory serves
 * snapshots and decides the order of messages. The copy under the store's `latest:*` keys lets new
 * replicas start with data, and serves the platform's other readers.
 */
@Injectable()
export class CacheService implements OnModuleInit {
  private readonly latest: LatestMessages;
  private readonly writer: WriteBehind;
  private readonly problems: StoreProblems;
  private readonly reader: StoreReader;
  private readonly stopping = new AbortController();
  private readonly chains: ChainFinder;
  private readonly lookups: RoomLookups;
  /**
   * Counts the calls of `refresh` and `suspendWrites`. A refresh stops when this number changes, so
   * that a flapping connection does not accumulate retry loops.
   */
  private refreshes = 0;
  /** Whether a refresh has ever read the whole store. */
  private warm = false;
  /**
   * The function that the last call of `refresh` passed: it broadcasts messages found in the store.
   */
  private broadcast: Broadcast = () => undefined;
  /** How many keys with a newer value in the store are being watched for their live message. */
  private newerKeys = 0;

  constructor(
    private readonly config: GatewayConfig,
    @Inject(LATEST_STORE) private readonly store: LatestStore,
    private readonly metrics: CacheMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    faults: RateLimitedLog,
    @InjectPinoLogger(CacheService.name) private readonly log: PinoLogger,
  ) {
    this.problems = new StoreProblems(clock, metrics, faults);
    this.latest = new LatestMessages({
      maxBytes: config.cacheMaxBytes,
      clockResetAfterMs: config.clockResetAfterMs,
      wallNow: () => clock.wallNow(),
      onEvict: () => metrics.cacheEvicted.inc(),
    });
    this.reader = new StoreReader({
      store,
      latest: this.latest,
      rules: config.feedRules,
      problems: this.problems,
      metrics,
      faults,
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
        const stored = this.reader.parse(key, value);
        // A stored value that cannot be parsed is of no use to any reader, so it may be replaced.
        return stored ? this.latest.compareStored(source, stored) : -1;
      },
      onWritten: (entries) => metrics.cacheWrites.inc(entries),
      onNewer: (keys) => this.storeIsNewer(keys),
      // A store that accepts writes can be read as well. A refresh that failed keeps retrying and
      // clears its own problem.
      onFlushed: () => {
        this.problems.solved('write');
        this.problems.solved('read');
      },
      onError: (error) => this.problems.failed('write', error),
    });
    this.chains = new ChainFinder({
      clock,
      store,
      maxExamined: config.cacheWarmMaxKeys,
      signal: this.stopping.signal,
      deliver: async (keys) => void (await this.reader.attempt(keys, 'refresh', this.broadcast)),
      onSearch: () => metrics.cacheSearches.inc(),
      onRefused: () => metrics.cacheReadsRefused.inc(),
      onError: (error) => this.problems.failed('read', error),
    });
    this.lookups = new RoomLookups({
      latest: this.latest,
      reader: this.reader,
      chains: this.chains,
      metrics,
      maxChains: config.maxChainsPerSnapshot,
      isWarm: () => this.warm,
    });
  }

  onModuleInit(): void {
    this.metrics.onScrape(() => {
      this.metrics.cacheEntries.set(this.latest.size);
      this.metrics.cacheBytes.set(this.latest.bytes);
    });
  }

  /**
   * Compares a live message with the newest one of its key, and stores it if it is newer. The
   * caller must broadcast a message that is `newest` or `rebased` in the same turn of the event
   * loop.
   */
  remember(message: MarketMessage): Verdict {
    const verdict = this.latest.offerLive(message);
    if (verdict === 'older' || verdict === 'repeated') return verdict;
    const { key } = message;
    this.writer.mark(key, key);
    if (message.kind === 'chain') this.writer.mark(chainKey(message.product), key);
    return verdict;
  }

  /** Whether a message was read from the store a moment ago, perhaps before it is published. */
  awaitsBroadcast(message: MarketMessage): boolean {
    return this.latest.awaitsBroadcast(message);
  }

  /** Notes that a client was sent such a message as a snapshot. */
  serve(message: MarketMessage, client: string): void {
    this.latest.serve(message, client);
  }

  /**
   * The clients that have a message already, because it was read from the store and sent to them
   * before it was published. Call it for each broadcast, which they do not need.
   */
  takeServed({ key }: MarketMessage): ReadonlySet<string> | undefined {
    return this.latest.takeServed(key);
  }

  /** Whether a client has the newest message of a key, which is not published yet. */
  wasServed(key: string, client: string): boolean {
    return this.latest.wasServed(key, client);
  }

  /**
   * The newest messages of a room, from memory. Chains are sorted by expiry, nearest first. The
   * `general` room has no snapshot: the result is empty.
   */
  snapshot(address: MarketAddress): Snapshot {
    return this.nearest(address, Infinity);
  }

  /**
   * Like {@link snapshot}, but with at most the `most` nearest chains of a product. `known` is how
   * many messages the room has in total.
   */
  nearest(address: MarketAddress, most: number): Snapshot & { readonly known: number } {
    const { sequence } = this.latest;
    if (address.type === 'chain' && address.expiry === undefined) {
      const { messages, evicted, live } = this.latest.nearestChains(address.symbol, most);
      return { messages, complete: messages.length > 0 && evicted.length === 0, sequence, known: live };
    }
    const messages = this.inMemory(address);
    return { messages, complete: messages.length > 0, sequence, known: messages.length };
  }

  /**
   * The expiries of a product that have not passed and of which a chain is in memory, or was until
   * it was evicted, nearest first.
   */
  expiries(product: string): readonly string[] {
    return this.latest.liveExpiries(product);
  }

  /** Whether there is anything to send to a client that subscribes. */
  get holdsMessages(): boolean {
    return this.latest.size > 0;
  }

  /** Whether the product is configured, or a message of it is held. */
  knows(product: string): boolean {
    return this.latest.knows(product) || this.config.products.includes(product);
  }

  /** A number that changes each time {@link products} changes. */
  get productsVersion(): number {
    return this.latest.productsVersion;
  }

  /**
   * Looks up the room of an incomplete snapshot in the store. Concurrent calls for one room share
   * one read. Returns only messages that the caller still needs: neither those of its snapshot, nor
   * those that were broadcast to the room since then. Never rejects. The result is empty if the
   * store cannot be read or too many look-ups are waiting; the client then waits for the live feed.
   */
  async fetch(address: MarketAddress, since: Snapshot, most = Infinity): Promise<readonly MarketMessage[]> {
    await this.lookups.read(address);
    const had = new Set(since.messages);
    return this.nearest(address, most).messages.filter(
      (message) => !had.has(message) && !this.latest.wasBroadcastSince(message.key, since.sequence),
    );
  }

  /**
   * The newest messages of a room, for a client that may not have joined it. They come from memory,
   * or through the same shared read as `fetch`, and include messages broadcast during that read.
   * Returns undefined if memory has nothing and the store cannot be read or too many look-ups are
   * waiting, because the store may have messages. Never rejects.
   */
  async find(address: MarketAddress): Promise<readonly MarketMessage[] | undefined> {
    const { messages: known, complete } = this.snapshot(address);
    if (complete) return known;
    const read = await this.lookups.read(address);
    const messages = this.inMemory(address);
    return read || messages.length > 0 ? messages : undefined;
  }

  /**
   * Brings memory up to date from the store with one bounded scan of the keyspace. Each newer
   * message is passed to `broadcast` in the same turn in which it enters memory. Retries until the
   * scan succeeds, a later call takes over, or the service stops. Call it once the feed is
   * subscribed: then each message arrives either through the feed or through the store. The store
   * is read twice more later, for messages that the writing replica had not written yet.
   * @param afterMs how long to wait first; live messages that arrive meanwhile are newer, and stay
   * @param rooms the rooms that have members: their keys are read even if the scan is cut short
   */
  async refresh(
    broadcast: Broadcast,
    afterMs = 0,
    rooms: () => readonly MarketAddress[] = () => [],
  ): Promise<void> {
    const turn = ++this.refreshes;
    const { sequence } = this.latest;
    this.broadcast = broadcast;
    await this.readUntilDone(turn, afterMs, () => this.readAll(rooms(), sequence));
    if (turn !== this.refreshes) return;
    this.writer.release();
    this.chains.endRest();
    void this.lookAgain(turn, rooms, sequence);
  }

  /**
   * @param sequence the last broadcast before the feed was up. Keys with a live message after it
   *   are not read again, because memory is newer than the store.
   */
  private async lookAgain(
    turn: number,
    rooms: () => readonly MarketAddress[],
    sequence: number,
  ): Promise<void> {
    let waited = 0;
    for (const intervals of LOOK_AGAIN_AFTER_INTERVALS) {
      const wait = (intervals - waited) * this.config.cacheWriteIntervalMs;
      waited = intervals;
      await this.readUntilDone(turn, wait, () => this.readAll(rooms(), sequence));
    }
  }

  /**
   * Waits for `afterMs`, and then retries `read` until it succeeds, another refresh starts, the
   * feed is lost, or the service stops.
   */
  private async readUntilDone(turn: number, afterMs: number, read: () => Promise<void>): Promise<void> {
    const { signal } = this.stopping;
    const wait = (ms: number) => delay(this.clock, ms, signal);
    if (afterMs > 0) await wait(afterMs);
    for (let attempt = 1; turn === this.refreshes && !signal.aborted; attempt++) {
      try {
        await read();
        this.problems.solved('refresh');
        this.problems.solved('read');
        return;
      } catch (error) {
        this.problems.failed('refresh', error);
      }
      await wait(backoffMs(attempt, FIRST_REFRESH_RETRY_MS));
    }
  }

  /**
   * Handles keys for which the store holds a newer value than memory. Usually the worker has
   * written the value and publishes it a moment later. If a key gets no live message within one
   * write interval, this replica missed the update, and reads it from the store.
   */
  private storeIsNewer(keys: readonly string[]): void {
    const { sequence } = this.latest;
    const watched = keys.slice(0, MAX_NEWER_KEYS - this.newerKeys);
    this.newerKeys += watched.length;
    void this.readUntilDone(this.refreshes, this.config.cacheWriteIntervalMs, () => {
      const missed = watched.filter((key) => !this.latest.wasHeardSince(key, sequence));
      return this.reader.read(missed, 'refresh', this.broadcast);
    }).finally(() => (this.newerKeys -= watched.length));
  }

  /**
   * Stops writing to the store until the next refresh has brought memory up to date. Call it when
   * the feed is down: the worker may write messages that this replica misses, and a write from
   * memory must not overwrite them.
   */
  suspendWrites(): void {
    this.refreshes++;
    this.writer.hold();
  }

  /**
   * The last error of the store, in words; undefined while the store works. The live feed does not
   * depend on the store.
   */
  get problem(): string | undefined {
    return this.problems.current;
  }

  /** Whether this replica holds the lease of the writer: see {@link WriteBehind}. */
  get isWriter(): boolean {
    return this.writer.isWriter;
  }

  /** Makes this replica the writer, if there is no other one. */
  claimWriter(): void {
    this.writer.claim();
  }

  /** Lets another replica become the writer, if there is one that can. */
  yieldWriter(): void {
    this.writer.yield();
  }

  /** The configured products and every other product seen on the feed or in the store. */
  products(): string[] {
    return [...new Set([...this.config.products, ...this.latest.products()])];
  }

  /** Writes all pending updates to the store. Call it once the feed has stopped. Never rejects. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.writer.stop();
  }

  private inMemory(address: MarketAddress): readonly MarketMessage[] {
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

  /** Reads every key of the store that has had no live message after `sequence`. */
  private async readAll(rooms: readonly MarketAddress[], sequence: number): Promise<void> {
    const started = this.clock.now();
    const use = this.warm || rooms.length > 0 ? 'refresh' : 'warm';
    const prefixes = [UNDERLYING_KEY_PREFIX, CHAIN_KEY_PREFIX];
    const walked = new Set<string>();
    const readNew = async (keys: readonly string[]): Promise<void> => {
      const wanted = keys.filter((key) => !walked.has(key) && !this.latest.wasHeardSince(key, sequence));
      for (const key of wanted) walked.add(key);
      await this.reader.read(wanted, use, this.broadcast);
    };
    for await (const keys of this.store.scan(prefixes, this.config.cacheWarmMaxKeys)) await readNew(keys);
    // The bounded scan may have missed these keys. They are read in batches, because there may be
    // thousands of rooms with many keys each.
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

  private *worthALook(rooms: readonly MarketAddress[]): Generator<string> {
    yield* this.latest.keys();
    yield* this.config.products.map(underlyingKey);
    let left = MAX_ROOM_KEYS;
    for (const room of rooms) {
      const keys = this.lookups.keysOf(room);
      left -= keys.length;
      if (left < 0) return;
      yield* keys;
    }
  }
}

function asList<T>(item: T | undefined): T[] {
  return item === undefined ? [] : [item];
}
