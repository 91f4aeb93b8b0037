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
import { keepSecretsFresh, type RedisSecretFiles } from './redis-secrets.js';
import { redisFault, type RedisFaults, type RedisRole } from './redis-faults.js';
import type { Clock } from '../common/clock.js';

/** The settings that say where Redis is and how to connect to it. */
export type RedisAddress = Pick<GatewayConfig, 'redisUrl'> &
  Partial<Pick<GatewayConfig, 'redisUsername' | 'redisPassword' | 'redisTlsCa' | 'redisSentinelPassword'>> &
  RedisSecretFiles;

export type RedisSettings = RedisAddress &
  Pick<GatewayConfig, 'serviceName'> &
  Partial<Pick<GatewayConfig, 'keyPrefix'>>;

/** The purpose of a connection with subscriptions. */
export type SubscriberRole = Exclude<RedisRole, 'commands'>;

/** A connection with subscriptions. */
export interface Subscriber {
  readonly redis: Redis;
  /**
   * Makes the next attempt go to the node that `error` redirects to. False if it is not a redirect.
   */
  readonly redirect: (error: unknown) => boolean;
}

const CONNECT_TIMEOUT_MS = 5_000;
/**
 * How long to wait for the reply to a command, ms. After that the server counts as frozen or gone:
 * the command fails, and the gateway reconnects.
 */
const SILENCE_TIMEOUT_MS = 3_000;
/** How often the map of a cluster's slots is read again, ms. */
const SLOTS_REFRESH_MS = 2_000;
/** Attempts per command while a cluster moves slots or has lost a node; about a second in all. */
const CLUSTER_TRIES = 8;
/**
 * Shortest time between two reconnects because the server is a read-only replica, ms. After a
 * failover the same name may lead to the new master. But if the server is meant to be a replica,
 * reconnecting must not go on at a high rate.
 */
const LEAVE_REPLICA_MS = 30_000;

/**
 * Creates the connections to the Redis of `REDIS_URL`. Each connects in the background and
 * reconnects for ever. Faults are counted and logged, never thrown. While a connection is down,
 * commands fail at once, instead of waiting in a queue without a limit.
 */
export class RedisConnections {
  private readonly target: RedisTarget;
  private readonly tls: ConnectionOptions | undefined;
  private readonly open = new Set<Redis | Cluster>();
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
   * The connection for snapshots, `latest:*` and publishing. It adds `KEY_PREFIX` to the keys of
   * every command and script, but not to the pattern and results of SCAN.
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

  /**
   * A connection to one server, also in a cluster, so that its loss is detected at once. The caller
   * must subscribe again after each reconnect.
   * @param node the only node of a cluster to connect to; undefined for any of them
   */
  subscriber(role: SubscriberRole, node?: Endpoint): Subscriber {
    const { target } = this;
    const options = {
      ...this.options(role),
      maxRetriesPerRequest: null,
      autoResubscribe: false,
      // A subscription that is no longer wanted must not be made again.
      autoResendUnfulfilledCommands: false,
    };
    if (target.kind !== 'cluster') {
      return { redis: this.watch(role, this.connect(options)), redirect: () => false };
    }
    const route = node ? new ClusterRoute(() => [node]) : this.route(target.endpoints);
    const Connector = routedConnector(route, this.tls);
    const redis = new Redis({ ...options, ...credentials(target), Connector });
    this.watch(role, redis, () => route.redirected);
    return { redis, redirect: (error) => route.follow(error) };
  }

  close(): void {
    // A second disconnect of an ended client would leave a timer of ioredis running.
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
      // TLS certificates contain host names, so do not resolve them to addresses.
      ...(this.tls && {
        dnsLookup: (host: string, done: (error: null, address: string) => void) => done(null, host),
      }),
      redisOptions: { ...redisOptions, ...credentials(target) },
    });
  }

  /** Routes to the nodes in the URL and to those that the commands connection has discovered. */
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
      // A server that is loading its data already delivers messages, and replies LOADING to
      // commands that it cannot run yet. But a master named by a sentinel must prove that it still
      // is the master.
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

  /** @param expected whether the connection was closed on purpose, to connect to another node */
  private watch<T extends Redis | Cluster>(role: RedisRole, redis: T, expected = () => false): T {
    const failed = (error: unknown): void => void this.faults.connectionFailed(role, error);
    redis.on('error', failed);
    redis.on('node error', failed);
    // A server that shuts down in an orderly way closes the connection without an error.
    redis.on('reconnecting', () => {
      if (!expected()) failed(new Error('the connection is closed'));
    });
    redis.on('ready', () => this.faults.connectionReady(role));
    keepSecretsFresh(redis, this.settings);
    this.open.add(redis);
    redis.once('end', () => this.open.delete(redis));
    return redis;
  }
}

/**
 * Parses `REDIS_URL` and applies the user and password settings.
 * @throws Error if the URL is invalid, which `loadConfig` has already ruled out
 */
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
    // A master that has lost its sentinels, but not this connection, does not know that it was
    // replaced.
    failoverDetector: true,
  };
}
