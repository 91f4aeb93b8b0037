import { utcDate } from '../contract/index.js';
import {
  chainKey,
  latestKey,
  underlyingKey,
  type ChainMessage,
  type MarketMessage,
} from '../feed/market-message.js';

/**
 * What became of a live message: `newest` and `rebased` are to be broadcast, `older` is to be dropped.
 * `rebased`: nothing but older messages came for a while, so the producer's clock was set back and its new time is taken.
 */
export type Verdict = 'newest' | 'older' | 'rebased';

export interface LatestMessagesOptions {
  /** What the messages held may weigh; past it the least recently updated go. */
  readonly maxBytes: number;
  /** How long only older messages must come before their time is taken for the new one, ms. */
  readonly clockResetAfterMs: number;
  /** Monotonic clock, ms. */
  readonly now: () => number;
  readonly onEvict?: (message: MarketMessage) => void;
}

/** What an entry costs beside its JSON: the map's slots, the parsed object's header, the key. */
const ENTRY_OVERHEAD_BYTES = 1_024;

interface Entry {
  message: MarketMessage;
  /** Ordinal of the broadcast that carried it; 0 where it was only read from the store. */
  sequence: number;
  /** Since when only older messages have come, on the monotonic clock. */
  olderSince: number | undefined;
}

/**
 * The newest message per product and per (product, expiry): the one judge of what is newer. Plain and synchronous,
 * so that judging, remembering and broadcasting a message happen in one turn.
 */
export class LatestMessages {
  /** In order of their last update, the oldest first. */
  private readonly entries = new Map<string, Entry>();
  private readonly expiries = new Map<string, Set<string>>();
  private readonly underlyings = new Set<string>();
  private held = 0;
  private broadcasts = 0;

  constructor(private readonly options: LatestMessagesOptions) {}

  get size(): number {
    return this.entries.size;
  }

  /** What the held messages weigh: their JSON's length and a fixed overhead each. */
  get bytes(): number {
    return this.held;
  }

  /** Ordinal of the last broadcast. A snapshot that waits for the store must not repeat what is broadcast after it. */
  get sequence(): number {
    return this.broadcasts;
  }

  /** Judges a live message and remembers it unless it is older. Messages of equal time are both news. */
  offerLive(message: MarketMessage): Verdict {
    const key = latestKey(message);
    const entry = this.entries.get(key);
    let verdict: Verdict = 'newest';
    if (entry && message.time < entry.message.time) {
      const now = this.options.now();
      entry.olderSince ??= now;
      if (now - entry.olderSince < this.options.clockResetAfterMs) return 'older';
      verdict = 'rebased';
    }
    this.put(key, message, ++this.broadcasts);
    return verdict;
  }

  /**
   * Remembers a message read from the store if it is news: false where memory holds one as new or newer.
   * @param toBeBroadcast the caller sends it to the rooms in the same turn
   */
  offerStored(message: MarketMessage, toBeBroadcast: boolean): boolean {
    const key = latestKey(message);
    const entry = this.entries.get(key);
    if (entry && message.time <= entry.message.time) return false;
    this.put(key, message, toBeBroadcast ? ++this.broadcasts : 0);
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
    const expiries = [...(this.expiries.get(product) ?? [])].sort();
    const chains = expiries
      .map((expiry) => this.get(chainKey(product, expiry)))
      .filter((message) => message?.kind === 'chain');
    const feedTime = Math.max(
      this.get(underlyingKey(product))?.time ?? 0,
      ...chains.map((message) => message.time),
    );
    const today = utcDate(feedTime);
    return chains.filter((message) => message.expiry >= today);
  }

  /** Every product with a message held. */
  products(): string[] {
    return [...new Set([...this.underlyings, ...this.expiries.keys()])];
  }

  /** Every expiry of any product with a chain held. */
  allExpiries(): string[] {
    return [...new Set([...this.expiries.values()].flatMap((set) => [...set]))];
  }

  /** Every key held. */
  keys(): string[] {
    return [...this.entries.keys()];
  }

  private put(key: string, message: MarketMessage, sequence: number): void {
    const previous = this.entries.get(key);
    if (previous) {
      this.held -= weight(previous.message);
      this.entries.delete(key); // so that set() moves the key to the end: the map's order is the eviction order
    }
    this.entries.set(key, { message, sequence, olderSince: undefined });
    this.held += weight(message);
    this.index(message);
    while (this.held > this.options.maxBytes && this.entries.size > 1) this.evictOldest();
  }

  private index(message: MarketMessage): void {
    if (message.kind === 'underlying') {
      this.underlyings.add(message.product);
      return;
    }
    let expiries = this.expiries.get(message.product);
    if (!expiries) this.expiries.set(message.product, (expiries = new Set()));
    expiries.add(message.expiry);
  }

  private evictOldest(): void {
    const [key, { message }] = this.entries.entries().next().value!;
    this.entries.delete(key);
    this.held -= weight(message);
    if (message.kind === 'underlying') {
      this.underlyings.delete(message.product);
    } else {
      const expiries = this.expiries.get(message.product);
      expiries?.delete(message.expiry);
      if (expiries?.size === 0) this.expiries.delete(message.product);
    }
    this.options.onEvict?.(message);
  }
}

function weight(message: MarketMessage): number {
  return message.size + ENTRY_OVERHEAD_BYTES;
}
