import { type ChainableCommander, Redis } from 'ioredis';
import { backoffMs } from '../../src/common/backoff.js';
import type { StoreEntry } from '../../src/cache/latest-store.js';
import { ConfigError, type GatewayConfig } from '../../src/config/gateway-config.js';
import type { FeedPublisher } from '../../src/feed/memory-feed.js';
import { credentials, type RedisAddress, targetOf } from '../../src/redis/redis-connections.js';
import { describeRedisError } from '../../src/redis/redis-faults.js';
import { realTimer } from './clock.js';

/** How long the platform's worker keeps `latest:*`. */
const LATEST_TTL_SECONDS = 300;
/**
 * How much may be in flight to Redis before {@link RedisPublisher.publish} makes its caller wait.
 */
const MAX_IN_FLIGHT_BYTES = 8 * 1024 * 1024;
/** After so long without a reply, Redis counts as dead and the publisher reconnects. */
const SILENCE_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 2_000;

/** Where to publish, and with which names. The gateway has the same settings. */
export type PublisherSettings = RedisAddress & Partial<Pick<GatewayConfig, 'keyPrefix' | 'channelPrefix'>>;

export interface RedisPublisherOptions {
  /** Releases callers that wait for a slow connection. */
  readonly signal?: AbortSignal;
  /** Called with a sentence when the connection is lost and when it is back. */
  readonly onState?: (sentence: string) => void;
}

/** The commands of one turn of the event loop. */
interface Batch {
  readonly pipeline: ChainableCommander;
  /** For each command the length of its message, or undefined if it is not a message. */
  readonly messages: (number | undefined)[];
  bytes: number;
}

/**
 * Publishes to Redis. The messages of one turn of the event loop are sent as one pipeline. Its
 * memory is limited: a slow Redis slows down the caller. Without a Redis, messages are dropped and
 * counted, because old prices are of no use.
 */
export class RedisPublisher implements FeedPublisher {
  /** The number of messages that Redis has accepted. */
  published = 0;
  /** The number of characters in those messages, which are bytes as long as they are ASCII. */
  publishedBytes = 0;
  dropped = 0;
  private readonly redis: Redis;
  private readonly channelPrefix: string;
  private batch: Batch | undefined;
  private inFlight = 0;
  private lost = false;
  private refused = false;
  private readonly waiting = new Set<() => void>();

  /** Starts to connect, and keeps trying forever. {@link ready} reports when it is connected. */
  constructor(
    settings: PublisherSettings,
    private readonly options: RedisPublisherOptions = {},
  ) {
    const target = targetOf(settings);
    if (target.kind !== 'single')
      throw new ConfigError('The simulator publishes to one Redis, but REDIS_URL names several servers.');
    const { keyPrefix = '', channelPrefix = '' } = settings;
    this.channelPrefix = channelPrefix;
    this.redis = new Redis(target.url, {
      ...credentials(target),
      keyPrefix,
      connectionName: 'deltastream-feed',
      retryStrategy: (attempt) => backoffMs(attempt),
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      socketTimeout: SILENCE_TIMEOUT_MS,
    });
    this.redis.on('error', (error: unknown) => this.onLost(describeRedisError(error)));
    this.redis.on('close', () => this.onLost('the connection was closed'));
    this.redis.on('ready', () => this.onReady());
    options.signal?.addEventListener('abort', () => this.release(), { once: true });
  }

  /** Resolves with the first usable connection, or when the signal aborts. */
  async ready(): Promise<void> {
    if (this.redis.status === 'ready') return;
    await new Promise<void>((resolve) => {
      this.redis.once('ready', resolve);
      this.options.signal?.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** Returns a promise only if the caller has to wait. */
  publish(channel: string, data: string): Promise<void> | void {
    const batch = this.openBatch(data.length, true);
    if (!batch) {
      this.dropped++;
      return;
    }
    batch.pipeline.publish(this.channelPrefix + channel, data);
    if (this.inFlight > MAX_IN_FLIGHT_BYTES && !this.options.signal?.aborted) {
      return new Promise((resolve) => this.waiting.add(resolve));
    }
  }

  /**
   * Writes a `latest:*` entry as the platform's worker does. It is sent and limited together with
   * the messages.
   */
  remember(entry: StoreEntry): void {
    this.openBatch(entry.value.length, false)?.pipeline.set(entry.key, entry.value, 'EX', LATEST_TTL_SECONDS);
  }

  /** Sends the remaining messages and disconnects. Gives up after two seconds. Never rejects. */
  async close(): Promise<void> {
    this.redis.removeAllListeners('close');
    const sent = this.flush().then(() => this.redis.quit());
    const closed = new AbortController();
    await Promise.race([sent.catch(() => undefined), realTimer.sleep(CLOSE_TIMEOUT_MS, closed.signal)]);
    closed.abort();
    this.redis.disconnect();
    this.release();
  }

  private openBatch(bytes: number, isMessage: boolean): Batch | undefined {
    if (this.redis.status !== 'ready') return undefined;
    if (!this.batch) {
      this.batch = { pipeline: this.redis.pipeline(), messages: [], bytes: 0 };
      setImmediate(() => void this.flush());
    }
    this.batch.messages.push(isMessage ? bytes : undefined);
    this.batch.bytes += bytes;
    this.inFlight += bytes;
    return this.batch;
  }

  private async flush(): Promise<void> {
    const batch = this.batch;
    if (!batch) return;
    this.batch = undefined;
    const results = await batch.pipeline.exec().catch(() => null);
    for (const [i, bytes] of batch.messages.entries()) {
      // Without results the connection was lost during the batch, which onLost has reported.
      const error = results === null ? undefined : results[i]?.[0];
      if (error) this.onRefused(error);
      if (bytes === undefined) continue;
      if (results === null || error) {
        this.dropped++;
      } else {
        this.published++;
        this.publishedBytes += bytes;
      }
    }
    this.inFlight -= batch.bytes;
    if (this.inFlight < MAX_IN_FLIGHT_BYTES / 2) this.release();
  }

  private onRefused(error: Error): void {
    // Commands of a lost connection fail one by one, and onLost has already reported that.
    if (this.refused || this.redis.status !== 'ready') return;
    this.refused = true;
    this.options.onState?.(`Redis refuses a command: ${describeRedisError(error)}.`);
  }

  private onLost(problem: string): void {
    if (!this.lost)
      this.options.onState?.(`Redis cannot be reached (${problem}); messages are dropped until it is back.`);
    this.lost = true;
  }

  private onReady(): void {
    if (this.lost) this.options.onState?.('Redis is back.');
    this.lost = false;
  }

  private release(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}
