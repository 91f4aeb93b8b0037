import type { Cluster, Redis } from 'ioredis';
import type { Clock } from '../common/clock.js';

/** How long to wait for a reply, ms. It is short because a client waits to connect. */
const WAIT_MS = 250;
/**
 * How long no command is sent after a failure, ms. Otherwise all clients would wait for a frozen
 * Redis.
 */
const PAUSE_MS = 1_000;

/** Runs Redis commands for limits: each replies quickly or not at all. */
export class RedisWithDeadline {
  private pausedUntil = -Infinity;

  /** @param failed called with the reason of each failure */
  constructor(
    private readonly redis: Redis | Cluster,
    private readonly clock: Clock,
    private readonly failed: (error: unknown) => void,
  ) {}

  /**
   * Runs a command. Never rejects. Returns undefined if there is no reply in time; Redis may still
   * run the command.
   */
  async ask<T>(command: (redis: Redis | Cluster) => Promise<T>): Promise<T | undefined> {
    if (this.redis.status !== 'ready' || this.clock.now() < this.pausedUntil) return undefined;
    return new Promise((resolve) => {
      let over = false;
      const fail = (error: unknown): void => {
        if (over) return; // a command that timed out may fail seconds later
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
