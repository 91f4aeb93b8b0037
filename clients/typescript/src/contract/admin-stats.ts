// Copied from the service by scripts/copy-contract.mjs: change it there.
import type { ProductSymbol } from './symbol.js';

/** Numbers by name, for example by the reason of a refusal. Those that are 0 may be left out. */
export interface Counts {
  readonly [name: string]: number;
}

/** How long something took in the last ten seconds, ms. */
export interface Percentiles {
  /** Half of the samples were not longer. */
  readonly p50_ms: number;
  readonly p90_ms: number;
  readonly p99_ms: number;
  /**
   * @asType integer
   * @minimum 1
   */
  readonly samples: number;
}

/** What happens per second, counted since the report before. */
export interface TrafficRates {
  /** Messages from the feed. */
  readonly feed_messages: number;
  /** Messages from clients. */
  readonly client_messages: number;
  /** Updates sent to rooms. */
  readonly broadcasts: number;
  /** Those updates, once for each client that was sent them. */
  readonly deliveries: number;
  /** Bytes of updates and snapshots that were written. */
  readonly written_bytes: number;
  /** Updates that slow clients were not sent, because newer ones replaced them. */
  readonly conflated: number;
  readonly connections: number;
  readonly disconnections: number;
}

/** What has been counted since the replicas started. */
export interface TrafficCounts {
  readonly conflated: number;
  /** Connections that ended, by reason. */
  readonly disconnections: Counts;
  /** Clients that the gateway closed, by the code of `closing`. */
  readonly closed: Counts;
  /** Clients that were closed because they did not read, by reason. */
  readonly slow_closed: Counts;
  /** Handshakes that were refused, by reason. */
  readonly handshakes_refused: Counts;
  /** Requests that were refused, by the code of the error. */
  readonly requests_refused: Counts;
}

/** Percentiles of three durations. Each is left out if nothing was measured. */
export interface LatencyStats {
  /** From the producer's time of an update until it is written to the clients that keep up. */
  readonly end_to_end?: Percentiles;
  /** From the arrival of an update from Redis until it is written to the clients that keep up. */
  readonly relay?: Percentiles;
  /** Of one flush to all clients with waiting updates. */
  readonly flush?: Percentiles;
}

/** A room and the number of its clients. */
export interface RoomClients {
  readonly room: string;
  /**
   * @asType integer
   * @minimum 0
   */
  readonly clients: number;
}

/** What one replica, or all of them together, did in the last second. */
export interface TrafficStats {
  /**
   * @asType integer
   * @minimum 0
   */
  readonly clients: number;
  /**
   * Clients that read too slowly, and receive only the newest update of each stream.
   * @asType integer
   * @minimum 0
   */
  readonly lagging_clients: number;
  /**
   * The rooms with the most clients, at most 20. In the sum of all replicas, a room counts on those
   * replicas that have it among their 20 largest.
   */
  readonly rooms: readonly RoomClients[];
  readonly rates: TrafficRates;
  readonly counts: TrafficCounts;
  readonly latency: LatencyStats;
}

/** The report of one replica. */
export interface ReplicaStats extends TrafficStats {
  readonly replica: string;
  readonly version: string;
  /** Version of Node.js. */
  readonly node: string;
  /** When it started, seconds since the epoch. */
  readonly started_at: number;
  readonly state: 'serving' | 'draining';
  /** Why it refuses new clients at the moment. Left out if it accepts them. */
  readonly refuses?: string;
  /** Whether it receives the feed. */
  readonly feed: 'up' | 'down';
  /** Products whose price has stopped during their market hours, at most 20. */
  readonly stale_products: readonly ProductSymbol[];
  /** What does not work with Redis, by connection. Empty if all works. */
  readonly redis_problems: { readonly [connection: string]: string };
  /** The share of one processor that it used in the last second: 0.25 is a quarter of a core. */
  readonly cpu: number;
  readonly rss_bytes: number;
  /** The longest time that its event loop did not respond in the last seconds, ms. */
  readonly event_loop_delay_ms: number;
}

/** A replica that should have reported. */
export interface MissingReplica {
  readonly replica: string;
  /** How long nothing has come from it, ms. */
  readonly silent_ms: number;
}

/** The age of a product's newest price, as the replica that sends `admin_stats` sees it. */
export interface ProductFreshness {
  readonly product: ProductSymbol;
  readonly status: 'live' | 'stale';
  /** Age of the newest price, ms; `null` if there was none. */
  readonly age_ms: number | null;
}

/**
 * The state of all replicas, sent each second to the room `admin`. Replicas measure and report only
 * while at least one client is in it.
 */
export interface AdminStats {
  /** Time of the replica that sends this, seconds since the epoch. */
  readonly server_time: number;
  /** The replica that sends this. */
  readonly replica: string;
  /** The sum of the replicas that reported. Its percentiles are those of all their samples. */
  readonly total: TrafficStats;
  /** The replicas that reported, by name. */
  readonly replicas: readonly ReplicaStats[];
  /** The replicas that serve, as far as is known, but have not reported. */
  readonly missing: readonly MissingReplica[];
  /** The products with the oldest prices first, at most 200. */
  readonly products: readonly ProductFreshness[];
}
