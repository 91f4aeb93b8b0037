import type { Cluster, Redis } from 'ioredis';
import type { FeedSource } from '../feed/feed-source.js';

/** A stored revocation: its key (see `revocationKey`) and its time, ms since the epoch. */
type StoredRevocation = readonly [key: string, at: number];

/**
 * Port: the revocations that all replicas share. Replicas load them when they start, and after an
 * outage in which they may have missed some. Implemented by {@link RedisRevocationStore} and
 * {@link MemoryRevocationStore}; one contract suite (`test/e2e/auth/revocation-store.e2e-spec.ts`)
 * runs on both. Every method rejects when the store cannot be reached.
 */
export interface RevocationStore {
  /**
   * Returns the revocations since that time (ms since the epoch), the latest first; at most
   * `limit`.
   */
  load(since: number, limit: number): Promise<StoredRevocation[]>;
  /**
   * Stores a revocation. If the key is already stored, the later time is kept. Revocations before
   * `since` are deleted.
   */
  add(revocation: StoredRevocation, since: number): Promise<void>;
}

/** The source of revocations and the store that keeps them. */
export interface RevocationPorts {
  readonly feed: FeedSource;
  readonly store: RevocationStore;
}

/** Nest token of the {@link RevocationPorts}; `null` if authentication is off. */
export const REVOCATION_PORTS = Symbol('REVOCATION_PORTS');

/**
 * A sorted set with the time as its score. An auth service may also add to it directly, so that a
 * revocation is not lost when no replica receives the message.
 */
export const REVOCATIONS_KEY = 'socket-gateway:revocations';

const ADD_LATER = `
local known = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not known or tonumber(known) < tonumber(ARGV[2]) then redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[3])
return 1`;

export class RedisRevocationStore implements RevocationStore {
  constructor(private readonly redis: Redis | Cluster) {}

  async load(since: number, limit: number): Promise<StoredRevocation[]> {
    const flat = await this.redis.zrevrangebyscore(
      REVOCATIONS_KEY,
      '+inf',
      since,
      'WITHSCORES',
      'LIMIT',
      0,
      limit,
    );
    return Array.from({ length: flat.length / 2 }, (_, index) => [
      flat[2 * index]!,
      Number(flat[2 * index + 1]),
    ]);
  }

  async add([key, at]: StoredRevocation, since: number): Promise<void> {
    await this.redis.eval(ADD_LATER, 1, REVOCATIONS_KEY, key, at, since);
  }
}

export class MemoryRevocationStore implements RevocationStore {
  private readonly revocations = new Map<string, number>();

  load(since: number, limit: number): Promise<StoredRevocation[]> {
    const kept = [...this.revocations].filter(([, at]) => at >= since);
    return Promise.resolve(kept.sort(([, a], [, b]) => b - a).slice(0, limit));
  }

  add([key, at]: StoredRevocation, since: number): Promise<void> {
    this.revocations.set(key, Math.max(at, this.revocations.get(key) ?? -Infinity));
    for (const [old, time] of this.revocations) if (time < since) this.revocations.delete(old);
    return Promise.resolve();
  }
}
