import type { Redis } from 'ioredis';
import type { FeedListener, FeedSource, FeedStatus } from './feed-source.js';

/** Time between attempts to subscribe on a connection that is up but refuses, ms. */
const RESUBSCRIBE_MS = 2_000;

/**
 * How often Redis is asked whether it is still there, ms. A subscriber only listens: without this a frozen server, or a
 * connection that something on the way keeps open, looks like a quiet market.
 */
const PING_MS = 2_000;

/**
 * The feed over a Redis connection of its own (a subscribed connection can do nothing else). The connection retries by
 * itself; each time it is ready the channels are subscribed anew, and only a confirmed subscription counts as up.
 */
export class RedisFeed implements FeedSource {
  private channels: readonly string[] = [];
  private listener: FeedListener | undefined;
  private current: FeedStatus = { up: false, reason: 'not connected yet' };
  private retry: NodeJS.Timeout | undefined;
  private pinging: NodeJS.Timeout | undefined;
  private stopped = false;

  /** @param redis a connection with a socket timeout, owned by this feed from here on: `stop` closes it */
  constructor(
    private readonly redis: Redis,
    private readonly describeError: (error: unknown) => string,
  ) {}

  get status(): FeedStatus {
    return this.current;
  }

  start(channels: readonly string[], listener: FeedListener): void {
    this.channels = channels;
    this.listener = listener;
    this.redis.on('message', (channel: string, data: string) => {
      if (!this.stopped) listener.message(channel, data);
    });
    this.redis.on('error', (error: unknown) => this.down(this.describeError(error)));
    this.redis.on('close', () => this.down('the connection to Redis is closed'));
    this.redis.on('ready', () => void this.subscribe());
    // An answer that does not come ends the connection (its socket timeout), and with it this feed's being up.
    this.pinging = setInterval(() => {
      if (this.redis.status === 'ready') this.redis.ping().catch(() => undefined);
    }, PING_MS);
    this.pinging.unref();
    if (this.redis.status === 'ready') void this.subscribe();
  }

  stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.retry);
    clearInterval(this.pinging);
    this.down('stopped');
    // Not to be waited for: a client between two attempts to connect says no `end`.
    this.redis.disconnect();
    return Promise.resolve();
  }

  private async subscribe(): Promise<void> {
    clearTimeout(this.retry);
    try {
      await this.redis.subscribe(...this.channels);
    } catch (error) {
      // The connection may be up and the channel forbidden (ACL): ask again, the rule may be mended.
      this.down(this.describeError(error));
      if (!this.stopped && this.redis.status === 'ready') {
        this.retry = setTimeout(() => void this.subscribe(), RESUBSCRIBE_MS);
        this.retry.unref();
      }
      return;
    }
    if (this.stopped) return;
    this.current = { up: true };
    this.listener?.up();
  }

  private down(reason: string): void {
    // The first reason says more than the close that follows it.
    if (this.current.up || this.current.reason === undefined || !reason.includes('closed')) {
      this.current = { up: false, reason };
    }
  }
}
