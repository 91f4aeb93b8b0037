import type { AdminStats } from '../../../src/contract/admin-stats.js';

/** How long the charts look back, s. */
export const WINDOW_SECONDS = 600;
/** A pause between two points of more than this is a gap in the lines, s. */
const GAP_SECONDS = 3;

/** Values at the times of the points; `null` where there was none. */
export type Series = readonly (number | null)[];

/** The values of one second, by name. */
export type Point = Readonly<Record<string, number | undefined>>;

/** The last ten minutes, in columns: for each name one value for each time. */
export class Recent {
  private readonly times: number[] = [];
  private readonly columns = new Map<string, (number | null)[]>();

  /** @param at seconds; a point that is not later than the newest one is ignored */
  add(at: number, point: Point): void {
    const newest = this.times.at(-1);
    if (newest !== undefined && at <= newest) return;
    if (newest !== undefined && at - newest > GAP_SECONDS) this.append(newest + 1, {});
    this.append(at, point);
    const old = this.times.findIndex((time) => time > at - WINDOW_SECONDS);
    if (old <= 0) return;
    this.times.splice(0, old);
    for (const [name, values] of this.columns) {
      values.splice(0, old);
      if (values.every((value) => value === null)) this.columns.delete(name); // a replica that has gone
    }
  }

  get time(): readonly number[] {
    return this.times;
  }

  series(name: string): Series {
    return this.columns.get(name) ?? this.times.map(() => null);
  }

  /** The names that begin with `prefix`, without it, sorted. */
  names(prefix: string): string[] {
    return [...this.columns.keys()]
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length))
      .sort();
  }

  private append(at: number, point: Point): void {
    for (const [name, value] of Object.entries(point)) {
      if (value !== undefined && !this.columns.has(name))
        this.columns.set(
          name,
          this.times.map(() => null),
        );
    }
    this.times.push(at);
    for (const [name, values] of this.columns) values.push(point[name] ?? null);
  }
}

/** What the charts show of one second. Names with a colon belong to one replica. */
export function pointOf({ total, replicas }: AdminStats, refusals: number): Point {
  const { rates, latency } = total;
  const point: Record<string, number | undefined> = {
    clients: total.clients,
    deliveries: rates.deliveries,
    bytes: rates.written_bytes,
    feed: rates.feed_messages,
    end_to_end_p50: latency.end_to_end?.p50_ms,
    end_to_end_p99: latency.end_to_end?.p99_ms,
    relay_p50: latency.relay?.p50_ms,
    relay_p99: latency.relay?.p99_ms,
    flush_p99: latency.flush?.p99_ms,
    conflated: rates.conflated,
    lagging: total.lagging_clients,
    refusals,
    connections: rates.connections,
    disconnections: rates.disconnections,
  };
  for (const { replica, clients, cpu, event_loop_delay_ms } of replicas) {
    point[`clients:${replica}`] = clients;
    point[`cpu:${replica}`] = cpu * 100;
    point[`loop:${replica}`] = event_loop_delay_ms;
  }
  return point;
}
