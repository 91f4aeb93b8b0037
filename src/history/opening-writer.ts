import type { Verdict } from '../cache/latest-messages.js';
import type { Clock, Timer } from '../common/clock.js';
import { chainKey, type ChainMessage } from '../feed/market-message.js';
import { historyId } from './history-id.js';
import type { HistoryBounds, HistoryRun, HistoryStore } from './history-store.js';
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

/** The session of one chain. */
interface Session {
  readonly startMs: number;
  /** A new session cannot have begun before this time of the feed, ms since the epoch. */
  readonly askAgainMs: number;
  /** The time of the newest chain, ms since the epoch. */
  newestMs: number;
}

/** An opening that the store may lack. */
interface Waiting {
  readonly run: HistoryRun;
  /** Whether this replica writes it without the lease, too. */
  isLost: boolean;
  /** The key of its chain. */
  readonly key: string;
  /** When it is given up, ms of the monotonic clock. */
  readonly untilMs: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** An opening is kept for longer than any exchange rests, so that it is there until the next one. */
const BOUNDS: HistoryBounds = { keepMs: 15 * DAY_MS, maxEntries: 1, idleMs: 15 * DAY_MS };
/** Chains of which openings are kept. Further ones have none. */
const MAX_CHAINS = 10_000;
/** Openings that are written together. It limits how long one write blocks Redis. */
const BATCH = 32;
/** After this, the replica that holds the lease has written an opening, or Redis has refused it. */
const GIVE_UP_AFTER_MS = 10 * MINUTE_MS;

/**
 * Keeps the first chain of each session. Sessions begin on whole minutes, so a chain message costs
 * one comparison, and a look at the schedule once a minute.
 *
 * Every replica remembers its first chain until it may write it, and the store takes only one for
 * each session. So neither a restart nor another writer replaces an opening.
 */
export class OpeningWriter {
  /** By the key of the chain. */
  private readonly sessions = new Map<string, Session>();
  /** By stream. */
  private readonly waiting = new Map<string, Waiting>();
  /** The keys of chains whose opening the store has lost. */
  private readonly lost = new Set<string>();
  private timer: Timer | undefined;
  private flushing: Promise<void> = Promise.resolve();
  private stopped = false;
  /** When room was last made for further chains, by the feed's time, ms. */
  private sweptMs = -Infinity;

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
    if (!known && !this.hasRoom(newestMs)) return;
    const startMs = this.options.sessionStartAt(chain.product, newestMs);
    const askAgainMs = (Math.floor(newestMs / MINUTE_MS) + 1) * MINUTE_MS;
    this.sessions.set(chain.key, { startMs, askAgainMs, newestMs });
    if (known?.startMs === startMs) return;
    this.add(chain, startMs, verdict === 'rebased' ? known?.newestMs : undefined);
  }

  /**
   * Call it if the store lacks the opening of a chain, because it may have lost it. If none waits
   * here, the next chain is taken for it. This replica writes it without the lease, too: the one that
   * holds it may not have noticed.
   */
  miss(product: string, expiry: string): void {
    const key = chainKey(product, expiry);
    const waiting = this.waiting.get(openingStream(product, expiry));
    if (waiting) waiting.isLost = true;
    else if (this.sessions.delete(key)) this.lost.add(key);
  }

  /** Writes what waits, if this replica is the writer. Never rejects. Call it at shutdown. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.flushing;
    await this.flush();
  }

  /** @param abandonedMs the time of the newest chain before the clock was set back, if it was */
  private add(chain: ChainMessage, startMs: number, abandonedMs: number | undefined): void {
    const stream = openingStream(chain.product, chain.expiry);
    const run: HistoryRun = {
      stream,
      entries: [{ ...historyId(chain.time, chain.processedTime), value: openingText(chain) }],
      unlessSince: startMs,
      ...(abandonedMs !== undefined && { abandoned: { ms: abandonedMs, seq: 0 } }),
    };
    const untilMs = this.options.clock.now() + GIVE_UP_AFTER_MS;
    const isLost = this.lost.delete(chain.key);
    this.waiting.set(stream, { run, isLost, key: chain.key, untilMs });
    this.schedule();
  }

  private schedule(): void {
    if (this.timer || this.stopped) return;
    this.timer = this.options.clock.after(this.options.intervalMs, () => {
      this.flushing = this.flush().finally(() => {
        this.timer = undefined;
        if (this.waiting.size > 0) this.schedule();
      });
    });
    this.timer.unref?.();
  }

  private async flush(): Promise<void> {
    this.giveUp();
    if (this.waiting.size === 0) return;
    const mayWrite = this.options.mayWrite();
    if (!mayWrite) this.options.claim();
    const all = [...this.waiting.values()].filter(({ isLost }) => mayWrite || isLost);
    for (let start = 0; start < all.length; start += BATCH) {
      try {
        await this.write(all.slice(start, start + BATCH));
      } catch (error) {
        // The store cannot be reached. The openings wait for the next flush.
        this.options.onError(error instanceof Error ? error : new Error(String(error)));
        return;
      }
    }
  }

  private async write(batch: readonly Waiting[]): Promise<void> {
    const runs = batch.map(({ run }) => run);
    const results = await this.store.append(runs, BOUNDS);
    for (const [index, result] of results.entries()) {
      const written = batch[index]!;
      const { stream } = written.run;
      if (result instanceof Error) {
        this.options.onError(result, stream);
        continue;
      }
      if (this.waiting.get(stream) === written) this.waiting.delete(stream);
      this.options.onWritten(result.appended);
    }
  }

  /** Of a chain whose opening was given up, the next one is taken, in case no replica has written any. */
  private giveUp(): void {
    const now = this.options.clock.now();
    for (const [stream, { key, untilMs }] of this.waiting) {
      if (now < untilMs) continue;
      this.waiting.delete(stream);
      this.sessions.delete(key);
    }
  }

  /** Whether there is room for another chain, if those that have ended are forgotten. */
  private hasRoom(nowMs: number): boolean {
    if (this.sessions.size >= MAX_CHAINS && nowMs >= this.sweptMs + MINUTE_MS) {
      this.sweptMs = nowMs;
      for (const [key, { newestMs }] of this.sessions)
        if (newestMs < nowMs - DAY_MS) this.sessions.delete(key);
    }
    return this.sessions.size < MAX_CHAINS;
  }
}
