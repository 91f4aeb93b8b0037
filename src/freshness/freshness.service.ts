import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { GatewayConfig } from '../config/gateway-config.js';
import { JsonPayload, type ProductStatus, ServerEvent } from '../contract/index.js';
import { systemClock } from '../clock.js';
import { type GatewayServer, SOCKET_SERVER } from '../fanout/socket-server.js';
import type { MarketMessage } from '../feed/market-message.js';
import { RateLimitedLog } from '../logging/rate-limited-log.js';
import { GatewayMetrics } from '../metrics/gateway-metrics.js';
import { FreshnessTracker, type StatusChange } from './freshness-tracker.js';
import { ProductRooms } from './product-rooms.js';
import { Sweeper } from './sweeper.js';

/** Ten sweeps in the time after which a price is stale, but no more than one a second. */
const SWEEPS = 10;
const MAX_SWEEP_INTERVAL_MS = 1_000;
/** Products announced at a time, and the pause after them: a feed that dies must not send everybody everything at once. */
const MAX_CHANGES_PER_SWEEP = 100;
const BACKLOG_MS = 100;
/** Far more than there are; a producer that makes up names must not fill the memory. The first to come are watched. */
const MAX_PRODUCTS = 50_000;
/** Statuses sent to a new connection. */
const MAX_TOLD = 1_000;
/** For how long the statuses for new connections are taken from the last one: their age is that much behind at most. */
const TOLD_FOR_MS = 1_000;
const MAX_LOGGED_NAMES = 20;

/** Tells clients which prices have stopped, and when they go on. */
@Injectable()
export class FreshnessService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly tracker: FreshnessTracker;
  private readonly sweeper: Sweeper;
  private readonly rooms: ProductRooms;
  private readonly faults: RateLimitedLog;
  private told: { readonly at: number; readonly payloads: JsonPayload<ProductStatus>[] } | undefined;

  constructor(
    { staleAfterMs, marketHours, products }: GatewayConfig,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly metrics: GatewayMetrics,
    @InjectPinoLogger(FreshnessService.name) private readonly log: PinoLogger,
  ) {
    this.faults = new RateLimitedLog(log);
    this.rooms = new ProductRooms(server.sockets.adapter);
    this.tracker = new FreshnessTracker({
      staleAfterMs,
      hours: marketHours,
      expected: products,
      maxProducts: MAX_PRODUCTS,
      now: () => performance.now(),
      wallNow: () => Date.now(),
    });
    this.sweeper = new Sweeper({
      clock: systemClock,
      intervalMs: Math.min(staleAfterMs / SWEEPS, MAX_SWEEP_INTERVAL_MS),
      backlogMs: BACKLOG_MS,
      heldUpMs: staleAfterMs / 2,
      sweep: () => this.sweep(),
    });
    metrics.onScrape(() => metrics.staleProducts.set(this.tracker.complaints().length));
  }

  onApplicationBootstrap(): void {
    this.sweeper.start();
  }

  /** The feed is stopped now, which says nothing of the market. */
  beforeApplicationShutdown(): void {
    this.sweeper.stop();
  }

  /** A message came from the feed: to be called right before it is broadcast. */
  arrived(message: MarketMessage): void {
    const change = this.tracker.live(message);
    if (change) this.announce(change);
  }

  /** A message was read from the store, and `send` broadcasts it. Its product is said to be live before it, or stale after it. */
  restored(message: MarketMessage, send: () => void): void {
    this.found(message, send, (change) => this.announce(change));
  }

  /**
   * As `restored`, where `send` sends it to one who asked: all who waited for the same read are sent theirs in a row of
   * microtasks, and that the product is stale is said once, after the last of them.
   */
  fetched(message: MarketMessage, send: () => void): void {
    this.found(message, send, ({ payload: { product }, hadPrice }) =>
      queueMicrotask(() => {
        const payload = this.tracker.staleStatus(product);
        if (payload) this.announce({ payload, hadPrice });
      }),
    );
  }

  /** Ordinal of the last change to `stale`. Who has been in a product's room since then is told of later ones anyway. */
  get changes(): number {
    return this.tracker.changes;
  }

  /** Tells one client that a product is stale, if it is, and became so with the change `by` or before. */
  tell(clientId: string, product: string, by = this.changes): void {
    const status = this.tracker.staleStatus(product, by);
    if (status) this.sendTo(clientId, repeated(status));
  }

  /**
   * As `tell`, for one who asked and may be in no room of the product's: what changed after `since` its rooms, where it is
   * in one, have told it.
   */
  tellAsker(
    client: { readonly id: string; readonly rooms: ReadonlySet<string> },
    product: string,
    since: number,
  ) {
    const status = this.tracker.staleStatus(product);
    if (!status) return;
    const hears = this.rooms.of(product, status.last_update !== null).some((room) => client.rooms.has(room));
    if (!hears || this.tracker.staleStatus(product, since)) this.sendTo(client.id, repeated(status));
  }

  /** Tells one client of every stale product it may have a price of. */
  tellAll(clientId: string): void {
    const now = performance.now();
    // One list, and so one frame a product, for all who reconnect at the same time.
    if (!this.told || now - this.told.at >= TOLD_FOR_MS) {
      this.told = { at: now, payloads: this.tracker.staleStatuses(MAX_TOLD).map(repeated) };
    }
    for (const payload of this.told.payloads) this.sendTo(clientId, payload);
  }

  /** The stale products, as far as their markets are open. */
  stale(): readonly string[] {
    return this.tracker.complaints();
  }

  private found(message: MarketMessage, send: () => void, whenStale: (change: StatusChange) => void): void {
    const change = this.tracker.stored(message);
    if (change?.payload.status === 'live') this.announce(change);
    send();
    if (change?.payload.status === 'stale') whenStale(change);
  }

  private sweep(): boolean {
    const changes = this.tracker.sweep(MAX_CHANGES_PER_SWEEP);
    for (const change of changes) this.announce(change);
    if (changes.length > 0) {
      const names = changes.slice(0, MAX_LOGGED_NAMES).map(({ payload }) => payload.product);
      this.faults.warn('stale', 'products_stale', { count: changes.length, products: names });
    }
    return changes.length === MAX_CHANGES_PER_SWEEP;
  }

  /** One emit to the union of the rooms, so that a client in several of them is told once. */
  private announce({ payload, hadPrice }: StatusChange): void {
    const { product, status } = payload;
    this.told = undefined;
    this.server.local.to(this.rooms.of(product, hadPrice)).emit(ServerEvent.feedStatus, payloadOf(payload));
    this.metrics.feedStatus.inc({ status });
    this.metrics.broadcasts.inc({ event: ServerEvent.feedStatus });
    if (status === 'live') this.log.debug({ product }, 'product_live');
  }

  /** As a broadcast to the client's own room, so that it keeps its place among the others. */
  private sendTo(clientId: string, payload: JsonPayload<ProductStatus>): void {
    this.server.local.to(clientId).emit(ServerEvent.feedStatus, payload);
    this.metrics.snapshots.inc({ event: ServerEvent.feedStatus });
  }
}

function payloadOf(status: ProductStatus): JsonPayload<ProductStatus> {
  return new JsonPayload(JSON.stringify(status), `status:${status.product}`);
}

/**
 * What one client is told again has a key of its own: if it lags, a status that was broadcast to it is not replaced by its
 * repetition, and so is not counted as an update that was left out.
 */
function repeated(status: ProductStatus): JsonPayload<ProductStatus> {
  return new JsonPayload(JSON.stringify(status), `repeated-status:${status.product}`);
}
