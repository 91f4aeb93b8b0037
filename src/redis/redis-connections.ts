import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { backoffMs } from '../common/backoff.js';
import type { GatewayConfig } from '../config/gateway-config.js';
import {
  type Endpoint,
  parseRedisUrl,
  type RedisCredentials,
  type RedisTarget,
} from '../config/redis-url.js';
import { ClusterRoute, routedConnector } from './cluster-route.js';
import { LastingSentinelConnector } from './lasting-sentinel-connector.js';
import { redisFault, type RedisFaults, type RedisRole } from './redis-faults.js';
import type { Clock } from '../common/clock.js';

/** What says where Redis is and how it is reached. */
export type RedisAddress = Pick<GatewayConfig, 'redisUrl'> &
  Partial<Pick<GatewayConfig, 'redisUsername' | 'redisPassword' | 'redisTlsCa' | 'redisSentinelPassword'>>;

export type RedisSettings = RedisAddress &
  Pick<GatewayConfig, 'serviceName'> &
  Partial<Pick<GatewayConfig, 'keyPrefix'>>;

/** What a connection that subscribes is for. */
export type SubscriberRole = Exclude<RedisRole, 'commands'>;

/** A subscriber's connection, and where it can be sent on to. */
export interface Subscriber {
  readonly redis: Redis;
  /** Has the next attempt go where `error` says the channel is; false where it says nothing of the kind. */
  readonly redirect: (error: unknown) => boolean;
}

const CONNECT_TIMEOUT_MS = 5_000;
/**
 * A server that leaves a command unanswered for so long is frozen, or no longer at the other end: the command fails, and the
 * connection is made anew.
 */
const SILENCE_TIMEOUT_MS = 3_000;
/** How often the map of a cluster's slots is read anew. */
const SLOTS_REFRESH_MS = 2_000;
/** Tries of one command while a cluster moves its slots or has lost a node: a second in all. */
const CLUSTER_TRIES = 8;
/**
 * Shortest time between two connections made anew because the server turned out to be a read-only replica. A name that a
 * failover moved leads to the new master then; a server that is meant to be a replica must not be called for ever.
 */
const LEAVE_REPLICA_MS = 30_000;

/**
 * Makes the connections to what `REDIS_URL` names. Each is made in the background and remade for ever; faults are counted
 * and logged, never thrown. Commands fail at once while it is down instead of queueing without a bound.
 */
export class RedisConnections {
  private readonly target: RedisTarget;
  private readonly tls: ConnectionOptions | undefined;
  private readonly open: (Redis | Cluster)[] = [];
  private cluster: Cluster | undefined;

  constructor(
    private readonly settings: RedisSettings,
    private readonly faults: RedisFaults,
    private readonly clock: Pick<Clock, 'now'>,
  ) {
    this.target = targetOf(settings);
    this.tls = tlsOf(this.target, settings);
  }

  /**
   * For snapshots, `latest:*` and publishing. The connection itself puts `KEY_PREFIX` before the keys of every command and script;
   * not before the pattern and the results of SCAN.
   */
  commands(): Redis | Cluster {
    const options = {
      ...this.options('commands'),
      commandTimeout: SILENCE_TIMEOUT_MS,
      maxRetriesPerRequest: 0,
      keyPrefix: this.settings.keyPrefix ?? '',
    };
    if (this.target.kind !== 'cluster') return this.watch('commands', this.connect(options));
    return (this.cluster = this.watch('commands', this.connectCluster(options)));
  }

  /** A plain connection to one server, of a cluster too, so that its loss is seen at once. Who subscribes does so anew on each. */
  subscriber(role: SubscriberRole): Subscriber {
    const { target } = this;
    const options = { ...this.options(role), maxRetriesPerRequest: null, autoResubscribe: false };
    if (target.kind !== 'cluster') {
      return { redis: this.watch(role, this.connect(options)), redirect: () => false };
    }
    const route = this.route(target.endpoints);
    const Connector = routedConnector(route, this.tls);
    const redis = new Redis({ ...options, ...credentials(target), Connector });
    this.watch(role, redis, () => route.redirected);
    return { redis, redirect: (error) => route.follow(error) };
  }

  close(): void {
    // A second disconnect of an ended client would leave a timer of ioredis' running.
    for (const redis of this.open) if (redis.status !== 'end') redis.disconnect();
  }

  private connect(options: RedisOptions): Redis {
    const { target } = this;
    if (target.kind === 'sentinel')
      return new Redis({
        ...options,
        ...sentinelOptions(target, this.tls, this.settings),
        Connector: LastingSentinelConnector,
      });
    if (target.kind === 'single') return new Redis(target.url, { ...options, ...credentials(target) });
    throw new Error('a cluster has no one connection');
  }

  private connectCluster({
    retryStrategy: _,
    enableOfflineQueue: __,
    ...redisOptions
  }: RedisOptions): Cluster {
    const { target } = this;
    if (target.kind !== 'cluster') throw new Error('not a cluster');
    return new Cluster([...target.endpoints], {
      enableOfflineQueue: false,
      clusterRetryStrategy: (attempt) => backoffMs(attempt),
      slotsRefreshInterval: SLOTS_REFRESH_MS,
      slotsRefreshTimeout: SILENCE_TIMEOUT_MS,
      maxRedirections: CLUSTER_TRIES,
      // A certificate names hosts, not the addresses they resolve to.
      ...(this.tls && {
        dnsLookup: (host: string, done: (error: null, address: string) => void) => done(null, host),
      }),
      redisOptions: { ...redisOptions, ...credentials(target) },
    });
  }

  /** The nodes of the URL, and those that the commands connection learnt of meanwhile. */
  private route(endpoints: readonly Endpoint[]): ClusterRoute {
    return new ClusterRoute(() => [
      ...endpoints,
      ...(this.cluster?.nodes('all') ?? []).flatMap(({ options: { host, port } }) =>
        host === undefined || port === undefined ? [] : [{ host, port }],
      ),
    ]);
  }

  private options(role: RedisRole): RedisOptions {
    let left = -Infinity;
    return {
      connectionName: `${this.settings.serviceName}:${role}`,
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_TIMEOUT_MS,
      retryStrategy: (attempt) => backoffMs(attempt),
      enableOfflineQueue: false,
      tls: this.tls,
      // A server that loads its data delivers messages already, and says LOADING to what it cannot do yet.
      // A master named by a sentinel must prove that it still is one.
      enableReadyCheck: this.target.kind === 'sentinel',
      maxLoadingRetryTime: 500,
      reconnectOnError: (error) => {
        if (redisFault(error).kind !== 'read_only' || this.clock.now() - left < LEAVE_REPLICA_MS)
          return false;
        left = this.clock.now();
        return true;
      },
    };
  }

  /** @param expected whether the connection was closed on purpose, to be made elsewhere */
  private watch<T extends Redis | Cluster>(role: RedisRole, redis: T, expected = () => false): T {
    const failed = (error: unknown): void => void this.faults.connectionFailed(role, error);
    redis.on('error', failed);
    redis.on('node error', failed);
    // A server that goes away in good order closes the connection without an error.
    redis.on('reconnecting', () => {
      if (!expected()) failed(new Error('the connection is closed'));
    });
    redis.on('ready', () => this.faults.connectionReady(role));
    this.open.push(redis);
    return redis;
  }
}

/** @throws where the URL is none; `loadConfig` has seen to it that it is one, and contradicts neither user nor password */
export function targetOf({ redisUrl, redisUsername, redisPassword }: RedisAddress): RedisTarget {
  const target = parseRedisUrl(redisUrl);
  if (!target) throw new Error('REDIS_URL names no Redis');
  return {
    ...target,
    username: redisUsername ?? target.username,
    password: redisPassword ?? target.password,
  };
}

export function tlsOf(target: RedisTarget, { redisTlsCa }: RedisAddress): ConnectionOptions | undefined {
  if (!target.tls) return undefined;
  return redisTlsCa === undefined ? {} : { ca: readFileSync(redisTlsCa) };
}

export function credentials({ username, password }: RedisCredentials): RedisOptions {
  return { username, password };
}

export function sentinelOptions(
  target: RedisTarget & { kind: 'sentinel' },
  tls: ConnectionOptions | undefined,
  { redisSentinelPassword }: RedisAddress,
): RedisOptions {
  return {
    sentinels: target.endpoints.map((endpoint) => ({ ...endpoint })),
    name: target.name,
    db: target.db,
    ...credentials(target),
    sentinelPassword: redisSentinelPassword,
    enableTLSForSentinelMode: tls !== undefined,
    sentinelTLS: tls,
    sentinelCommandTimeout: SILENCE_TIMEOUT_MS,
    sentinelRetryStrategy: (attempt) => backoffMs(attempt),
    // A master that is cut off from its sentinels, but not from here, does not know that it was replaced.
    failoverDetector: true,
  };
}
