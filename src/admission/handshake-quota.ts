import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Cluster, Redis } from 'ioredis';
import { keyedHash } from '../common/keyed-hash.js';
import type { RedisWithDeadline } from '../redis/redis-with-deadline.js';

/** Nest token of the {@link HandshakeQuota}. */
export const HANDSHAKE_QUOTA = Symbol('HANDSHAKE_QUOTA');

/** How many handshakes an address may make in a minute: with this replica, or with all of them. */
export interface HandshakeQuota {
  /**
   * Counts one more. Resolves within a quarter of a second and never rejects.
   * @returns 0 where it may go on, else when the address may try again, ms from now
   */
  take(address: string): Promise<number>;
}

const WINDOW_S = 60;
/** Different addresses counted in two minutes at most; more are not, and HANDSHAKES_PER_SECOND alone holds them. */
const MAX_ADDRESSES = 100_000;

/** By this replica alone. */
export class MemoryHandshakeQuota implements HandshakeQuota {
  private readonly limiter: RateLimiterMemory;
  /** New addresses of this minute and of the one before: no more are in the limiter, which keeps each for a minute. */
  private fresh = 0;
  private older = 0;
  private minute: number;

  constructor(
    perMinute: number,
    private readonly now: () => number,
    private readonly maxAddresses = MAX_ADDRESSES,
  ) {
    this.limiter = new RateLimiterMemory({ points: perMinute, duration: WINDOW_S });
    this.minute = now();
  }

  async take(address: string): Promise<number> {
    this.turn();
    if (this.fresh + this.older >= this.maxAddresses && !(await this.limiter.get(address))) return 0;
    const { consumedPoints, msBeforeNext, passed } = await consume(this.limiter, address);
    if (consumedPoints === 1) this.fresh++;
    return passed ? 0 : Math.max(1, msBeforeNext);
  }

  private turn(): void {
    const minutes = Math.floor((this.now() - this.minute) / (WINDOW_S * 1_000));
    if (minutes === 0) return;
    this.minute += minutes * WINDOW_S * 1_000;
    this.older = minutes === 1 ? this.fresh : 0;
    this.fresh = 0;
  }
}

/**
 * By all replicas, in Redis; by this one alone while Redis is away. The limiter's own insurance is not used: it waits for the
 * command to fail, which takes seconds where Redis is frozen.
 */
export class RedisHandshakeQuota implements HandshakeQuota {
  private readonly limiter: RateLimiterRedis;
  private readonly insurance: HandshakeQuota;

  constructor(
    storeClient: Redis | Cluster,
    private readonly redis: RedisWithDeadline,
    private readonly secret: string,
    perMinute: number,
    now: () => number,
  ) {
    this.insurance = new MemoryHandshakeQuota(perMinute, now);
    this.limiter = new RateLimiterRedis({
      storeClient,
      keyPrefix: 'socket-gateway:handshakes',
      points: perMinute,
      duration: WINDOW_S,
      // An address that is over its limit is refused without asking Redis, until its minute is over.
      inMemoryBlockOnConsumed: perMinute + 1,
    });
  }

  async take(address: string): Promise<number> {
    const name = keyedHash(this.secret, `ip:${address}`);
    const answer = await this.redis.ask(() => consume(this.limiter, name));
    if (!answer) return this.insurance.take(address);
    return answer.passed ? 0 : Math.max(1, answer.msBeforeNext);
  }
}

/** A limiter that refuses rejects with what it would otherwise resolve with. */
async function consume(limiter: RateLimiterMemory | RateLimiterRedis, key: string) {
  try {
    return { ...(await limiter.consume(key)).toJSON(), passed: true };
  } catch (refused) {
    if (refused instanceof RateLimiterRes) return { ...refused.toJSON(), passed: false };
    throw refused;
  }
}
