import type { AdminStats, Counts, TrafficCounts } from '../../../src/contract/admin-stats.js';

/** The counters that have a count for each reason. */
export const GROUPS = [
  'handshakes_refused',
  'requests_refused',
  'closed',
  'slow_closed',
  'disconnections',
] as const satisfies readonly (keyof TrafficCounts)[];
export type Group = (typeof GROUPS)[number];

/** One reason of a group. */
export interface Counted {
  readonly reason: string;
  /** Since the page was opened. */
  readonly since: number;
  /** Since the replicas that report now have started. */
  readonly total: number;
}

/** How much each group has increased. */
export type Increase = Readonly<Record<Group, number>>;

const MINUTE = 60;

interface Seen {
  readonly startedAt: number;
  readonly counts: TrafficCounts;
}

/**
 * Adds up how much the counters of the replicas have increased since the page was opened. It
 * compares each replica with itself, so that a replica which is missing for a while, or starts
 * again, neither hides an increase nor makes one up.
 */
export class Increases {
  private readonly seen = new Map<string, Seen>();
  private readonly since = new Map<Group, Map<string, number>>(GROUPS.map((group) => [group, new Map()]));
  /** The increases of the last minute. */
  private recent: { readonly at: number; readonly increase: Increase }[] = [];
  private openedAt: number | undefined;

  /** @returns the increase of this second, of each group */
  take(stats: AdminStats): Increase {
    this.openedAt ??= stats.server_time;
    const now = Object.fromEntries(GROUPS.map((group) => [group, 0])) as Record<Group, number>;
    for (const { replica, started_at, counts } of stats.replicas) {
      const before = this.seen.get(replica);
      const isSame = before?.startedAt === started_at;
      // All that a replica counted before the page was opened is no increase.
      if (isSame || started_at > this.openedAt) {
        for (const group of GROUPS)
          now[group] += this.add(group, counts[group], isSame ? before.counts[group] : {});
      }
      this.seen.set(replica, { startedAt: started_at, counts });
    }
    const { server_time: at } = stats;
    this.recent = [...this.recent.filter((one) => one.at > at - MINUTE), { at, increase: now }];
    return now;
  }

  /** The reasons of a group, those that increased most first. */
  table(group: Group, total: TrafficCounts): Counted[] {
    const since = this.since.get(group)!;
    const reasons = new Set([...since.keys(), ...Object.keys(total[group])]);
    return [...reasons]
      .map((reason) => ({ reason, since: since.get(reason) ?? 0, total: total[group][reason] ?? 0 }))
      .filter(({ since, total }) => since > 0 || total > 0)
      .sort((a, b) => b.since - a.since || b.total - a.total || a.reason.localeCompare(b.reason));
  }

  /** The increase of a group since the page was opened. */
  sum(group: Group): number {
    return [...this.since.get(group)!.values()].reduce((sum, increase) => sum + increase, 0);
  }

  /** The increase of a group in the last minute. */
  lastMinute(group: Group): number {
    return this.recent.reduce((sum, { increase }) => sum + increase[group], 0);
  }

  private add(group: Group, counts: Counts, before: Counts): number {
    const since = this.since.get(group)!;
    let sum = 0;
    for (const [reason, value] of Object.entries(counts)) {
      const increase = value - (before[reason] ?? 0);
      if (increase <= 0) continue;
      since.set(reason, (since.get(reason) ?? 0) + increase);
      sum += increase;
    }
    return sum;
  }
}
