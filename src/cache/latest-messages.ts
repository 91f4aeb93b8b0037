import { utcDate } from '../contract/index.js';
import { chainKey, type ChainMessage, type MarketMessage } from '../feed/market-message.js';

/**
 * What became of a live message: `newest` and `rebased` are to be broadcast, `older` is to be dropped.
 * `rebased`: nothing but older messages came for a while, so the producer's clock was set back and its new time is taken.
 */
export type Verdict = 'newest' | 'older' | 'rebased';

/**
 * What a message read from the store is for. `snapshot`: it goes to whoever asked. `warm` and `refresh`: it goes to the
 * rooms in the same turn, at start and after an outage.
 */
export type StoredUse = 'snapshot' | 'warm' | 'refresh';

export interface LatestMessagesOptions {
  /** What the messages held may weigh; past it the least recently updated go. */
  readonly maxBytes: number;
  /** How long only older messages must come before their time is taken for the new one, ms. */
  readonly clockResetAfterMs: number;
  /** Monotonic clock, ms. */
  readonly now: () => number;
  readonly onEvict?: (message: MarketMessage) => void;
}

/** What an entry costs beside its JSON: the map's slots, the message's object, a chain's summary, the key. */
const ENTRY_OVERHEAD_BYTES = 1_024;
/** The JSON's text and, once somebody gets it, its frame, deflated frame and packet for long-polling. */
const COPIES = 3;

interface Entry {
  message: MarketMessage;
  /** Ordinal of the broadcast that carried it; 0 where it was only read from the store. */
  sequence: number;
  /** Broadcast from the store to those who were connected: its own live message may still be on its way, and has gone out. */
  repeatable: boolean;
  /** The older messages that came since, as long as each was newer than the one before. */
  older: OlderRun | undefined;
}

/** What is held of a product. */
interface Product {
  hasPrice: boolean;
  readonly expiries: Set<string>;
  /** Time of the last message taken live, or the latest of those read from the store before. */
  time: number;
}

interface OlderRun {
  /** When the first came, on the monotonic clock. */
  readonly since: number;
  /** Time of the last one. */
  readonly time: number;
  readonly count: number;
}

/** How many messages make a clock that was set back; one or two may be stragglers or copies. */
const MIN_OLDER_RUN = 3;

/**
 * The newest message per product and per (product, expiry): the one judge of what is newer. Plain and synchronous,
 * so that judging, remembering and broadcasting a message happen in one turn.
 */
export class LatestMessages {
  /** In order of their last update, the oldest first. */
  private readonly entries = new Map<string, Entry>();
  private readonly known = new Map<string, Product>();
  private held = 0;
  private broadcasts = 0;

  constructor(private readonly options: LatestMessagesOptions) {}

  get size(): number {
    return this.entries.size;
  }

  /** What the held messages weigh: three times their JSON's length and a fixed overhead each. */
  get bytes(): number {
    return this.held;
  }

  /** Ordinal of the last broadcast. A snapshot that waits for the store must not repeat what is broadcast after it. */
  get sequence(): number {
    return this.broadcasts;
  }

  /**
   * Judges a live message and remembers it unless it is older. Messages of equal time are both news, but for the one
   * that an outage's refresh has just broadcast from the store.
   */
  offerLive(message: MarketMessage): Verdict {
    const { key } = message;
    const entry = this.entries.get(key);
    let verdict: Verdict = 'newest';
    if (entry && message.time < entry.message.time) {
      if (!this.isSetBack(entry, message.time)) return 'older';
      verdict = 'rebased';
    } else if (entry?.repeatable && message.time === entry.message.time) {
      entry.repeatable = false;
      return 'older';
    }
    this.put(key, message, ++this.broadcasts, 'live');
    return verdict;
  }

  /** Whether the older messages have become a stream of their own: several, one newer than the other, for a while. */
  private isSetBack(entry: Entry, time: number): boolean {
    const now = this.options.now();
    const run = entry.older;
    // A copy of the last one neither breaks the stream nor makes it one.
    entry.older =
      run && time >= run.time
        ? { since: run.since, time, count: time > run.time ? run.count + 1 : run.count }
        : { since: now, time, count: 1 };
    return entry.older.count >= MIN_OLDER_RUN && now - entry.older.since >= this.options.clockResetAfterMs;
  }

  /** Remembers a message read from the store if it is news: false where memory holds one as new or newer. */
  offerStored(message: MarketMessage, use: StoredUse): boolean {
    const { key } = message;
    const entry = this.entries.get(key);
    if (entry && message.time <= entry.message.time) return false;
    this.put(key, message, use === 'snapshot' ? 0 : ++this.broadcasts, use);
    return true;
  }

  get(key: string): MarketMessage | undefined {
    return this.entries.get(key)?.message;
  }

  /** True where the newest message of `key` was broadcast after `sequence`: whoever was in its rooms has it. */
  wasBroadcastSince(key: string, sequence: number): boolean {
    return (this.entries.get(key)?.sequence ?? 0) > sequence;
  }

  /**
   * The newest chain of each live expiry, nearest first. An expiry is live until its day (UTC) is over by the feed's own
   * time, not the wall clock's, so that a replayed recording behaves as it did on its day.
   */
  liveChains(product: string): ChainMessage[] {
    const { expiries = [], time = 0 } = this.known.get(product) ?? {};
    // The last message's time, not the latest: one chain stamped in the future would hide all others for good.
    const today = utcDate(time);
    return [...expiries]
      .filter((expiry) => expiry >= today)
      .sort()
      .map((expiry) => this.get(chainKey(product, expiry)))
      .filter((message) => message?.kind === 'chain');
  }

  /** Every product with a message held. */
  products(): string[] {
    return [...this.known.keys()];
  }

  /** Every expiry of any product with a chain held. */
  allExpiries(): string[] {
    return [...new Set([...this.known.values()].flatMap(({ expiries }) => [...expiries]))];
  }

  /** Every key held. */
  keys(): string[] {
    return [...this.entries.keys()];
  }

  private put(key: string, message: MarketMessage, sequence: number, use: StoredUse | 'live'): void {
    const previous = this.entries.get(key);
    if (previous) {
      this.held -= weight(previous.message);
      this.entries.delete(key); // so that set() moves the key to the end: the map's order is the eviction order
    }
    this.entries.set(key, { message, sequence, repeatable: use === 'refresh', older: undefined });
    this.held += weight(message);
    this.index(message, use === 'live');
    while (this.held > this.options.maxBytes && this.entries.size > 1) this.evictOldest();
  }

  private index(message: MarketMessage, live: boolean): void {
    const { product, time } = message;
    let known = this.known.get(product);
    if (!known) this.known.set(product, (known = { hasPrice: false, expiries: new Set(), time }));
    known.time = live ? time : Math.max(time, known.time);
    if (message.kind === 'underlying') known.hasPrice = true;
    else known.expiries.add(message.expiry);
  }

  private evictOldest(): void {
    const [key, { message }] = this.entries.entries().next().value!;
    this.entries.delete(key);
    this.held -= weight(message);
    const known = this.known.get(message.product);
    if (known) {
      if (message.kind === 'underlying') known.hasPrice = false;
      else known.expiries.delete(message.expiry);
      if (!known.hasPrice && known.expiries.size === 0) this.known.delete(message.product);
    }
    this.options.onEvict?.(message);
  }
}

function weight(message: MarketMessage): number {
  return COPIES * message.payload.text.length + ENTRY_OVERHEAD_BYTES;
}
