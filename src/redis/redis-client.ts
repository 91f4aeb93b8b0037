import { Redis, type RedisOptions } from 'ioredis';
import { backoffMs } from '../backoff.js';
import { maskSecrets } from '../config/mask-secrets.js';
import { messageOf, type RateLimitedLog } from '../logging/rate-limited-log.js';

/** What a connection is for; its name in the server's CLIENT LIST and in logs. */
export type RedisRole = 'commands' | 'feed' | 'adapter-sub';

const CONNECT_TIMEOUT_MS = 5_000;
/**
 * A server that leaves a command unanswered for so long is frozen, or no longer at the other end: the command fails, and the
 * connection is made anew.
 */
const SILENCE_TIMEOUT_MS = 3_000;

/**
 * A connection that is being made in the background and remade for ever. Faults are logged, never thrown.
 * Commands fail at once while it is down instead of queueing without a bound.
 */
export function connectRedis(url: string, role: RedisRole, service: string, log: RateLimitedLog): Redis {
  const subscriber = role === 'feed' || role === 'adapter-sub';
  const redis = new Redis(url, {
    connectionName: `${service}:${role}`,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: subscriber ? undefined : SILENCE_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    retryStrategy: (attempt) => backoffMs(attempt),
    maxRetriesPerRequest: subscriber ? null : 0,
    // The adapter subscribes once, at construction, and relies on the queue and on resubscription to get there.
    enableOfflineQueue: role === 'adapter-sub',
    autoResubscribe: role === 'adapter-sub',
  } satisfies RedisOptions);
  const failed = (problem: string): void =>
    log.warn(`redis:${role}`, 'redis_connection_failed', { role, problem });
  redis.on('error', (error: unknown) => failed(describeRedisError(error)));
  // A server that goes away in good order closes the connection without an error.
  redis.on('reconnecting', () => failed('the connection is closed'));
  return redis;
}

/** An ioredis error in words, without credentials. */
export function describeRedisError(error: unknown): string {
  // Node reports a name that resolves to several addresses as an AggregateError with an empty message.
  const causes = error instanceof AggregateError && error.message === '' ? error.errors : [error];
  return maskSecrets(causes.map(messageOf).join('; '));
}
