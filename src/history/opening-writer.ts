import type { Verdict } from '../cache/latest-messages.js';
import type { Clock, Timer } from '../common/clock.js';
import { jittered } from '../common/jittered.js';
import { chainKey, type ChainMessage } from '../feed/market-message.js';
import { historyId, type HistoryId } from './history-id.js';
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
  /** Without the lease, it is written from then on: ms of the monotonic clock. */
  readonly leaseUntil: number;
}

/** An opening that the store may lack. */
interface Opening {
  readonly id: HistoryId;
  readonly value: string;
  readonly startMs: number;
  leaseUntil: number;
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
/** For so long, an opening is left to the replica that holds the lease. */
const LEASE_MS = 10 * MINUTE_MS;

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
    const askedAt = this.options.clock.now();
    this.sessions.set(chain.key, { startMs, askAgainMs, newestMs, askedAt, isLost: false });
    // A clock that was set back may make this chain the earliest one of its session.
    if (known?.startMs === startMs && verdict === 'newest') return;
    const leaseUntil = askedAt + (known?.isLost ? 0 : jittered(LEASE_MS, 1));
    this.taken.set(openingStream(chain.product, chain.expiry), { chain, startMs, leaseUntil });
    this.schedule();
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
    if (opening) opening.leaseUntil = -Infinity;
    else Object.assign(session, { startMs: undefined, askAgainMs: -Infinity, isLost: true });
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
    this.timer = this.options.clock.after(this.options.intervalMs, () => {
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
    const due = [...this.openings].filter(([, { leaseUntil }]) => mayWrite || leaseUntil <= now);
    for (let start = 0; start < due.length; start += BATCH) {
      try {
        if (!(await this.write(due.slice(start, start + BATCH)))) return;
      } catch (error) {
        // The store cannot be reached. The openings wait for the next flush.
        this.options.onError(error instanceof Error ? error : new Error(String(error)));
        return;
      }
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
        // Another program may use the key, so it is not tried for ever.
        if (opening.leaseUntil <= this.options.clock.now()) this.drop(stream, opening);
        continue;
      }
      isRefused = false;
      this.drop(stream, opening);
      this.options.onWritten(result.appended);
    }
    return !isRefused;
  }

  private readTaken(): void {
    for (const [stream, { chain, startMs, leaseUntil }] of this.taken) {
      const value = openingText(chain);
      if (value === undefined) {
        // The platform has not filled it yet. A chain of the next minute may be better.
        const session = this.sessions.get(chain.key);
        if (session) session.startMs = undefined;
        continue;
      }
      const before = this.openings.get(stream);
      if (before) this.drop(stream, before);
      const id = historyId(chain.time, chain.processedTime);
      this.openings.set(stream, { id, value, startMs, leaseUntil });
      this.length += value.length;
    }
    this.taken.clear();
    for (const [stream, opening] of this.openings) {
      if (this.length <= MAX_WAITING_LENGTH) break;
      this.drop(stream, opening);
    }
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
