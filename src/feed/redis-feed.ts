import { type Redis, ReplyError } from 'ioredis';
import { RESUBSCRIBE_MS } from '../common/backoff.js';
import type { Clock, Timer } from '../common/clock.js';
import type { FeedProbe } from './feed-probe.js';
import type { FeedListener, FeedSource, FeedStatus } from './feed-source.js';

const NOT_YET = 'not connected yet';

export interface RedisFeedOptions {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** Goes round through the subscription when it is new, and when nothing else did for `probeAfterMs`. */
  readonly probe: FeedProbe;
  readonly probeAfterMs: number;
  /** What the names of the channels begin with in Redis; the probe's has it already. */
  readonly channelPrefix?: string;
  /** Sharded pub/sub: all channels, and the probe's, in one slot. */
  readonly sharded?: boolean;
  readonly describeError: (error: unknown) => string;
  /** Counts and logs a fault that the connection does not report itself; answers it in words. */
  readonly noteError: (error: unknown) => string;
  /** Has the connection's next attempt go where `error` says the channels are; false where it says nothing of the kind. */
  readonly redirect?: (error: unknown) => boolean;
}

/**
 * The feed over a Redis connection of its own (a subscribed connection is left to that). The connection retries by itself;
 * each time it is ready the channels are subscribed anew. Only a subscription that delivered a probe counts as up: one that
 * was confirmed and then delivers nothing looks just like a quiet market.
 */
export class RedisFeed implements FeedSource {
  private channels: readonly string[] = [];
  private listener: FeedListener | undefined;
  private current: FeedStatus = { up: false, reason: NOT_YET };
  /** The retry of a refused subscription, or the next look at whether it is silent. */
  private timer: Timer | undefined;
  /** Connections so far: what was begun on an earlier one is void. */
  private session = 0;
  private lastHeard = 0;
  private probing = false;
  private stopped = false;

  /** @param redis a connection with a socket timeout, owned by this feed from here on: `stop` closes it */
  constructor(
    private readonly redis: Redis,
    private readonly options: RedisFeedOptions,
  ) {}

  get status(): FeedStatus {
    return this.current;
  }

  start(channels: readonly string[], listener: FeedListener): void {
    const { probe, sharded, describeError, channelPrefix = '' } = this.options;
    this.channels = channels.map((channel) => channelPrefix + channel);
    this.listener = listener;
    this.redis.on(sharded ? 'smessage' : 'message', (channel: string, data: string) => {
      this.lastHeard = this.options.clock.now();
      if (channel === probe.channel) probe.hear();
      else if (!this.stopped) listener.message(channel.slice(channelPrefix.length), data);
    });
    this.redis.on('error', (error: unknown) => this.down(describeError(error)));
    this.redis.on('close', () => {
      this.session++;
      this.timer?.cancel();
      this.down(describeError(new Error('the connection is closed')));
    });
    this.redis.on('ready', () => void this.subscribe());
    // The slot of a sharded channel went to another node.
    this.redis.on('moved', () => {
      if (this.current.up) this.cut('the channel moved to another node of the cluster');
    });
    if (this.redis.status === 'ready') void this.subscribe();
  }

  stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    this.down('stopped');
    // Not to be waited for: a client between two attempts to connect says no `end`.
    if (this.redis.status !== 'end') this.redis.disconnect();
    return Promise.resolve();
  }

  private async subscribe(): Promise<void> {
    this.timer?.cancel();
    const session = ++this.session;
    try {
      await this.subscribeTo(...this.channels);
    } catch (error) {
      if (this.isOver(session)) return;
      if (this.options.redirect?.(error)) {
        this.redis.disconnect(true);
        return;
      }
      // The connection may be up and the channel forbidden (ACL): ask again, the rule may be mended.
      this.down(this.options.noteError(error));
      this.later(RESUBSCRIBE_MS, () => void this.subscribe());
      return;
    }
    if (this.isOver(session)) return;
    // A user whose rules know nothing of the probe's channel still gets the feed, watched by PING alone.
    this.probing = await this.subscribeTo(this.options.probe.channel).then(
      () => true,
      (error: unknown) => {
        if (!this.isOver(session)) this.options.noteError(error);
        return false;
      },
    );
    if (this.isOver(session) || !(await this.delivers()) || this.isOver(session)) return;
    this.current = { up: true };
    this.listener?.up();
    this.watch(session);
  }

  private subscribeTo(...channels: string[]): Promise<unknown> {
    return this.options.sharded ? this.redis.ssubscribe(...channels) : this.redis.subscribe(...channels);
  }

  /** Looks again when the subscription may have been silent for too long. */
  private watch(session: number): void {
    const { probeAfterMs } = this.options;
    const silent = (): boolean => this.options.clock.now() - this.lastHeard >= probeAfterMs;
    const look = async (): Promise<void> => {
      if (silent() && !(await this.delivers())) return;
      if (!this.isOver(session)) this.watch(session);
    };
    this.later(Math.max(1, this.lastHeard + probeAfterMs - this.options.clock.now()), () => void look());
  }

  /**
   * Whether messages come through. Where a probe cannot tell (its channel is forbidden, the publisher is away or stands on a
   * replica), an answered PING does. Cuts the connection where they do not.
   */
  private async delivers(): Promise<boolean> {
    const { session } = this;
    const asked = this.options.clock.now();
    // One that is not answered ends the connection (its socket timeout): a frozen server, or nobody at the other end.
    const ping = this.redis.ping().then(
      () => true,
      // A refusal (ACL) is an answer too.
      (error: unknown) => error instanceof ReplyError,
    );
    const result = this.probing ? await this.options.probe.send() : 'unknown';
    const delivers = result === 'heard' || this.lastHeard > asked || (result === 'unknown' && (await ping));
    if (delivers) this.lastHeard = this.options.clock.now();
    else if (!this.isOver(session)) {
      this.cut(
        this.options.noteError(
          new Error(`heard nothing of a probe for ${this.options.probe.times.hearMs} ms`),
        ),
      );
    }
    return delivers;
  }

  private cut(reason: string): void {
    this.down(reason);
    this.redis.disconnect(true);
  }

  private later(ms: number, work: () => void): void {
    if (this.stopped) return;
    this.timer = this.options.clock.after(ms, work);
    this.timer.unref?.();
  }

  private isOver(session: number): boolean {
    return this.stopped || session !== this.session || this.redis.status !== 'ready';
  }

  private down(reason: string): void {
    if (this.current.up && !this.stopped) this.listener?.down();
    // The first reason says more than the close that follows it.
    if (this.current.up || this.current.reason === NOT_YET || !reason.includes('closed')) {
      this.current = { up: false, reason };
    }
  }
}
