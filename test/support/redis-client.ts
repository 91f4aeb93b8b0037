import { Redis, type RedisOptions } from 'ioredis';
import { cleanUp } from './cleanup.js';

/** A connection of the test's to Redis, which tries again for ever and ends with the test file. */
export function redisClient(options: RedisOptions): Redis {
  const client = new Redis({ maxRetriesPerRequest: null, retryStrategy: () => 50, ...options });
  client.on('error', () => undefined);
  cleanUp(() => endRedisClient(client));
  return client;
}

/** Ends a connection; a second disconnect of an ended one would leave a timer of ioredis' running. */
export function endRedisClient(client: Redis): void {
  if (client.status !== 'end') client.disconnect();
}
