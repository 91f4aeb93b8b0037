import { RedisLatestStore } from '../cache/redis-latest-store.js';
import type { GatewayConfig } from '../config/gateway-config.js';
import { RedisFeed } from '../feed/redis-feed.js';
import { type FaultLog, RateLimitedLog } from '../logging/rate-limited-log.js';
import { connectRedis, describeRedisError } from '../redis/redis-client.js';
import { redisSocketAdapter } from '../redis/redis-socket.adapter.js';
import type { Ports } from './ports.js';

/** Three connections to Redis, made in the background: commands, the feed's subscriber, the adapter's subscriber. */
export function redisPorts(config: GatewayConfig, log: FaultLog): Ports {
  const faults = new RateLimitedLog(log);
  const commands = connectRedis(config.redisUrl, 'commands', config.serviceName, faults);
  const feed = connectRedis(config.redisUrl, 'feed', config.serviceName, faults);
  const adapterSub = connectRedis(config.redisUrl, 'adapter-sub', config.serviceName, faults);
  return {
    feed: new RedisFeed(feed, describeRedisError),
    store: new RedisLatestStore(commands),
    adapter: redisSocketAdapter(commands, adapterSub, (error) =>
      faults.warn('adapter', 'redis_adapter_failed', { problem: describeRedisError(error) }),
    ),
    close: () => {
      for (const redis of [commands, feed, adapterSub]) redis.disconnect();
      return Promise.resolve();
    },
  };
}
