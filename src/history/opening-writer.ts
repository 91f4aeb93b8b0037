import type { Verdict } from '../cache/latest-messages.js';
import type { Clock, Timer } from '../common/clock.js';
import { jittered } from '../common/jittered.js';
import { chainKey, type ChainMessage } from '../feed/market-message.js';
import { compareIds, historyId, type HistoryId } from './history-id.js';
import type { HistoryBounds, HistoryStore } from './history-store.js';
import { openingStream } from './history-streams.js';
import { openingText } from './opening.js';

export interface OpeningWriterOptions {
  readonly clock: Pick<Clock, 'after' | 'now'>;
  /** The shortest time between two writes, ms. */
  readonly intervalMs: number;
  /** When the session of a product began that a time is in. Both are ms since the epoch. */
  readonly sessionStartAt: (product: string, ms: number) => number;
  /** Whether this replica holds the writer's lease. */
  readonly mayWrite: () => boolean;
  /** Asks for the writer's lease. */
  readonly claim: () => void;
  readonly onWritten: (openings: number) => void;
  readonly onError: (error: Error, stream?: string) => void;
}

/** The newest session of one chain. */
interface Session {
  /** When it began, ms since the epoch; undefined if its opening is still to be taken. */
  startMs: number | undefined;
  /** The schedule is not asked again before this time of the feed, ms since the epoch. */
  askAgainMs: number;
  /** The time of the newest chain, ms since the epoch. */
  newestMs: number;
  /** When the schedule was last asked, ms of the monotonic clock. */
  readonly askedAt: number;
  /** Whether the store has lost its opening. */
  isLost: boolean;
}

/** A chain that has been taken for the opening of its session. */
interface Taken {
  readonly chain: ChainMessage;
  /** When the session began, ms since the epoch. */
  readonly startMs: number;
  /** When it was taken, ms of the monotonic clock. */
  readonly at: number;
  /** Whether the store has lost the opening of this session. */
  readonly isLost: boolean;
}

/** An opening that the store may lack. Its times are ms of the monotonic clock, but for `startMs`. */
interface Opening {
  readonly id: HistoryId;
  readonly value: string;
  /** When the session began, ms since the epoch. */
  readonly startMs: number;
  readonly takenAt: number;
  /** Without the lease, it is written from then on. */
  leaseUntil: number;
  /** After the store has refused it, it is tried again then, and later each time. */
  retryAt: number;
  pauseMs: number;
  /** The value of `interruptions` when its session was last known to be the newest one. */
  confirmed: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** An opening is kept for longer than any exchange rests, so that it is there until the next one. */
const BOUNDS: HistoryBounds = { keepMs: 15 * DAY_MS, maxEntries: 1, idleMs: 15 * DAY_MS };
/** Chains of which openings are kept. Further ones have none. */
const MAX_CHAINS = 10_000;
/** The most characters of all openings that wait. Beyond it, the first ones are given up. */
const MAX_WAITING_LENGTH = 32_000_000;
/** Openings that are written together. It limits how long one write blocks Redis. */
const BATCH = 32;
/** Chains that are read in one turn: a long one takes about a millisecond. */
const READ_AT_ONCE = 32;
/** How much sooner the next flush is while there are more of them. */
const SOONER = 20;
/** For so long, an opening is left to the replica that holds the lease. */
const LEASE_MS = 10 * MINUTE_MS;
/** After that, an opening is given up, because another program may use its key. */
const GIVE_UP_MS = 12 * 60 * MINUTE_MS;
const LONGEST_PAUSE_MS = MINUTE_MS;

/**
 * Keeps the first chain of each session. Sessions begin on whole minutes, so a chain message costs
 * one comparison, and a look at the schedule once a minute.
 *
 * Every replica has its first chain written, the one that holds the lease at once, and the others
 * later. The store takes the earliest one of each session. So neither a restart nor another writer
 * replaces an opening, and none is lost with the replica that held the lease.
 */
export class OpeningWriter {
  /** By the key of the chain. */
  private readonly sessions = new Map<string, Session>();
  /** By stream. They are read only after they were broadcast. */
  private readonly taken = new Map<string, Taken>();
  /** By stream. */
  private readonly openings = new Map<string, Opening>();
  /** The characters of all openings. */
  private length = 0;
  private timer: Timer | undefined;
  private flushing: Promise<void> = Promise.resolve();
  private stopped = false;
  private sweptAt = -Infinity;
  private interruptions = 0;

  constructor(
    private readonly store: HistoryStore,
    private readonly options: OpeningWriterOptions,
  ) {}

  /**
   * Takes a live chain that is the newest one.
   * @param verdict `rebased`: the clock of the producer was set back before it
   */
  record(chain: ChainMessage, verdict: Extract<Verdict, 'newest' | 'rebased'>): void {
    const newestMs = Math.floor(chain.time / 1_000);
    const known = this.sessions.get(chain.key);
    if (known && newestMs < known.askAgainMs && verdict === 'newest') {
      known.newestMs = newestMs;
      return;
    }
    if (!known && !this.hasRoom()) return;
    const startMs = this.options.sessionStartAt(chain.product, newestMs);
    const askAgainMs = (Math.floor(newestMs / MINUTE_MS) + 1) * MINUTE_MS;
    const at = this.options.clock.now();
    this.sessions.set(chain.key, { startMs, askAgainMs, newestMs, askedAt: at, isLost: false });
    const stream = openingStream(chain.product, chain.expiry);
    const opening = this.openings.get(stream);
    if (opening?.startMs === startMs) opening.confirmed = this.interruptions;
    // A clock that was set back may make this chain the earliest one of its session.
    if (known?.startMs === startMs && verdict === 'newest') return;
    const taken = this.taken.get(stream);
    if (taken?.startMs === startMs && taken.chain.time <= chain.time) return;
    this.taken.set(stream, { chain, startMs, at, isLost: known?.isLost ?? false });
    this.schedule();
  }

  /**
   * Call it when the feed is lost: a session may begin meanwhile. What waits is written only after
   * the next chain has shown that it did not.
   */
  interrupt(): void {
    this.interruptions++;
    for (const session of this.sessions.values()) session.askAgainMs = -Infinity;
    for (const [stream, { chain }] of this.taken) {
      this.taken.delete(stream);
      const session = this.sessions.get(chain.key);
      if (session) session.startMs = undefined;
    }
  }

  /** The time of the newest chain that was recorded, ms since the epoch. */
  newestMs(product: string, expiry: string): number | undefined {
    return this.sessions.get(chainKey(product, expiry))?.newestMs;
  }

  /**
   * Call it if the store lacks the opening of a chain, because it may have lost it. If none waits
   * here, the next chain is taken for it. This replica writes it without the lease, because the one
   * that holds it may not have noticed.
   */
  miss(product: string, expiry: string): void {
    const stream = openingStream(product, expiry);
    const session = this.sessions.get(chainKey(product, expiry));
    if (!session || this.taken.has(stream)) return;
    const opening = this.openings.get(stream);
    if (opening) {
      opening.leaseUntil = -Infinity;
      return;
    }
    // A chain without open interest waits for the next minute, however often it is asked for.
    if (session.startMs !== undefined) session.askAgainMs = -Infinity;
    session.startMs = undefined;
    session.isLost = true;
  }

  /** Writes what waits, if this replica is the writer. Never rejects. Call it at shutdown. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.flushing;
    await this.flush();
  }

  private schedule(): void {
    if (this.timer || this.stopped) return;
    const { intervalMs } = this.options;
    const pauseMs = this.taken.size > READ_AT_ONCE ? intervalMs / SOONER : intervalMs;
    this.timer = this.options.clock.after(pauseMs, () => {
      this.flushing = this.flush().finally(() => {
        this.timer = undefined;
        if (this.taken.size + this.openings.size > 0) this.schedule();
      });
    });
    this.timer.unref?.();
  }

  private async flush(): Promise<void> {
    this.readTaken();
    if (this.openings.size === 0) return;
    const mayWrite = this.options.mayWrite();
    if (!mayWrite) this.options.claim();
    const now = this.options.clock.now();
    const due = [...this.openings].filter(
      ([, { leaseUntil, retryAt, confirmed }]) =>
        (mayWrite || leaseUntil <= now) && retryAt <= now && confirmed === this.interruptions,
    );
    for (let start = 0; start < due.length; start += BATCH) {
      try {
        if (!(await this.write(due.slice(start, start + BATCH)))) break;
      } catch (error) {
        // The store cannot be reached. The openings wait for the next flush.
        this.options.onError(error instanceof Error ? error : new Error(String(error)));
        break;
      }
    }
    for (const [stream, opening] of this.openings) {
      if (this.length > MAX_WAITING_LENGTH || opening.takenAt + GIVE_UP_MS <= now) this.drop(stream, opening);
    }
  }

  /** Returns false if the store has refused all of them, as when it cannot be reached. */
  private async write(batch: readonly (readonly [string, Opening])[]): Promise<boolean> {
    const runs = batch.map(([stream, { id, value, startMs }]) => ({
      stream,
      entries: [{ ...id, value }],
      firstSince: startMs,
    }));
    const results = await this.store.append(runs, BOUNDS);
    let isRefused = true;
    for (const [index, result] of results.entries()) {
      const [stream, opening] = batch[index]!;
      if (result instanceof Error) {
        this.options.onError(result, stream);
        opening.retryAt = this.options.clock.now() + opening.pauseMs;
        opening.pauseMs = Math.min(2 * opening.pauseMs, LONGEST_PAUSE_MS);
        continue;
      }
      isRefused = false;
      this.drop(stream, opening);
      this.options.onWritten(result.appended);
    }
    return !isRefused;
  }

  private readTaken(): void {
    for (const [stream, taken] of [...this.taken].slice(0, READ_AT_ONCE)) {
      this.taken.delete(stream);
      this.read(stream, taken);
    }
  }

  private read(stream: string, { chain, startMs, at, isLost }: Taken): void {
    const value = openingText(chain);
    if (value === undefined) {
      // The platform has not filled it yet. A chain of the next minute may be better.
      const session = this.sessions.get(chain.key);
      if (session) Object.assign(session, { startMs: undefined, isLost });
      return;
    }
    const id = historyId(chain.time, chain.processedTime);
    const before = this.openings.get(stream);
    if (before?.startMs === startMs && compareIds(before.id, id) <= 0) return;
    if (before) this.drop(stream, before);
    this.openings.set(stream, {
      id,
      value,
      startMs,
      takenAt: at,
      leaseUntil: isLost ? at : at + jittered(LEASE_MS, 1),
      retryAt: -Infinity,
      pauseMs: this.options.intervalMs,
      confirmed: this.interruptions,
    });
    this.length += value.length;
  }

  private drop(stream: string, opening: Opening): void {
    // Another one may have taken its place meanwhile.
    if (this.openings.get(stream) !== opening) return;
    this.openings.delete(stream);
    this.length -= opening.value.length;
  }

  /** Whether there is room for another chain, if those that have ended are forgotten. */
  private hasRoom(): boolean {
    const now = this.options.clock.now();
    if (this.sessions.size >= MAX_CHAINS && now >= this.sweptAt + MINUTE_MS) {
      this.sweptAt = now;
      for (const [key, { askedAt }] of this.sessions) if (askedAt < now - DAY_MS) this.sessions.delete(key);
    }
    return this.sessions.size < MAX_CHAINS;
  }
}
