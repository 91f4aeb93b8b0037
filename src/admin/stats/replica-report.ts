import { isSymbol, type ReplicaStats, type RoomClients } from '../../contract/index.js';
import { isRecord } from '../../replicas/replica-message.js';
import { type BucketList, type Buckets, readBuckets } from './buckets.js';

/** The histograms of a report. */
export const LATENCIES = ['end_to_end', 'relay', 'flush'] as const;
export type LatencyName = (typeof LATENCIES)[number];

/** What happened on a replica since its last report, as replicas send it. */
export interface SentReport extends Omit<ReplicaStats, 'latency'> {
  readonly latency: Readonly<Record<LatencyName, BucketList>>;
}

/** The same, as it was read. */
export interface ReplicaReport extends Omit<ReplicaStats, 'latency'> {
  readonly latency: Readonly<Record<LatencyName, Buckets>>;
}

/** The rooms that a report names. */
export const MAX_ROOMS = 20;
/** The stale products that a report names. */
export const MAX_STALE_PRODUCTS = 20;
/** The most names of a counter in a report: reasons and codes, of which there are few. */
const MAX_COUNTS = 100;
const MAX_TEXT = 500;

/**
 * Reads the report of another replica, which may run another version. What it does not have counts
 * as 0, because it cannot be known.
 * @param from the replica that sent it
 * @returns `undefined` if it is no report
 */
export function readReport(from: string, body: unknown): ReplicaReport | undefined {
  if (!isRecord(body) || !isRecord(body.rates) || !isRecord(body.counts) || !isRecord(body.latency))
    return undefined;
  const { rates, counts, latency } = body;
  const refuses = textOf(body.refuses);
  return {
    replica: from,
    version: textOf(body.version) ?? 'unknown',
    node: textOf(body.node) ?? 'unknown',
    started_at: numberOf(body.started_at),
    state: body.state === 'draining' ? 'draining' : 'serving',
    ...(refuses !== undefined && { refuses }),
    feed: body.feed === 'up' ? 'up' : 'down',
    clients: numberOf(body.clients),
    lagging_clients: numberOf(body.lagging_clients),
    rooms: roomsOf(body.rooms),
    stale_products: Array.isArray(body.stale_products)
      ? body.stale_products.slice(0, MAX_STALE_PRODUCTS).filter(isSymbol)
      : [],
    redis_problems: Object.fromEntries(
      entriesOf(body.redis_problems).flatMap(([name, text]) =>
        typeof text === 'string' ? [[name, text.slice(0, MAX_TEXT)]] : [],
      ),
    ),
    cpu: numberOf(body.cpu),
    rss_bytes: numberOf(body.rss_bytes),
    event_loop_delay_ms: numberOf(body.event_loop_delay_ms),
    rates: {
      feed_messages: numberOf(rates.feed_messages),
      client_messages: numberOf(rates.client_messages),
      broadcasts: numberOf(rates.broadcasts),
      deliveries: numberOf(rates.deliveries),
      written_bytes: numberOf(rates.written_bytes),
      conflated: numberOf(rates.conflated),
      connections: numberOf(rates.connections),
      disconnections: numberOf(rates.disconnections),
    },
    counts: {
      conflated: numberOf(counts.conflated),
      disconnections: countsOf(counts.disconnections),
      closed: countsOf(counts.closed),
      slow_closed: countsOf(counts.slow_closed),
      handshakes_refused: countsOf(counts.handshakes_refused),
      requests_refused: countsOf(counts.requests_refused),
    },
    latency: {
      end_to_end: readBuckets(latency.end_to_end) ?? NO_BUCKETS,
      relay: readBuckets(latency.relay) ?? NO_BUCKETS,
      flush: readBuckets(latency.flush) ?? NO_BUCKETS,
    },
  };
}

const NO_BUCKETS: Buckets = new Map();

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.length <= MAX_TEXT ? value : undefined;
}

function countsOf(value: unknown): Record<string, number> {
  return Object.fromEntries(entriesOf(value).map(([name, count]) => [name, numberOf(count)]));
}

function entriesOf(value: unknown): [string, unknown][] {
  return isRecord(value) ? Object.entries(value).slice(0, MAX_COUNTS) : [];
}

function roomsOf(value: unknown): RoomClients[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MAX_ROOMS).flatMap((entry: unknown) => {
    if (!isRecord(entry)) return [];
    const room = textOf(entry.room);
    return room === undefined ? [] : [{ room, clients: numberOf(entry.clients) }];
  });
}
