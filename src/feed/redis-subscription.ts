import { type Redis, ReplyError } from 'ioredis';
import { RESUBSCRIBE_MS } from '../common/backoff.js';
import type { Clock, Timer } from '../common/clock.js';
import type { ChannelListener, ChannelSource } from './channel-source.js';
import type { FeedProbe } from './feed-probe.js';
import type { FeedStatus } from './feed-source.js';

const NOT_YET = 'not connected yet';

/**
 * After this long without a reply to a PING, and without any message, the subscription counts as
 * silent, ms. The connection is given up only later.
 */
const SILENT_AFTER_MS = 1_000;

/** How many channels one command subscribes to: less than a millisecond of the server's time. */
const CHANNELS_PER_COMMAND = 500;
/** How many of these commands wait for their replies at a time. */
const COMMANDS_AT_ONCE = 64;

export interface RedisSubscriptionOptions {
  readonly clock: Pick<Clock, 'now' | 'after' | 'soon'>;
  /** Checks a new subscription, and one that has delivered nothing for `probeAfterMs`. */
  readonly probe: FeedProbe;
  readonly probeAfterMs: number;
  /** Prefix of the channel names in Redis. The probe's channel name already includes it. */
  readonly channelPrefix?: string;
  /** Use sharded pub/sub. All channels and the probe's channel must belong to the same node. */
  readonly sharded?: boolean;
  /**
   * Whether channels are of use without the others. If not, the subscription is up only when all of
   * them are subscribed to.
   */
  readonly independent?: boolean;
  /**
   * Divides channels into lists, each of which one command may subscribe to. Given only if the
   * caller moves channels between connections itself, to the nodes that own them.
   */
  readonly divide?: (channels: readonly string[]) => Iterable<readonly string[]>;
  readonly describeError: (error: unknown) => string;
  /** Counts and logs a fault that the connection does not report itself. Returns it in words. */
  readonly noteError: (error: unknown) => string;
  /**
   * Makes the connection reconnect to the cluster node that `error` names as the owner of the
   * channels. Returns false if the error names none.
   */
  readonly redirect?: (error: unknown) => boolean;
}

/**
 * Subscriptions over a Redis connection of their own, because a connection with subscriptions
 * cannot run other commands. Channels may be added and removed at any time. The connection
 * reconnects by itself, and each time it is ready all channels are subscribed to again. A
 * subscription counts as up only once the connection has delivered a probe: a confirmed
 * subscription that delivers nothing looks just like a quiet channel.
 */
export class RedisSubscription implements ChannelSource {
  /** The channels that are wanted, as Redis knows them. */
  private readonly channels = new Set<string>();
  /** Those of them that this connection has not been asked to subscribe to yet. */
  private missing = new Set<string>();
  private listener: ChannelListener | undefined;
  private current: FeedStatus = { up: false, reason: NOT_YET };
  /** Timer of the next attempt to subscribe, or of the next check for silence. */
  private timer: Timer | undefined;
  /** Changes with each connection and subscription attempt: work of an earlier one is abandoned. */
  private session = 0;
  private lastHeard = 0;
  private probing = false;
  /** Whether channels that were added are being subscribed to. */
  private adding = false;
  private addTimer: Timer | undefined;
  /** Why channels that were added cannot be subscribed to. */
  private refusal: string | undefined;
  /** Whether this connection has passed a message to the listener. */
  private delivering = false;
  private stopped = false;

  /**
   * @param redis a connection with a socket timeout. The subscription owns it: `stop` closes it.
   */
  constructor(
    private readonly redis: Redis,
    private readonly options: RedisSubscriptionOptions,
  ) {}

  get status(): FeedStatus {
    const { current, refusal } = this;
    return current.up && refusal !== undefined ? { up: false, reason: refusal } : current;
  }

  start(listener: ChannelListener): void {
    const { probe, sharded, describeError, channelPrefix = '' } = this.options;
    this.listener = listener;
    this.redis.on(sharded ? 'smessage' : 'message', (channel: string, data: string) => {
      this.lastHeard = this.options.clock.now();
      if (channel === probe.channel) probe.hear();
      else if (!this.stopped && this.channels.has(channel)) {
        this.delivering = true;
        listener.message(channel.slice(channelPrefix.length), data);
      }
    });
    this.redis.on('error', (error: unknown) => this.down(describeError(error)));
    this.redis.on('close', () => {
      this.session++;
      this.timer?.cancel();
      this.down(describeError(new Error('the connection is closed')));
    });
    this.redis.on('ready', () => void this.subscribe());
    // The slot of a sharded channel has moved to another node.
    this.redis.on('moved', () => {
      if (this.current.up && !this.options.divide)
        this.cut('the channel moved to another node of the cluster');
    });
    if (this.redis.status === 'ready') void this.subscribe();
  }

  add(names: readonly string[]): void {
    const { channelPrefix = '' } = this.options;
    for (const name of names) {
      const channel = channelPrefix + name;
      if (this.channels.has(channel)) continue;
      this.channels.add(channel);
      this.missing.add(channel);
    }
    // Otherwise the attempt that is in progress, or the next one, subscribes to them.
    if (this.current.up && !this.adding) void this.subscribeAdded();
  }

  remove(name: string): void {
    const channel = (this.options.channelPrefix ?? '') + name;
    if (!this.channels.delete(channel)) return;
    this.missing.delete(channel);
    // Nothing waits for the reply. If the connection is lost, the subscription is lost with it. An
    // earlier attempt on this connection may have subscribed to it, even if it is missing now.
    const { redis } = this;
    if (redis.status !== 'ready') return;
    const left = this.options.sharded ? redis.sunsubscribe(channel) : redis.unsubscribe(channel);
    left.catch(() => undefined);
  }

  stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    this.addTimer?.cancel();
    this.down('stopped');
    // Do not wait for `end`: a client that is between two attempts to connect does not emit it.
    if (this.redis.status !== 'end') this.redis.disconnect();
    return Promise.resolve();
  }

  /** Subscribes to all channels, on a connection that is new or whose last attempt failed. */
  private async subscribe(): Promise<void> {
    this.timer?.cancel();
    const session = ++this.session;
    this.missing = new Set(this.channels);
    this.refusal = undefined;
    const subscribed: string[] = [];
    const problem = await this.subscribeMissing(session, (channels) => subscribed.push(...channels));
    if (this.isOver(session)) return;
    if (problem !== undefined && !this.options.independent) {
      if (this.options.redirect?.(problem)) {
        this.redis.disconnect(true);
        return;
      }
      // The connection may be up, but an ACL rule may forbid the channel. Retry, because an
      // operator may correct the rule.
      this.down(this.options.noteError(problem));
      this.later(RESUBSCRIBE_MS, () => void this.subscribe());
      return;
    }
    // If the ACL rules do not allow the probe's channel, the subscription still works, checked only
    // with PING.
    this.probing = await this.subscribeTo([this.options.probe.channel]).then(
      () => true,
      (error: unknown) => {
        if (!this.isOver(session)) this.options.noteError(error);
        return false;
      },
    );
    if (this.isOver(session) || !(await this.delivers()) || this.isOver(session)) return;
    this.current = { up: true };
    this.reportUp(subscribed);
    this.watch(session);
    void this.subscribeAdded();
  }

  /** Subscribes to the channels that are missing since the connection works. */
  private async subscribeAdded(): Promise<void> {
    const { session } = this;
    this.addTimer?.cancel();
    this.adding = true;
    let problem: unknown;
    // More may be added while the commands run.
    while (problem === undefined && this.missing.size > 0 && this.current.up && !this.isOver(session))
      problem = await this.subscribeMissing(session, (channels) => this.reportUp(channels));
    this.adding = false;
    if (this.isOver(session) || !this.current.up) return;
    this.refusal = problem === undefined ? undefined : this.options.noteError(problem);
    if (problem === undefined) return;
    this.addTimer = this.options.clock.after(RESUBSCRIBE_MS, () => void this.subscribeAdded());
    this.addTimer.unref?.();
  }

  private reportUp(channels: readonly string[]): void {
    const wanted = channels.filter((channel) => this.channels.has(channel) && !this.missing.has(channel));
    if (wanted.length > 0) this.listener?.up(this.namesOf(wanted));
  }

  /**
   * Tries once to subscribe to the channels that are missing now.
   * @param subscribed is called after each command that succeeds, with its channels
   * @returns the error of the first command that failed; its channels are still missing
   */
  private async subscribeMissing(
    session: number,
    subscribed: (channels: readonly string[]) => void,
  ): Promise<unknown> {
    // `subscribe` replaces the set when another session begins.
    const { missing } = this;
    let problem: unknown;
    const attempt = async (channels: readonly string[]): Promise<void> => {
      // In the same turn as the command, so that `remove` undoes it with a later command.
      for (const channel of channels) missing.delete(channel);
      try {
        await this.subscribeTo(channels);
        if (!this.isOver(session)) subscribed(channels);
      } catch (error) {
        for (const channel of channels) if (this.channels.has(channel)) missing.add(channel);
        problem ??= error;
      }
    };
    let running: Promise<void>[] = [];
    for (const channels of this.divided([...missing])) {
      running.push(attempt(channels));
      if (running.length < COMMANDS_AT_ONCE) continue;
      await Promise.all(running);
      running = [];
      if (this.isOver(session)) break;
    }
    await Promise.all(running);
    return problem;
  }

  private *divided(channels: readonly string[]): Generator<readonly string[]> {
    for (const list of this.options.divide?.(channels) ?? [channels]) {
      for (let from = 0; from < list.length; from += CHANNELS_PER_COMMAND) {
        // Some may have been removed while earlier commands ran.
        const wanted = list
          .slice(from, from + CHANNELS_PER_COMMAND)
          .filter((channel) => this.missing.has(channel));
        if (wanted.length > 0) yield wanted;
      }
    }
  }

  private subscribeTo(channels: readonly string[]): Promise<unknown> {
    return this.options.sharded ? this.redis.ssubscribe(...channels) : this.redis.subscribe(...channels);
  }

  /** The channels that this connection was asked to subscribe to. */
  private get subscribed(): readonly string[] {
    return this.namesOf([...this.channels].filter((channel) => !this.missing.has(channel)));
  }

  private namesOf(channels: Iterable<string>): readonly string[] {
    const { length } = this.options.channelPrefix ?? '';
    return Array.from(channels, (channel) => channel.slice(length));
  }

  /** Schedules the next check for a subscription that has been silent for too long. */
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
   * Whether the subscription delivers messages. If a probe cannot show it (its channel is
   * forbidden, or the publisher has no connection or is connected to a Redis replica), a reply to
   * PING counts instead. Closes the connection if the subscription does not deliver.
   */
  private async delivers(): Promise<boolean> {
    const { session } = this;
    const asked = this.options.clock.now();
    // A PING without a reply ends the connection through its socket timeout: the server is frozen
    // or gone.
    const ping = this.redis.ping().then(
      () => true,
      // An error reply, such as one from an ACL rule, is a reply too.
      (error: unknown) => error instanceof ReplyError,
    );
    const watch = this.watchSilence(asked, ping);
    const result = this.probing ? await this.options.probe.send() : 'unknown';
    const delivers = result === 'heard' || this.lastHeard > asked || (result === 'unknown' && (await ping));
    watch.cancel();
    if (delivers) this.lastHeard = this.options.clock.now();
    else if (!this.isOver(session)) {
      this.cut(
        this.options.noteError(
          new Error(`received no probe message for ${this.options.probe.times.hearMs} ms`),
        ),
      );
    }
    return delivers;
  }

  /**
   * Reports the subscription as silent while it answers nothing. It looks only after what has
   * arrived in the meantime was read, because this process itself may have been busy.
   */
  private watchSilence(asked: number, ping: Promise<unknown>): Timer {
    const { clock } = this.options;
    const { session } = this;
    let answered = false;
    const heard = (): void => {
      answered = true;
      if (this.current.silent) this.current = { up: true };
    };
    void ping.then(heard);
    const timer = clock.after(SILENT_AFTER_MS, () =>
      clock.soon(() => {
        if (answered || this.lastHeard > asked || this.isOver(session) || !this.current.up) return;
        this.current = { up: true, silent: true };
      }),
    );
    timer.unref?.();
    return {
      cancel: () => {
        timer.cancel();
        heard();
      },
    };
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
    if ((this.current.up || this.delivering) && !this.stopped) this.listener?.down(this.subscribed);
    this.delivering = false;
    // The first reason is more specific than the `close` event that follows it.
    if (this.current.up || this.current.reason === NOT_YET || !reason.includes('closed')) {
      this.current = { up: false, reason };
    }
  }
}
