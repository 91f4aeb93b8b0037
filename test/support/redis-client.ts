import { Redis, type RedisOptions } from 'ioredis';
import { cleanUp } from './cleanup.js';

/** A test's connection to Redis, which keeps reconnecting and is closed with the test file. */
export function redisClient(options: RedisOptions): Redis {
  const client = new Redis({ maxRetriesPerRequest: null, retryStrategy: () => 50, ...options });
  client.on('error', () => undefined);
  cleanUp(() => endRedisClient(client));
  return client;
}

/**
 * Closes a connection. A second disconnect of a closed one would leave a timer of ioredis running.
 */
export function endRedisClient(client: Redis): void {
  if (client.status !== 'end') client.disconnect();
}
