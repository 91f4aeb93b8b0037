import type {
  Counts,
  LatencyStats,
  RoomClients,
  TrafficCounts,
  TrafficRates,
  TrafficStats,
} from '../../contract/index.js';
import { type Buckets, percentilesOf, sumOfBuckets } from './buckets.js';
import { LATENCIES, type LatencyName, MAX_ROOMS, type ReplicaReport } from './replica-report.js';

/** The latest report of a replica, and what it measured in the last seconds. */
export interface RecentReport {
  readonly report: ReplicaReport;
  readonly recent: readonly Readonly<Record<LatencyName, Buckets>>[];
}

/** Adds up the reports of replicas. The percentiles are those of all samples together. */
export function sumOf(reports: readonly RecentReport[]): TrafficStats {
  const all = reports.map(({ report }) => report);
  return {
    clients: total(all, ({ clients }) => clients),
    lagging_clients: total(all, ({ lagging_clients }) => lagging_clients),
    rooms: sumOfRooms(all.map(({ rooms }) => rooms)),
    rates: sumOfRates(all.map(({ rates }) => rates)),
    counts: sumOfCounts(all.map(({ counts }) => counts)),
    latency: latencyOf(reports),
  };
}

export function latencyOf(reports: readonly RecentReport[]): LatencyStats {
  const samples = reports.flatMap(({ recent }) => recent);
  return Object.fromEntries(
    LATENCIES.flatMap((name) => {
      const percentiles = percentilesOf(sumOfBuckets(samples.map((one) => one[name])));
      return percentiles ? [[name, percentiles]] : [];
    }),
  );
}

function sumOfRates(list: readonly TrafficRates[]): TrafficRates {
  const sum = (of: (rates: TrafficRates) => number) => Math.round(total(list, of) * 1_000) / 1_000;
  return {
    feed_messages: sum((rates) => rates.feed_messages),
    client_messages: sum((rates) => rates.client_messages),
    broadcasts: sum((rates) => rates.broadcasts),
    deliveries: sum((rates) => rates.deliveries),
    written_bytes: sum((rates) => rates.written_bytes),
    conflated: sum((rates) => rates.conflated),
    connections: sum((rates) => rates.connections),
    disconnections: sum((rates) => rates.disconnections),
  };
}

function sumOfCounts(list: readonly TrafficCounts[]): TrafficCounts {
  const sum = (of: (counts: TrafficCounts) => Counts) => sumByName(list.map(of));
  return {
    conflated: total(list, ({ conflated }) => conflated),
    disconnections: sum((counts) => counts.disconnections),
    closed: sum((counts) => counts.closed),
    slow_closed: sum((counts) => counts.slow_closed),
    handshakes_refused: sum((counts) => counts.handshakes_refused),
    requests_refused: sum((counts) => counts.requests_refused),
  };
}

function sumByName(list: readonly Counts[]): Counts {
  const sum = new Map<string, number>();
  for (const counts of list)
    for (const [name, count] of Object.entries(counts)) sum.set(name, (sum.get(name) ?? 0) + count);
  return Object.fromEntries(sum);
}

function sumOfRooms(list: readonly (readonly RoomClients[])[]): RoomClients[] {
  const sums = sumByName(
    list.map((rooms) => Object.fromEntries(rooms.map(({ room, clients }) => [room, clients]))),
  );
  return Object.entries(sums)
    .sort(([, a], [, b]) => b - a)
    .slice(0, MAX_ROOMS)
    .map(([room, clients]) => ({ room, clients }));
}

function total<T>(list: readonly T[], of: (one: T) => number): number {
  return list.reduce((sum, one) => sum + of(one), 0);
}
