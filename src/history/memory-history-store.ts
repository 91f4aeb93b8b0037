import { compareIds, type HistoryId } from './history-id.js';
import type {
  AppendResult,
  HistoryBounds,
  HistoryEntry,
  HistoryRange,
  HistoryRun,
  HistoryStore,
} from './history-store.js';
import { isBeforeSetBack } from './set-back.js';

interface Stream {
  entries: HistoryEntry[];
  /** In ms since the epoch. */
  expiresAt: number;
}

/**
 * Holds the streams in this process. It replaces Redis in tests, and in `npm run demo` on a machine
 * without Redis.
 */
export class MemoryHistoryStore implements HistoryStore {
  private readonly streams = new Map<string, Stream>();

  /** @param now the time in ms since the epoch */
  constructor(private readonly now: () => number) {}

  append(runs: readonly HistoryRun[], bounds: HistoryBounds): Promise<AppendResult[]> {
    return Promise.resolve(runs.map((run) => this.appendOne(run, bounds)));
  }

  read(name: string, { from, to, limit, newest = false }: HistoryRange): Promise<HistoryEntry[]> {
    const found = (this.live(name)?.entries ?? []).filter(
      (entry) => compareIds(entry, from) >= 0 && compareIds(entry, to) <= 0,
    );
    return Promise.resolve(newest ? found.slice(-limit) : found.slice(0, limit));
  }

  /** Forgets everything, as Redis does when it is restarted without a disk. */
  clear(): void {
    this.streams.clear();
  }

  private appendOne(run: HistoryRun, { keepMs, maxEntries, idleMs }: HistoryBounds): AppendResult {
    let kept = this.live(run.stream)?.entries ?? [];
    const newest = run.entries.at(-1)!;
    if (kept.length > 0 && isBeforeSetBack(kept.at(-1)!, newest, run.abandoned)) kept = [];
    if (run.firstSince !== undefined) {
      const first = kept.at(-1);
      if (first && first.ms >= run.firstSince && compareIds(first, newest) <= 0)
        return { last: { ms: first.ms, seq: first.seq }, appended: 0, behind: false, gap: false };
      kept = [];
    }
    const tail = kept.at(-1);
    const last: HistoryId | undefined = tail && { ms: tail.ms, seq: tail.seq };
    if (run.follows && (!last || compareIds(last, run.follows) < 0)) {
      return { last, appended: 0, behind: true, gap: false };
    }
    const added = run.entries.filter((entry) => !last || compareIds(entry, last) > 0);
    const gap = !run.follows && added.length > 0 && (!last || compareIds(last, run.entries[0]!) < 0);
    kept = [...kept, ...added.map((entry, index) => ({ ...entry, gap: gap && index === 0 }))];
    const oldestMs = (kept.at(-1)?.ms ?? 0) - keepMs;
    const entries = kept.slice(-maxEntries).filter(({ ms }) => ms >= oldestMs);
    this.streams.set(run.stream, { entries, expiresAt: this.now() + idleMs });
    return { last, appended: added.length, behind: false, gap };
  }

  private live(name: string): Stream | undefined {
    const stream = this.streams.get(name);
    if (stream && stream.expiresAt <= this.now()) {
      this.streams.delete(name);
      return undefined;
    }
    return stream;
  }
}
