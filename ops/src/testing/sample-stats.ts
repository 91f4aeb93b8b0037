import type {
  AdminStats,
  ReplicaStats,
  TrafficCounts,
  TrafficRates,
  TrafficStats,
} from '../../../src/contract/admin-stats.js';

const RATES: TrafficRates = {
  feed_messages: 10,
  client_messages: 1,
  broadcasts: 20,
  deliveries: 200,
  written_bytes: 20_000,
  conflated: 0,
  connections: 1,
  disconnections: 0,
};

export const NO_COUNTS: TrafficCounts = {
  conflated: 0,
  disconnections: {},
  closed: {},
  slow_closed: {},
  handshakes_refused: {},
  requests_refused: {},
};

export const TRAFFIC: TrafficStats = {
  clients: 100,
  lagging_clients: 0,
  rooms: [],
  rates: RATES,
  counts: NO_COUNTS,
  latency: {},
};

/** A replica without problems. */
export function replicaStats(replica: string, more: Partial<ReplicaStats> = {}): ReplicaStats {
  return {
    ...TRAFFIC,
    replica,
    version: '1.0.0',
    node: '24.0.0',
    started_at: 1_000,
    state: 'serving',
    feed: 'up',
    stale_products: [],
    redis_problems: {},
    cpu: 0.2,
    rss_bytes: 1e8,
    event_loop_delay_ms: 10,
    ...more,
  };
}

/** The state of replicas without problems. */
export function adminStats(replicas: readonly ReplicaStats[], more: Partial<AdminStats> = {}): AdminStats {
  return {
    server_time: 2_000,
    replica: replicas[0]?.replica ?? 'a',
    total: TRAFFIC,
    replicas,
    missing: [],
    products: [],
    ...more,
  };
}
