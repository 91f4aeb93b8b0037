import type { Redis } from 'ioredis';
import { repeat } from './cleanup.js';
import { chain, EXPIRY, underlying } from './messages.js';
import { OPTION_CHAIN, UNDERLYING } from './platform.js';
import { waitFor } from './wait.js';

/** Products with a new price all the time. */
export const TICKING = ['NIFTY', 'BANKNIFTY', 'FINNIFTY', 'SENSEX', 'AAPL', 'TSLA', 'SPY', 'QQQ'];
/** Has a new price when the test says so: whoever missed it is not saved by the next one. */
export const RESTING = 'RESTING';
export const PRODUCTS = [...TICKING, RESTING];
/** The product that has a chain, too. */
export const CHAIN = TICKING[0]!;

/** A stream of numbers: the prices of a product, or its chain. */
export type Stream = string;
export const chainStream: Stream = `chain of ${CHAIN}`;
export const STREAMS: readonly Stream[] = [...PRODUCTS, chainStream];

/** Messages a second, over all streams, unless a test wants others. */
const RATE = 50;
/** One message in so many is a chain. */
const CHAIN_EVERY = 25;
/** After so many messages the one before of the same stream comes again, late: nobody may be sent it. */
const STRAGGLER_EVERY = 10;
/** A worker does not wait for a Redis that hangs: what is more than this is lost. */
const MAX_UNANSWERED = 20;

/**
 * How the worker is connected: without an offline queue, or what was lost would come late; and without sending again what the
 * connection was lost over, or Redis would publish it twice, and clients rightly get it twice.
 */
export const WORKER = { enableOfflineQueue: false, autoResendUnfulfilledCommands: false } as const;

/**
 * The platform's worker, with numbers for prices: each is put under `latest:*` and then published, and now and then an older
 * one again. It has no patience: what Redis does not take at once is lost, and the next number is tried.
 */
export class NumberedFeed {
  /** The newest number of each stream that Redis has taken, and so every client must get it or a newer one. */
  readonly taken = new Map<Stream, number>();
  published = 0;
  private readonly previous = new Map<Stream, string>();
  private readonly next = new Map<Stream, number>(STREAMS.map((stream) => [stream, 1]));
  private stop: (() => void) | undefined;
  private ticks = 0;
  private unanswered = 0;
  private lastTime = 0;
  /** Reject the commands that have no answer yet. */
  private readonly lose = new Set<() => void>();

  /** @param redis connected as {@link WORKER} */
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
    // As many as are due: this process may be late.
    this.stop ??= repeat(() => {
      for (; ticks < ((performance.now() - started) * this.rate) / 1_000; ticks++) this.tick();
    }, 1_000 / this.rate);
  }

  pause(): void {
    this.stop?.();
    this.stop = undefined;
  }

  /** A new price of {@link RESTING}; resolves once Redis has taken one. */
  async touch(): Promise<void> {
    await waitFor(() => this.publish(RESTING), 'Redis does not take the price', 30_000);
  }

  private tick(): void {
    const count = this.ticks++;
    const stream = count % CHAIN_EVERY === 0 ? chainStream : TICKING[count % TICKING.length]!;
    if (this.unanswered < MAX_UNANSWERED) void this.publish(stream);
  }

  /** Answers whether somebody will have it: it is under `latest:*`, or was heard. */
  private async publish(stream: Stream): Promise<boolean> {
    const number = this.next.get(stream)!;
    this.next.set(stream, number + 1);
    // Later than any before it, even where several are due in one millisecond.
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
   * Rejects when the connection is lost before the answer came. ioredis settles such a command only if it may send it again,
   * which {@link WORKER} forbids: without this, a price that was under way when Redis closed the connection would be waited for
   * for ever.
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
