import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/**
 * The Prometheus metrics of one gateway process. Labels are kinds (event, reason, code), never a symbol, room or
 * client: those are unbounded. (One names the products that are configured.)
 */
@Injectable()
export class GatewayMetrics {
  private readonly registry = new Registry();
  private readonly samplers: (() => void | Promise<void>)[] = [];

  readonly connections = this.gauge('connections', 'Clients connected to this replica.');
  readonly rooms = this.gauge('rooms', 'Rooms with a member on this replica.', ['kind']);
  readonly subscriptions = this.gauge('room_members', 'Memberships in rooms on this replica.', ['kind']);
  readonly feedUp = this.gauge('feed_up', '1 while the subscription to the enriched channels is confirmed.');
  readonly cacheEntries = this.gauge('cache_entries', 'Newest messages held in memory.');
  readonly cacheBytes = this.gauge('cache_bytes', 'What the newest messages held in memory weigh.');

  readonly staleProducts = this.gauge(
    'stale_products',
    'Products without a new price for STALE_AFTER_MS, in their market hours.',
  );

  readonly staleChains = this.gauge(
    'stale_chains',
    'Option chains without a new message for CHAIN_STALE_AFTER_MS, in their market hours.',
  );

  readonly connectionsTotal = this.counter('connections_total', 'Connections accepted.');
  readonly disconnects = this.counter('disconnects_total', 'Connections ended.', ['reason']);
  readonly clientMessages = this.counter('client_messages_total', 'Messages from clients.', ['event']);
  readonly clientErrors = this.counter('client_errors_total', 'Client requests refused.', ['code']);
  readonly requestsWaiting = this.gauge('requests_waiting', 'Client requests that wait for their turn.');
  readonly requestsRefused = this.counter(
    'requests_refused_total',
    'Client requests refused with RATE_LIMITED, by what there was too much of.',
    ['limit'],
  );
  readonly requestWork = this.counter(
    'request_work_total',
    'Units of work that client requests were charged before they were done.',
    ['event'],
  );
  readonly feedMessages = this.counter('feed_messages_total', 'Messages from the feed.', ['channel']);
  readonly feedRejected = this.counter('feed_rejected_total', 'Feed messages refused, not forwarded.', [
    'reason',
  ]);
  readonly feedBadValues = this.counter(
    'feed_bad_values_total',
    'Bad values of the feed: what rejected its message, and what was nulled or left out of a chain. Products that are ' +
      'configured are named.',
    ['product', 'field', 'action'],
  );
  readonly feedOlder = this.counter(
    'feed_older_total',
    'Feed messages dropped because a newer one of their product or chain had gone out.',
    ['kind'],
  );
  readonly feedRepeated = this.counter(
    'feed_repeated_total',
    'Feed messages not sent again because they repeat the newest of their product or chain.',
    ['kind'],
  );
  readonly feedGaps = this.counter(
    'feed_gaps_total',
    'Times the feed was lost and came back, so that clients miss updates.',
  );
  readonly feedRebased = this.counter(
    'feed_rebased_total',
    'Times a product or chain took an older time base, after its producer was set back.',
    ['kind'],
  );
  readonly feedStatus = this.counter('feed_status_total', 'Times a product went stale or live.', ['status']);
  readonly chainStatus = this.counter('chain_status_total', 'Times an option chain went stale or live.', [
    'status',
  ]);
  readonly freshnessUnwatched = this.counter(
    'freshness_unwatched_total',
    'Messages of products and chains that are not watched, and subscriptions to unknown ones that were not told so: there are too many.',
    ['kind'],
  );
  readonly broadcasts = this.counter('broadcasts_total', 'Messages broadcast to rooms on this replica.', [
    'event',
  ]);
  readonly snapshots = this.counter('snapshots_total', 'Messages sent to one client that asked.', ['event']);
  readonly snapshotRooms = this.counter(
    'snapshot_rooms_total',
    'Rooms asked for by get_snapshot, by where their newest messages came from.',
    ['source'],
  );
  readonly deliveries = this.counter(
    'deliveries_total',
    'Broadcast messages times the clients they were for.',
    ['event'],
  );
  readonly laggingClients = this.gauge('lagging_clients', 'Clients that are behind and get the newest only.');
  readonly conflated = this.counter(
    'conflated_total',
    'Updates left out for a newer one, because their client did not keep up.',
  );
  readonly slowClosed = this.counter(
    'slow_clients_closed_total',
    'Clients closed because they did not read.',
    ['reason'],
  );
  readonly writtenBytes = this.counter('written_bytes_total', 'What flushes wrote to clients, bytes.');
  readonly deflateSavedBytes = this.counter(
    'deflate_saved_bytes_total',
    'What flushes did not have to write because it was deflated, bytes.',
  );
  readonly fanoutDegraded = this.gauge(
    'fanout_degraded',
    '1 where messages go out one by one, because the engine does not know the libraries it runs on.',
  );
  readonly certificateEnds = this.gauge(
    'certificate_expires_timestamp_seconds',
    'When the TLS certificate in use ends, seconds since the epoch; 0 where the gateway has none.',
  );
  readonly draining = this.gauge('draining', '1 while this replica leaves service.');
  readonly drained = this.counter(
    'drained_clients_total',
    'Clients closed because this replica left service.',
  );
  readonly closedClients = this.counter(
    'closed_clients_total',
    'Clients closed for what they did or may no longer do.',
    ['code'],
  );
  readonly tcpRefused = this.counter(
    'tcp_connections_refused_total',
    'TCP connections cut because there were too many.',
    ['reason'],
  );
  readonly handshakesQueued = this.gauge('handshakes_queued', 'Clients whose handshake waits for its turn.');
  readonly handshakesRefused = this.counter(
    'handshakes_refused_total',
    'Clients refused before they were connected.',
    ['reason'],
  );
  readonly overloaded = this.gauge('overloaded', '1 while no new clients are taken for this reason.', [
    'reason',
  ]);
  readonly keysMissing = this.gauge(
    'keys_missing',
    '1 while no keys of JWT_JWKS_URL have been fetched: this replica is not ready.',
  );
  readonly authenticated = this.gauge('authenticated_clients', 'Clients that are here by a token.');
  readonly authentications = this.counter(
    'authentications_total',
    'Clients that entered, or did not, and tokens refreshed in place.',
    ['at', 'result'],
  );
  readonly revocations = this.counter('revocations_total', 'Messages of the revocation channel.', ['kind']);
  readonly cacheUnreadable = this.counter('cache_unreadable_total', 'Cache entries skipped as unreadable.', [
    'reason',
  ]);
  readonly cacheReads = this.counter(
    'cache_store_reads_total',
    'Snapshots that had to be looked up in the store.',
  );
  readonly cacheReadsRefused = this.counter(
    'cache_store_reads_refused_total',
    'Snapshots not looked up in the store, because too many waited.',
  );
  readonly cacheWrites = this.counter('cache_store_writes_total', 'Entries written to the store.');
  readonly cacheErrors = this.counter('cache_store_errors_total', 'Failed calls of the store.', [
    'operation',
  ]);
  readonly redisErrors = this.counter('redis_errors_total', 'Faults of Redis and of the connections to it.', [
    'connection',
    'kind',
  ]);
  readonly adapterDropped = this.counter(
    'adapter_messages_dropped_total',
    'Messages on the channels between replicas that were not used.',
    ['reason'],
  );
  readonly cacheEvicted = this.counter(
    'cache_evicted_total',
    'Messages dropped from memory for want of room.',
  );

  readonly bridgeLag = new Histogram({
    name: 'socket_gateway_bridge_lag_seconds',
    help: "From a message's processed_at to its arrival here; includes the clocks' difference.",
    labelNames: ['kind'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
    registers: [this.registry],
  });

  readonly flushDuration = new Histogram({
    name: 'socket_gateway_flush_duration_seconds',
    help: 'Work of one flush to all clients that had something to get.',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers: [this.registry],
  });
  readonly framesPerWrite = new Histogram({
    name: 'socket_gateway_flush_frames_per_write',
    help: 'Messages that one write to a client carried, on average over a flush.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
    registers: [this.registry],
  });

  constructor() {
    // Process CPU, memory, file descriptors, garbage collection and event-loop lag.
    collectDefaultMetrics({ register: this.registry });
  }

  readonly contentType = this.registry.contentType;

  /** Has `sample` set its gauges each time the metrics are read. */
  onScrape(sample: () => void | Promise<void>): void {
    this.samplers.push(sample);
  }

  /** Everything, in Prometheus' text format. */
  async text(): Promise<string> {
    for (const sample of this.samplers) await sample();
    return this.registry.metrics();
  }

  private gauge<T extends string>(name: string, help: string, labelNames: T[] = []): Gauge<T> {
    return new Gauge({ name: `socket_gateway_${name}`, help, labelNames, registers: [this.registry] });
  }

  private counter<T extends string>(name: string, help: string, labelNames: T[] = []): Counter<T> {
    return new Counter({ name: `socket_gateway_${name}`, help, labelNames, registers: [this.registry] });
  }
}
