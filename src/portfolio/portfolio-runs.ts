import type { Clock } from '../common/clock.js';
import { compareIds, timeOfId } from '../history/history-id.js';
import type { ReceivedUpdates } from '../history/history-reader.js';
import type { UnwrittenUpdates } from '../history/history-writer.js';
import { type RecentUpdate, RecentUpdates } from '../history/recent-updates.js';

/** The most portfolios in memory that the store may lack. Beyond it, those of a user are forgotten. */
const MAX_UPDATES = 20_000;
/** About how many of them may be of one user. */
const MAX_OF_USER = 1_000;
/** How long a user who has left waits for a store that refuses its portfolios, ms. */
const GIVE_UP_AFTER_MS = 60_000;
/**
 * Intervals of writing that another replica has to write what is missing before a gap is marked: one
 * until its next write, and one more for the time that this takes.
 */
const GRACE_INTERVALS = 2;
/** The same for a run that has just begun, counted from its beginning: two more until it is written. */
const FIRST_GRACE_INTERVALS = 4;

/** Portfolios of one user that this replica has received one after the other, without a gap. */
interface Run {
  readonly updates: RecentUpdates;
  /** When it began, ms of the clock. */
  began: number;
  /** Until when another replica may write what was before it; undefined if nothing is missing. */
  graceEnds: number | undefined;
  /** Whether the store has a part of it. */
  isAppended: boolean;
  /**
   * The newest portfolio of the run, if it was read from the store of newest portfolios. Earlier ones
   * may still be on the way.
   */
  found: RecentUpdate | undefined;
}

/** The runs of one user, oldest first. The last one goes on as long as the user has not left. */
interface UserRuns {
  readonly runs: Run[];
  /** When the last run ended, ms of the clock; undefined while it goes on. */
  endedAt: number | undefined;
}

/**
 * The portfolios that this replica has received and the store may not have yet, by stream. After the
 * last client of a user has left, a run ends: this replica misses what is published then. What it has
 * received waits until it is written.
 */
export class PortfolioRuns implements UnwrittenUpdates, ReceivedUpdates {
  private readonly users = new Map<string, UserRuns>();
  /** The streams that the store may lack updates of, in the order of their first such update. */
  private readonly unwritten = new Set<string>();
  private held = 0;
  private isFinal = false;

  /** @param intervalMs the time between two writes, ms */
  constructor(
    private readonly clock: Pick<Clock, 'now' | 'wallNow'>,
    private readonly intervalMs: number,
  ) {}

  get waiting(): readonly string[] {
    return [...this.unwritten].filter((stream) => this.graceOf(stream) <= 0);
  }

  get nextAfterMs(): number {
    let next = Infinity;
    for (const stream of this.unwritten) {
      const grace = this.graceOf(stream);
      if (grace > 0) next = Math.min(next, grace);
    }
    return next;
  }

  get waits(): boolean {
    return this.unwritten.size > 0;
  }

  of(stream: string): RecentUpdates | undefined {
    return this.users.get(stream)?.runs[0]?.updates;
  }

  runsOf(stream: string): readonly RecentUpdates[] {
    return (this.users.get(stream)?.runs ?? []).map(({ updates }) => updates);
  }

  /** How many portfolios are in memory. */
  get size(): number {
    return this.held;
  }

  /**
   * Adds a portfolio that was published.
   * @param isNewest whether it was sent to the clients
   * @returns whether it is the next one of its stream
   */
  add(stream: string, update: RecentUpdate, isNewest: boolean): boolean {
    const run = this.openRun(stream);
    const newest = run?.updates.newestId;
    if (!run || !newest) {
      // It may be older than what the clients have got from another replica.
      if (!isNewest) return false;
      this.append(stream, run ?? this.begin(stream), update);
      return true;
    }
    const { found } = run;
    if (compareIds(update, newest) > 0) {
      run.found = undefined;
    } else if (isNewest && timeOfId(update) < timeOfId(newest)) {
      this.held -= run.updates.all.length;
      run.updates.setBack();
      Object.assign(run, this.fresh());
    } else if (found && compareIds(update, found) < 0) {
      return this.insertBefore(run, found, update);
    } else {
      run.found = undefined;
      return false;
    }
    this.append(stream, run, update);
    return true;
  }

  /**
   * Adds the newest portfolio, which was read after the subscription worked. So all later ones arrive.
   * @returns false if it is known, or will arrive too
   */
  addFound(stream: string, update: RecentUpdate): boolean {
    if (this.openRun(stream)) return false;
    const user = this.users.get(stream);
    const last = user?.runs.at(-1);
    const newest = last?.updates.newestId;
    if (user && last && newest && compareIds(update, newest) <= 0) {
      // Nothing was published since the run ended, so it goes on.
      if (compareIds(update, newest) === 0) user.endedAt = undefined;
      return false;
    }
    const run = this.begin(stream);
    run.found = update;
    this.append(stream, run, update);
    return true;
  }

  /** This replica misses what follows: the next portfolio begins a new run. */
  end(stream: string): void {
    const user = this.users.get(stream);
    if (!user) return;
    user.endedAt ??= this.clock.now();
    if (!this.unwritten.has(stream)) this.users.delete(stream);
  }

  written(stream: string): boolean {
    const user = this.users.get(stream);
    const run = user?.runs[0];
    if (!user || !run) {
      this.unwritten.delete(stream);
      return false;
    }
    this.held -= run.updates.forgetStored();
    if (user.runs.length > 1) {
      user.runs.shift();
      return true;
    }
    this.unwritten.delete(stream);
    if (user.endedAt !== undefined) this.users.delete(stream);
    return false;
  }

  /** Entries of the oldest run have been appended to the stream. */
  appended(stream: string): void {
    const run = this.users.get(stream)?.runs[0];
    if (!run) return;
    run.isAppended = true;
    run.graceEnds = undefined;
  }

  /** The store has refused the stream, as if another program uses its key. */
  refused(stream: string): void {
    const endedAt = this.users.get(stream)?.endedAt;
    if (endedAt !== undefined && this.clock.now() - endedAt > GIVE_UP_AFTER_MS) this.forget(stream);
  }

  /** Whether the oldest run waits for some time, because another replica may write what is before it. */
  waitsForOthers(stream: string): boolean {
    const run = this.users.get(stream)?.runs[0];
    if (!run || this.isFinal) return false;
    const graceMs = GRACE_INTERVALS * this.intervalMs;
    run.graceEnds ??= run.isAppended ? this.clock.now() + graceMs : this.firstGraceEnds(run);
    return this.graceOf(stream) > 0;
  }

  /** How long the oldest run still waits for other replicas, ms; 0 or less if it does not. */
  private graceOf(stream: string): number {
    const ends = this.users.get(stream)?.runs[0]?.graceEnds;
    return ends === undefined || this.isFinal ? 0 : ends - this.clock.now();
  }

  /**
   * Replicas whose runs begin at almost the same time must write in the order of their first
   * portfolios. So the grace is counted from when these were published, as far as that was recently.
   */
  private firstGraceEnds({ updates, began }: Run): number {
    const first = updates.all[0];
    const beganAt = this.clock.wallNow() - (this.clock.now() - began);
    const delayMs = first ? beganAt - timeOfId(first) / 1_000 : 0;
    return began + FIRST_GRACE_INTERVALS * this.intervalMs - Math.min(Math.max(0, delayMs), this.intervalMs);
  }

  /** Nothing waits for other replicas any more, because this one is about to stop. */
  finish(): void {
    this.isFinal = true;
  }

  private openRun(stream: string): Run | undefined {
    const user = this.users.get(stream);
    return user?.endedAt === undefined ? user?.runs.at(-1) : undefined;
  }

  private begin(stream: string): Run {
    const run = { updates: new RecentUpdates(), ...this.fresh() };
    const user = this.users.get(stream) ?? { runs: [], endedAt: undefined };
    user.endedAt = undefined;
    // A last run that the store has would only be in the way.
    if (!this.unwritten.has(stream)) user.runs.length = 0;
    user.runs.push(run);
    this.users.set(stream, user);
    return run;
  }

  private fresh(): Omit<Run, 'updates'> {
    return { began: this.clock.now(), graceEnds: undefined, isAppended: false, found: undefined };
  }

  private append(stream: string, { updates }: Run, update: RecentUpdate): void {
    const before = updates.all.length;
    updates.add(update, MAX_OF_USER);
    this.held += updates.all.length - before;
    this.unwritten.add(stream);
    // The users whose portfolios have waited the longest.
    for (const waiting of this.unwritten) {
      if (this.held <= MAX_UPDATES) return;
      this.forget(waiting);
    }
  }

  /** Adds a portfolio that was published before `found`, the last one of the run. */
  private insertBefore(run: Run, found: RecentUpdate, update: RecentUpdate): boolean {
    const { updates } = run;
    const earlier = updates.all.slice(0, -1);
    const last = earlier.at(-1);
    // The store may have what was found already. Then nothing can be added before it.
    if (run.isAppended || updates.newest !== found || (last && compareIds(update, last) <= 0)) return false;
    updates.interrupt();
    for (const item of [...earlier, update, found]) updates.add(item, MAX_OF_USER);
    this.held++;
    return true;
  }

  private forget(stream: string): void {
    for (const { updates } of this.users.get(stream)?.runs ?? []) this.held -= updates.all.length;
    this.users.delete(stream);
    this.unwritten.delete(stream);
  }
}
