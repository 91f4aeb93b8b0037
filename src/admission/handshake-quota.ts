import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Cluster, Redis } from 'ioredis';
import { keyedHash } from '../common/keyed-hash.js';
import type { RedisWithDeadline } from '../redis/redis-with-deadline.js';

/** Nest token of the {@link HandshakeQuota}. */
export const HANDSHAKE_QUOTA = Symbol('HANDSHAKE_QUOTA');

/**
 * Limits how many handshakes an address may make in a minute, either on this replica or on all
 * replicas together.
 */
export interface HandshakeQuota {
  /**
   * Counts one more handshake. Resolves within a quarter of a second and never rejects.
   * @returns 0 if the handshake is admitted, otherwise the time until the address may try again, ms
   */
  take(address: string): Promise<number>;
}

const WINDOW_S = 60;
/**
 * The most addresses that are counted in two minutes. Handshakes of further addresses are limited
 * only by HANDSHAKES_PER_SECOND.
 */
const MAX_ADDRESSES = 100_000;

/** Counts the handshakes of this replica only. */
export class MemoryHandshakeQuota implements HandshakeQuota {
  private readonly limiter: RateLimiterMemory;
  /**
   * How many addresses are new in this minute, and how many were new in the minute before
   * (`older`). The limiter keeps each address for one minute, so it never holds more than the sum
   * of both.
   */
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
 * Counts the handshakes of all replicas in Redis, and those of this replica only while Redis is
 * unavailable. It does not use the `insuranceLimiter` of rate-limiter-flexible, which waits until
 * the command fails: that takes seconds if Redis hangs.
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
      // An address that has exceeded its limit is refused without asking Redis until its minute is
      // over.
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

/**
 * When the limit is exceeded, the limiter rejects with the same object that it otherwise resolves
 * with.
 */
async function consume(limiter: RateLimiterMemory | RateLimiterRedis, key: string) {
  try {
    return { ...(await limiter.consume(key)).toJSON(), passed: true };
  } catch (refused) {
    if (refused instanceof RateLimiterRes) return { ...refused.toJSON(), passed: false };
    throw refused;
  }
}
