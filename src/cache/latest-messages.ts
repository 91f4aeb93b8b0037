import { RecencyMap } from '../common/recency-map.js';
import { chainKey, type ChainMessage, type MarketMessage } from '../feed/market-message.js';
import { continuedRun, isOwnStream, type OlderRun } from '../feed/older-run.js';
import { compareMessages } from './message-order.js';
import { ProductIndex } from './product-index.js';
import { ServedClients } from './served-clients.js';

/**
 * The result of comparing a live message with the newest one. A message that is `newest` or
 * `rebased` must be broadcast; one that is `older` or `repeated` must not.
 * `rebased`: the producer's clock was set back, and the cache has accepted the new time.
 * `repeated`: the newest message arrived again. Clients have it already, but it shows that the feed
 * is alive.
 */
export type Verdict = 'newest' | 'rebased' | 'older' | 'repeated';

/**
 * Why a message was read from the store. `snapshot`: it is sent to the clients that requested the
 * room. `warm`: at startup, before any room has members. `refresh`: after an outage; it is
 * broadcast in the same turn.
 */
export type StoredUse = 'snapshot' | 'warm' | 'refresh';

/** A message as it was read from the store. */
export interface StoredMessage {
  readonly message: MarketMessage;
  /**
   * Whether it is the short form `{price, timestamp}` that the worker writes with each update. It
   * has no `processed_at`, so if the timestamps are equal, it counts as newer when its price
   * differs.
   */
  readonly short: boolean;
  /** {@link LatestMessages.sequence} before the read: messages broadcast after it may be newer. */
  readonly since: number;
}

export interface LatestMessagesOptions {
  /**
   * Limit of {@link LatestMessages.bytes}; beyond it the least recently updated messages are
   * evicted.
   */
  readonly maxBytes: number;
  /**
   * How long a stream of older messages must last before its time is accepted as the new one, in ms
   * of the messages' own `processed_at`.
   */
  readonly clockResetAfterMs: number;
  /** Wall clock, ms since the epoch. */
  readonly wallNow: () => number;
  readonly onEvict?: (message: MarketMessage) => void;
}

/**
 * Memory of an entry besides its JSON: map slots, the message object, a chain's summary, the key.
 */
const ENTRY_OVERHEAD_BYTES = 1_024;
/** An estimate: the JSON text, and once it is sent its frame, deflated frame and polling packet. */
const COPIES = 3;

interface Entry {
  message: MarketMessage;
  /** Sequence number of the broadcast that carried it; 0 if it was read for a snapshot only. */
  sequence: number;
  /** `live` if it came from the feed; otherwise why it was read from the store. */
  readonly use: StoredUse | 'live';
  /** Whether it is the worker's short form, read from the store. */
  short: boolean;
  /**
   * The newest time before the producer's clock was set back, in µs since the epoch; undefined once
   * the new time has passed it.
   */
  readonly abandoned: number | undefined;
  /**
   * Whether its time was close to the wall clock when it arrived. If so, older messages are
   * probably redelivered, rather than sent by a producer whose clock was set back.
   */
  readonly plausible: boolean;
  /**
   * The last {@link MAX_BEATEN} prices of messages with the same time that are older than this one
   * by {@link compareMessages}.
   */
  beaten: readonly number[];
  /** The older messages that arrived since, as long as each was newer than the one before. */
  older: ProductRun | undefined;
  /** When it entered memory, ms since the epoch. */
  readonly since: number;
}

export interface NearestChains {
  readonly messages: ChainMessage[];
  readonly evicted: string[];
  /** How many live expiries there are. */
  readonly live: number;
}

interface ProductRun extends OlderRun {
  /** {@link Product.taken} of the product when the last message arrived. */
  readonly taken: number;
}

/** If a message's time is closer to the wall clock than this, the producer's clock is right, µs. */
const PLAUSIBLE_US = 60_000_000;
/**
 * How many times longer a stream of older messages must last if the newest message was plausible:
 * the older ones are probably redelivered.
 */
const IMPLAUSIBLE_RUN = 10;
/** How many superseded prices of one time are kept, to tell them from a price that was missed. */
const MAX_BEATEN = 16;
const NONE: readonly number[] = [];
/**
 * A message is written to the store before it is published. So long after it was read, it may still
 * arrive, ms.
 */
const ARRIVES_WITHIN_MS = 5_000;
/**
 * Holds the newest message per product and per (product, expiry), and decides which message is
 * newer. It is synchronous, so that a message is compared, stored and broadcast in one turn of the
 * event loop.
 */
export class LatestMessages {
  /** By key, least recently updated first. */
  private readonly entries = new RecencyMap<string, Entry>();
  private readonly index = new ProductIndex();
  private readonly served = new ServedClients();
  private held = 0;
  private broadcasts = 0;

  constructor(private readonly options: LatestMessagesOptions) {}

  get size(): number {
    return this.entries.size;
  }

  /**
   * Estimated size of the messages in memory: three times the JSON length plus a fixed overhead
   * each.
   */
  get bytes(): number {
    return this.held;
  }

  /**
   * Sequence number of the last broadcast. A snapshot that waits for the store uses it to leave out
   * messages that were broadcast in the meantime.
   */
  get sequence(): number {
    return this.broadcasts;
  }

  /**
   * Compares a live message by {@link compareMessages}, and stores it if it must be broadcast. The
   * decision depends on the messages and on their order on the feed, so that replicas which receive
   * the same messages decide the same.
   */
  offerLive(message: MarketMessage): Verdict {
    const { key } = message;
    const entry = this.entries.get(key);
    let verdict: Verdict = 'newest';
    if (entry && message.time < entry.message.time) {
      if (!this.isSetBack(entry, message)) return 'older';
      verdict = 'rebased';
    } else if (entry && message.time === entry.message.time) {
      if (repeats(message, entry)) {
        if (entry.short) this.complete(entry, message);
        return 'repeated';
      }
      if (compareMessages(message, entry.message) < 0) {
        entry.beaten = beating(entry, message);
        return 'older';
      }
    }
    this.put(key, message, { sequence: ++this.broadcasts, use: 'live', verdict });
    return verdict;
  }

  /**
   * Whether the older messages form a stream of their own, which means that the producer's clock
   * was set back. They do if there are several, each newer than the one before, over a period
   * measured by their own `processed_at`. They do not if the product has meanwhile had a message
   * newer than the one they are compared with: then they are being redelivered. If the newest
   * message's time agreed with the wall clock, redelivery is likely too, and the stream must last
   * much longer.
   */
  private isSetBack(entry: Entry, { product, time, processedTime }: MarketMessage): boolean {
    const { taken, time: last } = this.index.progressOf(product);
    const run = entry.older;
    const movedOn = run !== undefined && run.taken !== taken && last > entry.message.time;
    entry.older = { ...continuedRun(movedOn ? undefined : run, time, processedTime), taken };
    const lastsUs = this.options.clockResetAfterMs * 1_000 * (entry.plausible ? IMPLAUSIBLE_RUN : 1);
    return isOwnStream(entry.older, processedTime, lastsUs);
  }

  /**
   * Stores a message read from the store if it is newer. False if memory holds one as new or newer.
   */
  offerStored(stored: StoredMessage, use: StoredUse): boolean {
    const { message, short, since } = stored;
    const { key } = message;
    const entry = this.entries.get(key);
    if (entry) {
      // A message read for one client's snapshot has not been broadcast yet.
      const onlyOneHasIt = entry.use === 'snapshot' && use !== 'snapshot' && isSame(stored, entry);
      if (!onlyOneHasIt && compareStored(stored, entry) <= 0) return false;
      // Only its different price makes the short form newer, and the read may be older than the
      // message that was broadcast meanwhile.
      if (message.time === entry.message.time && short && entry.sequence > since) return false;
    }
    this.put(key, message, { sequence: use === 'snapshot' ? 0 : ++this.broadcasts, use, short });
    return true;
  }

  /**
   * Compares a message read from the store with the one in memory under `key`.
   * @returns more than 0 if the stored message is newer, less than 0 if it is older, 0 if they are
   *   the same message
   */
  compareStored(key: string, stored: Omit<StoredMessage, 'since'>): number {
    const entry = this.entries.get(key);
    return entry ? compareStored(stored, entry) : 1;
  }

  get(key: string): MarketMessage | undefined {
    return this.entries.get(key)?.message;
  }

  /**
   * Whether the newest message of `key` was broadcast after `sequence`: members of its rooms have
   * it.
   */
  wasBroadcastSince(key: string, sequence: number): boolean {
    return (this.entries.get(key)?.sequence ?? 0) > sequence;
  }

  /**
   * Whether a message came from the store a moment ago, and has not been broadcast yet. It may be
   * about to arrive.
   */
  awaitsBroadcast(message: MarketMessage): boolean {
    const entry = this.entries.get(message.key);
    if (entry?.message !== message || entry.short || !isUnsent(entry)) return false;
    return this.options.wallNow() - entry.since <= ARRIVES_WITHIN_MS;
  }

  /**
   * Notes that a client was sent a message as a snapshot. If the message
   * {@link awaitsBroadcast | awaits its broadcast}, the client does not need that.
   */
  serve(message: MarketMessage, client: string): void {
    if (this.awaitsBroadcast(message)) this.served.add(message.key, client);
  }

  /** Whether a client was sent the newest message of `key` as a snapshot before it was broadcast. */
  wasServed(key: string, client: string): boolean {
    return this.served.has(key, client);
  }

  /** The clients that were sent the newest message of `key` before it was broadcast, once. */
  takeServed(key: string): ReadonlySet<string> | undefined {
    return this.served.take(key);
  }

  /**
   * Whether a live message of `key` was accepted after `sequence`. If so, the feed delivers this
   * key, and its value need not be read from the store.
   */
  wasHeardSince(key: string, sequence: number): boolean {
    const entry = this.entries.get(key);
    return entry?.use === 'live' && entry.sequence > sequence;
  }

  /**
   * The newest chain of each live expiry, nearest first. An expiry is live until its day (UTC) has
   * ended. The feed's own time decides that, not the wall clock, so that a replayed recording
   * behaves as it did on its day.
   */
  liveChains(product: string): ChainMessage[] {
    return this.nearestChains(product, Infinity).messages;
  }

  /**
   * The first `most` of {@link liveChains}. `evicted` lists the expiries among them whose chain is
   * no longer in memory; the store may have it.
   */
  nearestChains(product: string, most: number): NearestChains {
    const { expiries, live } = this.index.nearestExpiries(product, most);
    const messages: ChainMessage[] = [];
    const evicted: string[] = [];
    for (const expiry of expiries) {
      const message = this.get(chainKey(product, expiry));
      if (message?.kind === 'chain') messages.push(message);
      else evicted.push(expiry);
    }
    return { messages, evicted, live };
  }

  /** The expiries of all live chains of a product, including evicted ones, nearest first. */
  liveExpiries(product: string): readonly string[] {
    return this.index.nearestExpiries(product, Infinity).expiries;
  }

  /** Whether a message of the product is in memory, or was until it was evicted. */
  knows(product: string): boolean {
    return this.index.has(product);
  }

  /** A number that changes each time {@link products} changes. */
  get productsVersion(): number {
    return this.index.version;
  }

  /** Every product with a message that is in memory, or was until it was evicted. */
  products(): string[] {
    return this.index.products();
  }

  /**
   * The expiries of any product that appeared last. They serve as guesses for a product whose
   * expiries are unknown.
   */
  recentExpiries(): string[] {
    return this.index.recentExpiries();
  }

  /** The key of every message in memory. */
  keys(): string[] {
    return [...this.entries.keys()];
  }

  private put(
    key: string,
    message: MarketMessage,
    how: {
      readonly sequence: number;
      readonly use: StoredUse | 'live';
      readonly short?: boolean;
      readonly verdict?: Verdict;
    },
  ): void {
    const { sequence, use, short = false, verdict } = how;
    const previous = this.entries.get(key);
    const now = this.options.wallNow();
    if (previous) {
      this.held -= weight(previous.message);
      if (this.served.hasAny(key) && compareMessages(message, previous.message) !== 0) this.served.take(key);
    }
    const ahead = Math.max(
      previous?.abandoned ?? -Infinity,
      verdict === 'rebased' && previous ? previous.message.time : -Infinity,
    );
    this.entries.set(key, {
      message,
      sequence,
      use,
      short,
      abandoned: ahead > message.time ? ahead : undefined,
      beaten: previous?.message.time === message.time ? beating(previous, previous.message) : NONE,
      plausible: Math.abs(now * 1_000 - message.time) < PLAUSIBLE_US,
      older: undefined,
      since: now,
    });
    this.held += weight(message);
    this.index.add(key, message, use === 'live');
    while (this.held > this.options.maxBytes && this.entries.size > 1) this.evictOldest();
  }

  /** Replaces the short form read from the store with the whole message. */
  private complete(entry: Entry, message: MarketMessage): void {
    this.held += weight(message) - weight(entry.message);
    entry.message = message;
    entry.short = false;
  }

  private evictOldest(): void {
    const key = this.entries.firstKey!;
    const { message } = this.entries.get(key)!;
    this.entries.delete(key);
    this.served.take(key);
    this.held -= weight(message);
    this.index.evict(key, message);
    this.options.onEvict?.(message);
  }
}

/**
 * Whether the rooms already have this message, because the entry's message was broadcast and is the
 * same one. The times are equal.
 */
function repeats(message: MarketMessage, entry: Entry): boolean {
  if (isUnsent(entry)) return false;
  const { message: held, short } = entry;
  return short ? samePrice(message, held) : compareMessages(message, held) === 0;
}

/** Messages read at startup or for one client's snapshot have not reached the rooms. */
function isUnsent({ use }: Entry): boolean {
  return use === 'warm' || use === 'snapshot';
}

function compareStored({ message, short }: Omit<StoredMessage, 'since'>, entry: Entry): number {
  const { message: held, abandoned } = entry;
  if (abandoned !== undefined && isOf(abandoned, message.time, held.time)) return -1;
  if (short && message.time === held.time)
    return samePrice(message, held) || isBeaten(message, entry) ? -1 : 1;
  return compareMessages(message, held);
}

/**
 * Whether a time was stamped before the producer's clock was set back: it is nearer to `abandoned`,
 * the last such time, than to `newest`, the newest time after that.
 */
function isOf(abandoned: number, time: number, newest: number): boolean {
  return time > newest && time <= abandoned && abandoned - time < time - newest;
}

function isSame({ message, short }: StoredMessage, { message: held }: Entry): boolean {
  if (short) return message.time === held.time && samePrice(message, held);
  return compareMessages(message, held) === 0;
}

/** The entry's superseded prices, with that of `message` added, which has the same time. */
function beating({ beaten }: Entry, message: MarketMessage): readonly number[] {
  return message.kind === 'underlying' ? [...beaten, message.price].slice(-MAX_BEATEN) : beaten;
}

function isBeaten(message: MarketMessage, { beaten }: Entry): boolean {
  return message.kind === 'underlying' && beaten.includes(message.price);
}

function samePrice(a: MarketMessage, b: MarketMessage): boolean {
  return a.kind === 'underlying' && b.kind === 'underlying' && a.price === b.price;
}

function weight(message: MarketMessage): number {
  return COPIES * message.payload.text.length + ENTRY_OVERHEAD_BYTES;
}
