import type { Cluster, Redis } from 'ioredis';
import type { Clock } from '../common/clock.js';

/** The longest that one question may take, ms: somebody waits to connect. */
const WAIT_MS = 250;
/** After one that failed none is asked for so long, ms, or everybody would wait for a Redis that is frozen. */
const PAUSE_MS = 1_000;

/** Redis as limits ask it: an answer at once, or none. */
export class RedisWithDeadline {
  private pausedUntil = -Infinity;

  /** @param failed is told why there was no answer */
  constructor(
    private readonly redis: Redis | Cluster,
    private readonly clock: Clock,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Never rejects; undefined where there is no answer in time. The command may be carried out all the same. */
  async ask<T>(command: (redis: Redis | Cluster) => Promise<T>): Promise<T | undefined> {
    if (this.redis.status !== 'ready' || this.clock.now() < this.pausedUntil) return undefined;
    return new Promise((resolve) => {
      let over = false;
      const fail = (error: unknown): void => {
        if (over) return; // what was given up may fail seconds later
        over = true;
        this.pausedUntil = this.clock.now() + PAUSE_MS;
        this.failed(error);
        resolve(undefined);
      };
      const timer = this.clock.after(WAIT_MS, () => fail(new Error('Command timed out')));
      command(this.redis)
        .then(resolve, fail)
        .finally(() => timer.cancel());
    });
  }
}
