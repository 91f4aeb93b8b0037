import type { Redis } from 'ioredis';
import { repeat } from './cleanup.js';
import { chain, EXPIRY, underlying } from './messages.js';
import { OPTION_CHAIN, UNDERLYING } from './platform.js';
import { waitFor } from './wait.js';

/** Products that receive new prices all the time. */
export const TICKING = ['NIFTY', 'BANKNIFTY', 'FINNIFTY', 'SENSEX', 'AAPL', 'TSLA', 'SPY', 'QQQ'];
/**
 * Receives a new price only when a test says so. A client that missed it cannot recover with the
 * next price.
 */
export const RESTING = 'RESTING';
export const PRODUCTS = [...TICKING, RESTING];
/** The product that also has a chain. */
export const CHAIN = TICKING[0]!;

/** A stream of numbers: the prices of a product, or its chain. */
export type Stream = string;
export const chainStream: Stream = `chain of ${CHAIN}`;
export const STREAMS: readonly Stream[] = [...PRODUCTS, chainStream];

/** Messages per second over all streams, unless a test sets another rate. */
const RATE = 50;
/** One message in so many is a chain. */
const CHAIN_EVERY = 25;
/**
 * After so many messages, the previous message of the same stream is sent again. No client may
 * receive it.
 */
const STRAGGLER_EVERY = 10;
/** A worker does not wait for a Redis that hangs. Messages beyond this limit are lost. */
const MAX_UNANSWERED = 20;

/**
 * How the worker connects. It has no offline queue, because a queue would deliver lost messages
 * late. It does not resend commands of a lost connection, because Redis would then publish a
 * message twice, and clients would rightly receive it twice.
 */
export const WORKER = { enableOfflineQueue: false, autoResendUnfulfilledCommands: false } as const;

/**
 * The platform's worker with numbers as prices. It writes each price to `latest:*` and then
 * publishes it, and now and then publishes an older one again. A message that Redis does not accept
 * at once is lost, and the worker continues with the next number.
 */
export class NumberedFeed {
  /**
   * The newest number of each stream that Redis has accepted. Every client must receive it or a
   * newer one.
   */
  readonly taken = new Map<Stream, number>();
  published = 0;
  private readonly previous = new Map<Stream, string>();
  private readonly next = new Map<Stream, number>(STREAMS.map((stream) => [stream, 1]));
  private stop: (() => void) | undefined;
  private ticks = 0;
  private unanswered = 0;
  private lastTime = 0;
  /** These reject the commands that have no reply yet. */
  private readonly lose = new Set<() => void>();

  /** @param redis a connection with the options {@link WORKER} */
  constructor(
    readonly redis: Redis,
    private readonly rate = RATE,
  ) {
    redis.on('close', () => {
      for (const lose of this.lose) lose();
    });
  }

  start(): void {
    const started = performance.now();
    let ticks = 0;
    // Publishes as many messages as are due, because this process may be late.
    this.stop ??= repeat(() => {
      for (; ticks < ((performance.now() - started) * this.rate) / 1_000; ticks++) this.tick();
    }, 1_000 / this.rate);
  }

  pause(): void {
    this.stop?.();
    this.stop = undefined;
  }

  /** Publishes a new price of {@link RESTING}. Resolves once Redis has accepted it. */
  async touch(): Promise<void> {
    await waitFor(() => this.publish(RESTING), 'Redis does not take the price', 30_000);
  }

  private tick(): void {
    const count = this.ticks++;
    const stream = count % CHAIN_EVERY === 0 ? chainStream : TICKING[count % TICKING.length]!;
    if (this.unanswered < MAX_UNANSWERED) void this.publish(stream);
  }

  /**
   * Returns whether clients will receive it, because it is under `latest:*` or had a subscriber.
   */
  private async publish(stream: Stream): Promise<boolean> {
    const number = this.next.get(stream)!;
    this.next.set(stream, number + 1);
    // Later than all earlier ones, even if several are due in one millisecond.
    this.lastTime = Math.max(Date.now(), this.lastTime + 1);
    const { channel, key, message } = messageOf(stream, number, this.lastTime);
    this.unanswered++;
    const [stored, heard] = await Promise.allSettled([
      this.answered(this.redis.set(key, message, 'EX', 300)),
      this.answered(this.redis.publish(channel, message)),
    ]);
    this.unanswered--;
    const receivers = heard.status === 'fulfilled' ? heard.value : 0;
    if (stored.status === 'rejected' && receivers === 0) return false;
    this.published++;
    const straggler = this.previous.get(stream);
    this.previous.set(stream, message);
    if (straggler !== undefined && this.published % STRAGGLER_EVERY === 0) {
      this.redis.publish(channel, straggler).catch(() => undefined);
    }
    this.taken.set(stream, Math.max(number, this.taken.get(stream) ?? 0));
    return true;
  }

  /**
   * Rejects if the connection is lost before the reply arrives. ioredis settles such a command only
   * if it may send it again, which {@link WORKER} forbids. Without this, a price that was in flight
   * when Redis closed the connection would be awaited forever.
   */
  private answered<T>(command: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const lose = () => reject(new Error('the connection was lost'));
      this.lose.add(lose);
      void command.then(resolve, reject).finally(() => this.lose.delete(lose));
    });
  }
}

function messageOf(stream: Stream, number: number, time: number) {
  const timestamp = new Date(time).toISOString().replace('Z', '');
  const now = { timestamp, processed_at: timestamp };
  return stream === chainStream
    ? {
        channel: OPTION_CHAIN,
        key: `latest:chain:${CHAIN}:${EXPIRY}`,
        message: JSON.stringify({ ...chain(CHAIN, number), ...now }),
      }
    : {
        channel: UNDERLYING,
        key: `latest:underlying:${stream}`,
        message: JSON.stringify({ ...underlying(stream, number), ...now }),
      };
}
