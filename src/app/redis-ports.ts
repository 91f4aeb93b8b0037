import { randomUUID } from 'node:crypto';
import calculateSlot from 'cluster-key-slot';
import { Cluster, Command, type Redis } from 'ioredis';
import { RedisRevocationStore, type RevocationPorts } from '../auth/revocation-store.js';
import { RedisLatestStore } from '../cache/redis-latest-store.js';
import type { GatewayConfig } from '../config/gateway-config.js';
import { systemClock } from '../common/clock.js';
import { FeedProbe, type ProbePublisher } from '../feed/feed-probe.js';
import type { ChannelSource } from '../feed/channel-source.js';
import { RedisFeed } from '../feed/redis-feed.js';
import { RedisSubscription, type RedisSubscriptionOptions } from '../feed/redis-subscription.js';
import { ShardedChannels } from '../feed/sharded-channels.js';
import { ShardedFeed } from '../feed/sharded-feed.js';
import { RedisHistoryStore } from '../history/redis-history-store.js';
import { RedisWithDeadline } from '../redis/redis-with-deadline.js';
import { RedisHandshakeQuota } from '../admission/handshake-quota.js';
import { RedisConnectionCounts } from '../limits/redis-connection-counts.js';
import { messageOf } from '../common/message-of.js';
import { type FaultLog, RateLimitedLog } from '../logging/rate-limited-log.js';
import { AdapterSeal } from '../redis/adapter-seal.js';
import { RedisConnections, type SubscriberRole } from '../redis/redis-connections.js';
import { redisFault, RedisFaults } from '../redis/redis-faults.js';
import { traceRedis } from '../tracing/redis-spans.js';
import { redisSocketAdapter } from '../redis/redis-socket.adapter.js';
import { memoryLimits } from './memory-ports.js';
import type { Endpoint } from '../config/redis-url.js';
import type { Ports } from './ports.js';

/** How many hash tags are tried: enough to find one even for a node that owns a single slot. */
const MAX_TAGS = 100_000;

/**
 * Makes the connections to Redis in the background: for commands, for the subscribers of the feed,
 * and for the subscriber of the adapter.
 */
export function redisPorts(config: GatewayConfig, log: FaultLog): Ports {
  traceRedis();
  const limited = new RateLimitedLog(log, systemClock.now);
  const faults = new RedisFaults(limited);
  const connections = new RedisConnections(config, faults, systemClock);
  const commands = connections.commands();
  const { channelPrefix } = config;
  const feedOptions = (role: SubscriberRole) => ({
    clock: systemClock,
    channelPrefix,
    probeAfterMs: config.feedProbeAfterMs,
    sharded: config.redisShardedPubsub,
    describeError: (error: unknown) => redisFault(error).problem,
    noteError: (error: unknown) => faults.connectionFailed(role, error).problem,
  });
  const publisher = probePublisher(commands, config.redisShardedPubsub);
  const subscription = (role: SubscriberRole, probeChannel: string, node?: Endpoint): RedisSubscription => {
    const { redis, redirect } = connections.subscriber(role, node);
    return new RedisSubscription(redis, {
      ...feedOptions(role),
      independent: role === 'portfolio-sub',
      // A connection to one node stays there: its channels are divided by their owners.
      ...(node ? { divide: bySlot } : { redirect }),
      probe: new FeedProbe(probeChannel, publisher, systemClock),
    });
  };
  const feed = (probeChannel: string): RedisFeed => new RedisFeed(subscription('feed', probeChannel));
  const channel = `${channelPrefix}socket-gateway:probe:${randomUUID()}`;
  const explain = (error: unknown): Error =>
    new Error(faults.commandFailed('commands', error).problem, { cause: error });
  const limits =
    config.limitsStore === 'redis'
      ? redisLimits(config, commands, (error) => {
          const { problem } = faults.commandFailed('commands', error);
          limited.warn('limits_store', 'limits_store_failed', { problem });
        })
      : memoryLimits(config);
  return {
    // The hash tag in braces puts the probe into the slot of the channel, and so on the same node.
    feed: config.redisShardedPubsub
      ? new ShardedFeed((name) => feed(`${channel}:{${channelPrefix}${name}}`))
      : feed(channel),
    store: new RedisLatestStore(commands, explain),
    history: new RedisHistoryStore(commands, explain),
    adapter: (count) =>
      redisSocketAdapter(commands, connections.subscriber('adapter-sub').redis, {
        clock: systemClock,
        key: adapterKey(config),
        seal: new AdapterSeal(config.secretKey, systemClock.wallNow),
        observer: {
          failed: (error) =>
            limited.warn('adapter', 'redis_adapter_failed', faults.refused('adapter-sub', error)),
          subscribed: () => faults.connectionReady('adapter-sub'),
          dropped: (reason, channel, error) => {
            count(reason);
            const problem = error === undefined ? {} : { problem: messageOf(error) };
            limited.warn(`adapter:${reason}`, 'adapter_message_dropped', { reason, channel, ...problem });
          },
        },
      }),
    faults,
    revocations:
      config.authMode === 'off'
        ? null
        : revocationPorts(connections, commands, feedOptions('auth-sub'), channel),
    portfolios:
      config.authMode === 'off'
        ? null
        : () => {
            const probeChannel = `${channel}:portfolio`;
            if (!config.redisShardedPubsub || !(commands instanceof Cluster))
              return subscription('portfolio-sub', probeChannel);
            return shardedChannels(commands, channelPrefix, (node) =>
              subscription('portfolio-sub', probeOn(commands, node, probeChannel), endpointOf(node)),
            );
          },
    ...limits,
    close: async () => {
      await limits.connectionCounts.close();
      connections.close();
    },
  };
}

/**
 * The channel prefix of the Socket.IO adapter, unique to this service and environment: Redis
 * databases do not separate pub/sub channels, and other applications may use the same Redis.
 */
function adapterKey({
  channelPrefix,
  serviceName,
}: Pick<GatewayConfig, 'channelPrefix' | 'serviceName'>): string {
  return `${channelPrefix}socket-gateway:adapter:${serviceName}`;
}

/** Revocations are rare, so they use plain pub/sub even if the feed is sharded. */
function revocationPorts(
  connections: RedisConnections,
  commands: Redis | Cluster,
  options: Omit<RedisSubscriptionOptions, 'probe' | 'redirect'>,
  channel: string,
): RevocationPorts {
  const { redis, redirect } = connections.subscriber('auth-sub');
  const probe = new FeedProbe(`${channel}:auth`, probePublisher(commands, false), systemClock);
  return {
    feed: new RedisFeed(new RedisSubscription(redis, { ...options, sharded: false, redirect, probe })),
    store: new RedisRevocationStore(commands),
  };
}

function shardedChannels(
  cluster: Cluster,
  channelPrefix: string,
  on: (node: string) => ChannelSource,
): ShardedChannels {
  return new ShardedChannels({
    clock: systemClock,
    slots: {
      read: () => cluster.refreshSlotsCache(),
      onRead: (listener) => void cluster.on('refresh', listener),
      slotOf: (channel) => calculateSlot(channelPrefix + channel),
      ownerOf: (slot) => ownerOf(cluster, slot),
    },
    on,
  });
}

function ownerOf({ slots }: Cluster, slot: number): string | undefined {
  return (slots as (readonly string[] | undefined)[])[slot]?.[0];
}

/** The name of the probe's channel with a hash tag, so that the node owns its slot. */
function probeOn(cluster: Cluster, node: string, channel: string): string {
  for (let tag = 0; tag < MAX_TAGS; tag++) {
    const tagged = `${channel}:{${tag}}`;
    if (ownerOf(cluster, calculateSlot(tagged)) === node) return tagged;
  }
  return channel;
}

function endpointOf(node: string): Endpoint {
  const colon = node.lastIndexOf(':');
  return { host: node.slice(0, colon), port: Number(node.slice(colon + 1)) };
}

/** One SSUBSCRIBE may name channels of one slot only. */
function bySlot(channels: readonly string[]): Iterable<readonly string[]> {
  const slots = new Map<number, string[]>();
  for (const channel of channels) {
    const slot = calculateSlot(channel);
    const list = slots.get(slot);
    if (list) list.push(channel);
    else slots.set(slot, [channel]);
  }
  return slots.values();
}

function redisLimits(
  { secretKey, handshakesPerIpPerMinute }: GatewayConfig,
  commands: Redis | Cluster,
  failed: (error: unknown) => void,
): Pick<Ports, 'connectionCounts' | 'handshakeQuota'> {
  const redis = new RedisWithDeadline(commands, systemClock, failed);
  return {
    connectionCounts: new RedisConnectionCounts(redis, secretKey, systemClock),
    handshakeQuota: new RedisHandshakeQuota(
      commands,
      redis,
      secretKey,
      handshakesPerIpPerMinute,
      systemClock.now,
    ),
  };
}

/** Publishes the probe over the commands connection, as a producer would publish a message. */
function probePublisher(redis: Redis | Cluster, sharded: boolean): ProbePublisher {
  return {
    // ioredis treats a sharded channel as a key, so `redis.spublish` would prepend KEY_PREFIX.
    publish: (channel, data) =>
      sharded
        ? (redis.sendCommand(new Command('spublish', [channel, data])) as Promise<unknown>)
        : redis.publish(channel, data),
    // If the user may not run INFO, assume that the server is a master, as nearly all are.
    reachesAll: () =>
      redis instanceof Cluster
        ? Promise.resolve(true)
        : redis.info('replication').then(
            (info) => !/^role:slave/m.test(info),
            () => true,
          ),
  };
}
