import type { Verdict } from '../cache/latest-messages.js';
import { RecencyMap } from '../common/recency-map.js';
import { compareIds } from './history-id.js';
import type { ReceivedUpdates } from './history-reader.js';
import type { UnwrittenUpdates } from './history-writer.js';
import { RecentUpdates, type RecentUpdate } from './recent-updates.js';

/** The most streams that are remembered. Beyond it, the least recently updated is forgotten. */
const MAX_STREAMS = 10_000;
/** About how many updates are remembered in all. A price takes about half a kilobyte. */
const MAX_UPDATES = 100_000;
/** How many updates of one stream are remembered: fewer if there are many streams. */
const MAX_OF_STREAM = 1_000;
const MIN_OF_STREAM = 10;

/** The last updates of all streams that this replica has received. */
export class RecentHistory implements UnwrittenUpdates, ReceivedUpdates {
  /** By name, the least recently updated first. */
  private readonly streams = new RecencyMap<string, RecentUpdates>();
  private readonly unwritten = new Set<string>();

  /** The streams with updates that the store may lack, in the order of their first such update. */
  get waiting(): readonly string[] {
    return [...this.unwritten];
  }

  /** No stream waits longer than others. */
  readonly nextAfterMs = Infinity;

  /** Whether the store may lack updates. */
  get waits(): boolean {
    return this.unwritten.size > 0;
  }

  of(stream: string): RecentUpdates | undefined {
    return this.streams.get(stream);
  }

  /** The updates of a stream, if any: one run without a gap. */
  runsOf(stream: string): readonly RecentUpdates[] {
    const recent = this.streams.get(stream);
    return recent ? [recent] : [];
  }

  /**
   * Adds an update that is the next one of its stream.
   * @param verdict `rebased`: the clock of the producer was set back before this update. `older` or
   *   `repeated`: it was not broadcast
   * @returns false if it is not the next one, and was not added
   */
  add(stream: string, update: RecentUpdate, verdict: Verdict): boolean {
    const recent = this.streams.get(stream) ?? new RecentUpdates();
    const { newest } = recent;
    if (verdict === 'rebased') recent.setBack();
    else if (newest ? compareIds(update, newest) <= 0 : verdict === 'older') {
      if (verdict !== 'newest') return false;
      // The cache has evicted the newer update, so clients got this older one after it.
      recent.interrupt();
    }
    this.streams.set(stream, recent);
    const share = Math.floor(MAX_UPDATES / this.streams.size);
    recent.add(update, Math.min(MAX_OF_STREAM, Math.max(MIN_OF_STREAM, share)));
    this.unwritten.add(stream);
    if (this.streams.size > MAX_STREAMS) this.forget(this.streams.firstKey!);
    return true;
  }

  /** Forgets all updates, because this replica may miss the next ones. */
  interrupt(): void {
    for (const recent of this.streams.values()) recent.interrupt();
    this.unwritten.clear();
  }

  /** @returns false: the updates after a gap are the only ones that are remembered */
  written(stream: string): boolean {
    this.unwritten.delete(stream);
    return false;
  }

  private forget(stream: string): void {
    this.streams.delete(stream);
    this.unwritten.delete(stream);
  }
}
