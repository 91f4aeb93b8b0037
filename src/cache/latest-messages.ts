import { utcDate } from '../contract/index.js';
import { chainKey, type ChainMessage, type MarketMessage } from '../feed/market-message.js';
import { compareMessages } from './message-order.js';

/**
 * What became of a live message: `newest` and `rebased` are to be broadcast, `older` and `repeated` are not.
 * `rebased`: the producer's clock was set back, and its new time is taken.
 * `repeated`: the newest message came again; the rooms have it, but it shows that the feed moves.
 */
export type Verdict = 'newest' | 'rebased' | 'older' | 'repeated';

/**
 * What a message read from the store is for. `snapshot`: it goes to whoever asked. `warm` and `refresh`: it goes to the
 * rooms in the same turn, at start and after an outage.
 */
export type StoredUse = 'snapshot' | 'warm' | 'refresh';

/** A message as it was read from the store. */
export interface StoredMessage {
  readonly message: MarketMessage;
  /**
   * The worker's short form `{price, timestamp}`, which it writes with each update. It does not say when it was processed, so
   * between equal times it is newer if its price is another one.
   */
  readonly short: boolean;
  /** {@link LatestMessages.sequence} when the store was asked: what was broadcast since then may be newer. */
  readonly since: number;
}

export interface LatestMessagesOptions {
  /** What the messages held may weigh; past it the least recently updated are evicted. */
  readonly maxBytes: number;
  /** How long only older messages must come before their time is taken for the new one, ms of their own `processed_at`. */
  readonly clockResetAfterMs: number;
  /** Wall clock, ms since the epoch. */
  readonly wallNow: () => number;
  readonly onEvict?: (message: MarketMessage) => void;
}

/** What an entry costs beside its JSON: the map's slots, the message's object, a chain's summary, the key. */
const ENTRY_OVERHEAD_BYTES = 1_024;
/** The JSON's text and, once somebody gets it, its frame, deflated frame and packet for long-polling. */
const COPIES = 3;

interface Entry {
  message: MarketMessage;
  /** Ordinal of the broadcast that carried it; 0 if it was only read from the store. */
  sequence: number;
  /** How it came. */
  readonly use: StoredUse | 'live';
  /** The worker's short form, from the store. */
  short: boolean;
  /** Newest time of a time base that was given up because the producer's clock was set back, as long as it lies ahead. */
  readonly abandoned: number | undefined;
  /** The wall clock agreed with its time when it came: an older time is more likely old news than a clock set back. */
  readonly plausible: boolean;
  /** Prices of the same time that were heard, and are older by {@link compareMessages}; the last {@link MAX_BEATEN}. */
  beaten: readonly number[];
  /** The older messages that came since, as long as each was newer than the one before. */
  older: OlderRun | undefined;
}

/** What is known of a product. */
interface Product {
  hasPrice: boolean;
  /** Those with a chain held, and those whose chain was evicted. */
  readonly expiries: Set<string>;
  /** Time of the last message taken live, or the latest of those read from the store before. */
  time: number;
  /** Live messages taken. */
  taken: number;
}

export interface NearestChains {
  readonly messages: ChainMessage[];
  readonly evicted: string[];
  /** How many live expiries there are. */
  readonly live: number;
}

interface OlderRun {
  /** When the first was processed, in microseconds since the epoch. */
  readonly since: number;
  /** Time of the last one. */
  readonly time: number;
  readonly count: number;
  /** What its product had taken when the last one came. */
  readonly taken: number;
}

/** How many messages make a clock that was set back; one or two may be stragglers or copies. */
const MIN_OLDER_RUN = 3;
/** A message whose time differs from the wall clock by less was stamped by a clock that is right, µs. */
const PLAUSIBLE_US = 60_000_000;
/** How many times longer older messages must come if the wall clock agreed with the newest: they are probably delivered again. */
const IMPLAUSIBLE_RUN = 10;
/** Prices of one time that are told from one that was missed. */
const MAX_BEATEN = 16;
const NONE: readonly number[] = [];
const MAX_RECENT_EXPIRIES = 24;
/** Names of evicted messages that are kept, so that they are still listed and looked up in the store. */
const MAX_EVICTED_NAMES = 50_000;

/**
 * The newest message per product and per (product, expiry): the one judge of what is newer. Plain and synchronous,
 * so that judging, remembering and broadcasting a message happen in one turn.
 */
export class LatestMessages {
  /** In order of their last update, the oldest first. */
  private readonly entries = new Map<string, Entry>();
  /** By their keys, the first evicted first. */
  private readonly evicted = new Map<string, { readonly product: string; readonly expiry?: string }>();
  private readonly known = new Map<string, Product>();
  private readonly recent = new Set<string>();
  private held = 0;
  private broadcasts = 0;
  private productChanges = 0;

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
   * Judges a live message by {@link compareMessages} and remembers it if it is to be broadcast. Decided by the messages
   * themselves, in the order in which the feed brings them, so that all replicas that hear the same decide the same.
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
   * Whether the older messages have become a stream of their own, so that the producer's clock must have been set back: several,
   * one newer than the other, for a while by their own `processed_at`. They have not if the product had news meanwhile that is
   * newer than what they are compared with: they are delivered again then. Where the wall clock agreed with the newest message, the
   * same is likely, and they must go on for much longer.
   */
  private isSetBack(entry: Entry, { product, time, processedTime }: MarketMessage): boolean {
    const { taken = 0, time: last = 0 } = this.known.get(product) ?? {};
    const run = entry.older;
    const movedOn = run !== undefined && run.taken !== taken && last > entry.message.time;
    // A copy of the last one neither breaks the stream nor makes it one.
    entry.older =
      run && !movedOn && time >= run.time
        ? { since: run.since, time, count: time > run.time ? run.count + 1 : run.count, taken }
        : { since: processedTime, time, count: 1, taken };
    const lastsUs = this.options.clockResetAfterMs * 1_000 * (entry.plausible ? IMPLAUSIBLE_RUN : 1);
    return entry.older.count >= MIN_OLDER_RUN && processedTime - entry.older.since >= lastsUs;
  }

  /** Remembers a message read from the store if it is news: false if memory holds one as new or newer. */
  offerStored(stored: StoredMessage, use: StoredUse): boolean {
    const { message, short, since } = stored;
    const { key } = message;
    const entry = this.entries.get(key);
    if (entry) {
      // The rooms have yet to get what was read for one asker.
      const onlyOneHasIt = entry.use === 'snapshot' && use !== 'snapshot' && isSame(stored, entry);
      if (!onlyOneHasIt && compareStored(stored, entry) <= 0) return false;
      // Only the store's word says that it is newer, and that may be out of date.
      if (message.time === entry.message.time && short && entry.sequence > since) return false;
    }
    this.put(key, message, { sequence: use === 'snapshot' ? 0 : ++this.broadcasts, use, short });
    return true;
  }

  /** Whether a message read from the store is newer than what is held under `key`, older, or the same message. */
  compareStored(key: string, stored: Omit<StoredMessage, 'since'>): number {
    const entry = this.entries.get(key);
    return entry ? compareStored(stored, entry) : 1;
  }

  get(key: string): MarketMessage | undefined {
    return this.entries.get(key)?.message;
  }

  /** True where the newest message of `key` was broadcast after `sequence`: whoever was in its rooms has it. */
  wasBroadcastSince(key: string, sequence: number): boolean {
    return (this.entries.get(key)?.sequence ?? 0) > sequence;
  }

  /** True if a live message of `key` was taken after `sequence`: the store cannot know a newer one that was not heard. */
  wasHeardSince(key: string, sequence: number): boolean {
    const entry = this.entries.get(key);
    return entry?.use === 'live' && entry.sequence > sequence;
  }

  /**
   * The newest chain of each live expiry, nearest first. An expiry is live until its day (UTC) is over by the feed's own
   * time, not the wall clock's, so that a replayed recording behaves as it did on its day.
   */
  liveChains(product: string): ChainMessage[] {
    return this.nearestChains(product, Infinity).messages;
  }

  /** The first `most` of {@link liveChains}; `evicted` are the expiries among them whose chain the store may have. */
  nearestChains(product: string, most: number): NearestChains {
    const { expiries, live } = this.nearestExpiries(product, most);
    const messages: ChainMessage[] = [];
    const evicted: string[] = [];
    for (const expiry of expiries) {
      const message = this.get(chainKey(product, expiry));
      if (message?.kind === 'chain') messages.push(message);
      else evicted.push(expiry);
    }
    return { messages, evicted, live };
  }

  /** Costs one pass over the expiries, however many there are, and sorts only those that it returns. */
  private nearestExpiries(
    product: string,
    most: number,
  ): { readonly expiries: string[]; readonly live: number } {
    const { expiries = [], time = 0 } = this.known.get(product) ?? {};
    // The last message's time, not the latest: one chain stamped in the future would hide all others for good.
    const today = utcDate(time);
    let nearest: string[] = [];
    let live = 0;
    const cut = (): void => void (nearest = nearest.sort().slice(0, most));
    for (const expiry of expiries) {
      if (expiry < today) continue;
      live++;
      // Once there are enough, what lies beyond them is passed over.
      if (nearest.length === most && expiry > nearest.at(-1)!) continue;
      nearest.push(expiry);
      if (nearest.length === most || nearest.length >= 2 * most) cut();
    }
    cut();
    return { expiries: nearest, live };
  }

  /** Whether a message of the product is held, or was until it was evicted. */
  knows(product: string): boolean {
    return this.known.has(product);
  }

  /** Another number each time that {@link products} has changed. */
  get productsVersion(): number {
    return this.productChanges;
  }

  /** Every product with a message that is held, or was until it was evicted. */
  products(): string[] {
    return [...this.known.keys()];
  }

  /** The expiries of any product that came up last, at most {@link MAX_RECENT_EXPIRIES}: what a product of which nothing is known may have. */
  recentExpiries(): string[] {
    return [...this.recent];
  }

  /** Every key held. */
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
    if (previous) {
      this.held -= weight(previous.message);
      this.entries.delete(key); // so that set() moves the key to the end: the map's order is the eviction order
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
      plausible: Math.abs(this.options.wallNow() * 1_000 - message.time) < PLAUSIBLE_US,
      older: undefined,
    });
    this.evicted.delete(key);
    this.held += weight(message);
    this.index(message, use === 'live');
    while (this.held > this.options.maxBytes && this.entries.size > 1) this.evictOldest();
  }

  /** The whole message takes the place of the store's short form of it. */
  private complete(entry: Entry, message: MarketMessage): void {
    this.held += weight(message) - weight(entry.message);
    entry.message = message;
    entry.short = false;
  }

  private index(message: MarketMessage, live: boolean): void {
    const { product, time } = message;
    let known = this.known.get(product);
    if (!known) {
      this.known.set(product, (known = { hasPrice: false, expiries: new Set(), time, taken: 0 }));
      this.productChanges++;
    }
    known.time = live ? time : Math.max(time, known.time);
    if (live) known.taken++;
    if (message.kind === 'underlying') known.hasPrice = true;
    else if (!known.expiries.has(message.expiry)) {
      known.expiries.add(message.expiry);
      this.cameUp(message.expiry);
    }
  }

  private cameUp(expiry: string): void {
    this.recent.delete(expiry); // so that it becomes the last
    this.recent.add(expiry);
    if (this.recent.size > MAX_RECENT_EXPIRIES) this.recent.delete([...this.recent][0]!);
  }

  private evictOldest(): void {
    const [key, { message }] = this.entries.entries().next().value!;
    this.entries.delete(key);
    this.held -= weight(message);
    const { product } = message;
    this.evicted.set(key, message.kind === 'chain' ? { product, expiry: message.expiry } : { product });
    if (this.evicted.size > MAX_EVICTED_NAMES) this.forgetOldestName();
    this.options.onEvict?.(message);
  }

  private forgetOldestName(): void {
    const [key, { product, expiry }] = this.evicted.entries().next().value!;
    this.evicted.delete(key);
    const known = this.known.get(product);
    if (!known) return;
    if (expiry === undefined) known.hasPrice = false;
    else known.expiries.delete(expiry);
    if (known.hasPrice || known.expiries.size > 0) return;
    this.known.delete(product);
    this.productChanges++;
  }
}

/** Whether the rooms, which have the entry's message, have this one by it. The times are equal. */
function repeats(message: MarketMessage, { message: held, use, short }: Entry): boolean {
  // What was read at the start, or for one client, the rooms have yet to get.
  if (use === 'warm' || use === 'snapshot') return false;
  return short ? samePrice(message, held) : compareMessages(message, held) === 0;
}

function compareStored({ message, short }: Omit<StoredMessage, 'since'>, entry: Entry): number {
  const { message: held, abandoned } = entry;
  if (abandoned !== undefined && isOf(abandoned, message.time, held.time)) return -1;
  if (short && message.time === held.time)
    return samePrice(message, held) || isBeaten(message, entry) ? -1 : 1;
  return compareMessages(message, held);
}

/** Whether a time is of the base that ended with `abandoned`: it is nearer to its end than to the newest of the base that came after it. */
function isOf(abandoned: number, time: number, newest: number): boolean {
  return time > newest && time <= abandoned && abandoned - time < time - newest;
}

function isSame({ message, short }: StoredMessage, { message: held }: Entry): boolean {
  if (short) return message.time === held.time && samePrice(message, held);
  return compareMessages(message, held) === 0;
}

/** What the entry's message is known to beat, with `message`, which is of the same time. */
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
