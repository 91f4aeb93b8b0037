import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { CLOCK, type Clock, delay } from '../common/clock.js';
import { CacheService } from '../cache/cache.service.js';
import { GatewayConfig } from '../config/gateway-config.js';
import {
  chainRoom,
  type ChainSummary,
  type FeedGap,
  GENERAL_ROOM,
  JsonPayload,
  LivePayload,
  marketAddress,
  productRoom,
  ServerEvent,
} from '../contract/index.js';
import { type GatewayServer, SOCKET_SERVER } from '../transports/socket-io/socket-server.js';
import { FEED_CHANNELS } from '../feed/channels.js';
import { PROBE_TIMES } from '../feed/feed-probe.js';
import { FEED_SOURCE, type FeedListener, type FeedSource } from '../feed/feed-source.js';
import type { ChainMessage, MarketMessage, UnderlyingMessage } from '../feed/market-message.js';
import { FeedMessageError } from '../feed/feed-message-error.js';
import { parseMessage } from '../feed/parse-message.js';
import { FreshnessService } from '../freshness/freshness.service.js';
import { HistoryService } from '../history/history.service.js';
import { messageOf } from '../common/message-of.js';
import { RateLimitedLog } from '../logging/rate-limited-log.js';
import { BridgeMetrics } from './bridge.metrics.js';
import { TransportMetrics } from '../transports/transport.metrics.js';
import { type Timed, ViewsService } from '../views/views.service.js';
import { FeedReport } from './feed-report.js';

/**
 * The longest time that the start waits for the cache to warm up, so that the first clients get
 * their snapshots from memory, ms.
 */
const WARM_START_MS = 2_000;

/** After an outage, each replica refreshes its cache at a random moment within this time, ms. */
const REFRESH_SPREAD_MS = 1_000;

/**
 * Relays the enriched channels to the clients of this replica: it parses and checks each message,
 * remembers it and broadcasts it. Every replica consumes the whole feed and emits only to its own
 * sockets (`server.local`). So no message travels between replicas, and no client receives one
 * twice.
 */
@Injectable()
export class RedisBridgeService
  implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown, FeedListener
{
  private readonly report: FeedReport;
  private refreshed: Promise<void> | undefined;
  /**
   * The subscriptions that were lost and have not delivered a message since, by their channels. For
   * each, the last time at which it is known to have worked, ms since the epoch.
   */
  private readonly lost = new Map<readonly string[], number>();
  /** By channel: when the last message arrived, ms since the epoch. */
  private readonly heard = new Map<string, number>();

  constructor(
    private readonly config: GatewayConfig,
    @Inject(FEED_SOURCE) private readonly feed: FeedSource,
    private readonly cache: CacheService,
    private readonly freshness: FreshnessService,
    private readonly history: HistoryService,
    private readonly views: ViewsService,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly metrics: BridgeMetrics,
    private readonly transportMetrics: TransportMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly faults: RateLimitedLog,
    @InjectPinoLogger(RedisBridgeService.name) private readonly log: PinoLogger,
  ) {
    this.report = new FeedReport(config.products, metrics, faults, () => clock.wallNow());
  }

  onModuleInit(): void {
    this.metrics.onScrape(() => this.metrics.feedUp.set(this.feed.status.up ? 1 : 0));
  }

  async onApplicationBootstrap(): Promise<void> {
    this.feed.start(FEED_CHANNELS, this);
    const deadline = this.clock.now() + WARM_START_MS;
    while (!this.refreshed && this.clock.now() < deadline) await delay(this.clock, 10);
    const refreshed = new AbortController();
    await Promise.race([
      this.refreshed,
      delay(this.clock, Math.max(0, deadline - this.clock.now()), refreshed.signal),
    ]);
    refreshed.abort();
  }

  /**
   * Runs before the connections of the clients are closed, because that may take a while and the
   * pending writes to `latest:*` should not wait for it.
   */
  async beforeApplicationShutdown(): Promise<void> {
    await this.feed.stop();
    await this.history.stop();
    await this.cache.stop();
  }

  /**
   * The subscription is up, for the first time or again. Messages that were published in the
   * meantime are in the store.
   */
  up(): void {
    this.log.info({ channels: FEED_CHANNELS }, 'redis_listener_started');
    this.returned(() => true);
    this.history.listen();
    this.refreshed = this.cache.refresh(
      (message) => this.freshness.observeStored(message, () => this.broadcast(message)),
      // Replicas that lost Redis together must not all read it at the same moment. The first start
      // does not wait, because clients wait for it.
      this.refreshed === undefined ? 0 : Math.random() * REFRESH_SPREAD_MS,
      () => [...this.server.sockets.adapter.rooms.keys()].flatMap((room) => marketAddress(room) ?? []),
    );
  }

  down(channels: readonly string[]): void {
    // Either a message of the channels has arrived, or a probe came through within the time after
    // which its absence is noticed. An earlier loss would have been noticed already.
    const noticedWithinMs = this.config.feedProbeAfterMs + PROBE_TIMES.hearMs + PROBE_TIMES.sendMs;
    const probedAt = this.clock.wallNow() - noticedWithinMs;
    const heardAt = Math.max(...channels.map((channel) => this.heard.get(channel) ?? 0));
    if (!this.lost.has(channels)) this.lost.set(channels, Math.max(heardAt, probedAt));
    this.cache.suspendWrites();
    this.history.interrupt();
  }

  message(channel: string, data: string): void {
    const receivedAt = this.clock.now();
    this.metrics.feedMessages.inc({ channel });
    // A client must hear of the gap before the first update after it, because it may disconnect
    // before the feed is up, and resume from that update.
    if (this.lost.size > 0) this.returned((channels) => channels.includes(channel));
    const heardBefore = this.heard.get(channel) ?? 0;
    this.heard.set(channel, this.clock.wallNow());
    try {
      this.relay(parseMessage(channel, data, this.config.feedRules), receivedAt, heardBefore);
    } catch (error) {
      if (error instanceof FeedMessageError) {
        this.report.rejected(channel, error);
      } else {
        // An error in our own code must cost only this message, not the whole listener.
        this.metrics.feedRejected.inc({ reason: 'internal_error' });
        this.faults.warn('internal_error', 'feed_message_failed', { channel, problem: messageOf(error) });
      }
    }
  }

  /**
   * @param receivedAt when it arrived, ms of the monotonic clock
   * @param heardBefore when the message before this one arrived, ms since the epoch
   */
  private relay(message: MarketMessage, receivedAt: number, heardBefore: number): void {
    this.observeLag(message);
    this.report.accepted(message);
    const { kind, product } = message;
    const verdict = this.cache.remember(message);
    const isNext = this.history.record(message, verdict);
    switch (verdict) {
      case 'older':
        this.metrics.feedOlder.inc({ kind });
        // A newer update was read from Redis first, and sent. So clients never get this one.
        if (isNext) this.tellGap(heardBefore);
        this.log.debug({ product }, 'feed_message_older');
        return;
      case 'repeated':
        this.metrics.feedRepeated.inc({ kind });
        this.freshness.observeLive(message);
        return;
      case 'rebased':
        this.metrics.feedRebased.inc({ kind });
        this.faults.warn(`rebased:${kind}`, 'feed_clock_set_back', {
          product,
          timestamp: new Date(message.time / 1_000).toISOString(),
        });
        break;
      case 'newest':
        break;
    }
    this.freshness.observeLive(message);
    const producedAt = message.processedTime / 1_000;
    this.broadcast(message, (payload) => new LivePayload(payload, producedAt, receivedAt));
  }

  /** Tells the clients about the gap before subscriptions that were lost deliver again. */
  private returned(isBack: (channels: readonly string[]) => boolean): void {
    const back = [...this.lost].filter(([channels]) => isBack(channels));
    for (const [channels] of back) this.lost.delete(channels);
    if (back.length > 0) this.tellGap(Math.min(...back.map(([, lostAt]) => lostAt)));
  }

  /**
   * Tells the clients that they may miss updates published since `lostAt`. After a loss of the feed,
   * the refresh then fetches the newest message of each stream, and sends it after this event.
   */
  private tellGap(lostAt: number): void {
    const gap: FeedGap = {
      since: new Date(lostAt).toISOString(),
      until: new Date(this.clock.wallNow()).toISOString(),
    };
    this.metrics.feedGaps.inc();
    this.log.warn({ ...gap, ms: this.clock.wallNow() - lostAt }, 'feed_gap');
    this.server.local.emit(ServerEvent.feedGap, gap);
  }

  /** @param timed wraps the payloads of an update that has just come from the feed */
  private broadcast(message: MarketMessage, timed: Timed = (payload) => payload): void {
    if (message.kind === 'underlying') this.broadcastUnderlying(message, timed);
    else this.broadcastChain(message, timed);
  }

  /** A single emit to both rooms: Socket.IO sends it only once to a client that is in both. */
  private broadcastUnderlying(message: UnderlyingMessage, timed: Timed): void {
    const { product, price, payload } = message;
    const rooms = [GENERAL_ROOM, productRoom(product)];
    this.to(rooms, message).emit(ServerEvent.underlyingUpdate, timed(payload));
    this.transportMetrics.broadcasts.inc({ event: ServerEvent.underlyingUpdate });
    this.views.relay(rooms, ServerEvent.underlyingUpdate, payload, timed);
    this.log.debug({ product, price }, 'broadcasted_underlying');
  }

  private broadcastChain(message: ChainMessage, timed: Timed): void {
    const { product, expiry, key, payload, summary } = message;
    const short = new JsonPayload<ChainSummary>(JSON.stringify(summary), key);
    this.server.local.to(GENERAL_ROOM).emit(ServerEvent.chainSummary, timed(short));
    this.transportMetrics.broadcasts.inc({ event: ServerEvent.chainSummary });
    this.views.relay([GENERAL_ROOM], ServerEvent.chainSummary, short, timed);
    const rooms = [chainRoom(product), chainRoom(product, expiry)];
    this.to(rooms, message).emit(ServerEvent.chainUpdate, timed(payload));
    this.transportMetrics.broadcasts.inc({ event: ServerEvent.chainUpdate });
    this.views.relayChain(rooms, message, timed);
    this.log.debug({ product, expiry, pcr: summary.pcr_oi }, 'broadcasted_chain');
  }

  /** The clients in these rooms that do not have the message already. */
  private to(rooms: string[], message: MarketMessage) {
    const all = this.server.local.to(rooms);
    const served = this.cache.takeServed(message);
    return served ? all.except([...served]) : all;
  }

  private observeLag({ kind, processedTime }: MarketMessage): void {
    this.metrics.bridgeLag.observe(
      { kind },
      Math.max(0, this.clock.wallNow() - processedTime / 1_000) / 1_000,
    );
  }
}
