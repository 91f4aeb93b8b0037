import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { CLOCK, type Clock, type Timer } from '../common/clock.js';
import { GatewayConfig } from '../config/gateway-config.js';
import {
  GENERAL_ROOM,
  JsonPayload,
  JsonPayloads,
  type MarketStatus,
  type MarketAddress,
  ServerEvent,
} from '../contract/index.js';
import { ProductRooms } from '../freshness/product-rooms.js';
import type { MarketHours } from '../market-hours/market-hours.js';
import type { Schedule } from '../market-hours/schedule.js';
import { TransportMetrics } from '../transports/transport.metrics.js';
import {
  type GatewayServer,
  type GatewaySocket,
  SOCKET_SERVER,
} from '../transports/socket-io/socket-server.js';
import { ViewRooms } from '../views/view-rooms.js';
import { LivenessMetrics } from './liveness.metrics.js';

/** The longest time between two looks at the clock, because an operator may set it. */
const MAX_WAIT_MS = 60_000;

interface Market {
  /** The product; undefined for all that have no hours of their own. */
  readonly product: string | undefined;
  readonly schedule: Schedule;
  payload: JsonPayload<MarketStatus>;
  phase: MarketStatus['status'];
  untilMs: number | undefined;
}

/**
 * Tells clients when markets open and close. One timer serves all clients. Without `MARKET_HOURS`,
 * this service does nothing.
 */
@Injectable()
export class MarketStatusService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly rooms: ProductRooms;
  private readonly markets: readonly Market[];
  private readonly ofProduct: ReadonlyMap<string, Market>;
  private readonly hours: MarketHours;
  private timer: Timer | undefined;

  constructor(
    { marketHours }: GatewayConfig,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    views: ViewRooms,
    private readonly metrics: LivenessMetrics,
    private readonly transportMetrics: TransportMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @InjectPinoLogger(MarketStatusService.name) private readonly log: PinoLogger,
  ) {
    this.hours = marketHours;
    this.rooms = new ProductRooms(server.sockets.adapter, views);
    const now = clock.wallNow();
    const marketOf = (schedule: Schedule, product?: string): Market => ({
      product,
      schedule,
      ...stateOf(schedule, now, product),
    });
    this.markets = marketHours.isEmpty
      ? []
      : [
          marketOf(marketHours.generalSchedule),
          ...[...marketHours.ownSchedules].map(([product, schedule]) => marketOf(schedule, product)),
        ];
    this.ofProduct = new Map(
      this.markets.flatMap((market) => (market.product === undefined ? [] : [[market.product, market]])),
    );
  }

  onApplicationBootstrap(): void {
    this.look();
  }

  beforeApplicationShutdown(): void {
    this.timer?.cancel();
  }

  /** Whether any market is open. True if no hours are configured. */
  get isAnyOpen(): boolean {
    return this.markets.length === 0 || this.markets.some(({ phase }) => phase === 'open');
  }

  /** Applies changed holidays and halts. */
  useHolidaysOf(hours: MarketHours): void {
    this.hours.useSpecialDaysOf(hours);
    this.timer?.cancel();
    this.look();
  }

  /**
   * Sends a new client the status of the general market, and of every other one if the client is in
   * `general`. A client that may not have every product is not told which there are.
   */
  notifyNewcomer(client: GatewaySocket): void {
    if (this.markets.length === 0) return;
    const markets = client.rooms.has(GENERAL_ROOM)
      ? this.markets
      : this.markets.filter(({ product }) => product === undefined);
    this.send(client, markets);
  }

  /** Sends a client that has joined the room of a product the status of that product's market. */
  notifyJoined(client: GatewaySocket, address: MarketAddress): void {
    if (this.ofProduct.size === 0 || address.type === 'general') return;
    const market = this.ofProduct.get(address.symbol);
    if (market && !client.rooms.has(GENERAL_ROOM)) this.send(client, [market]);
  }

  private send(client: GatewaySocket, markets: readonly Market[]): void {
    const payloads = markets.map(({ payload }) => payload);
    this.server.local.to(client.id).emit(ServerEvent.marketStatus, new JsonPayloads(payloads));
    this.transportMetrics.snapshots.inc({ event: ServerEvent.marketStatus }, markets.length);
  }

  /** Broadcasts every change, and sets the timer for the next one. */
  private look(): void {
    if (this.markets.length === 0) return;
    const now = this.clock.wallNow();
    for (const market of this.markets) {
      const before = market.payload.text;
      Object.assign(market, stateOf(market.schedule, now, market.product));
      if (market.payload.text !== before) this.announce(market);
    }
    const waits = this.markets.map(({ untilMs = Infinity }) => Math.max(1, untilMs - now));
    this.timer = this.clock.after(Math.min(MAX_WAIT_MS, ...waits), () => this.look());
    this.timer.unref?.();
  }

  private announce({ product, phase, payload }: Market): void {
    const everyone = this.server.local;
    const receivers = product === undefined ? everyone : everyone.to(this.rooms.of(product, true));
    receivers.emit(ServerEvent.marketStatus, payload);
    this.metrics.marketChanges.inc({ status: phase });
    this.transportMetrics.broadcasts.inc({ event: ServerEvent.marketStatus });
    this.log.info({ product, status: phase }, 'market_status');
  }
}

function stateOf(
  schedule: Schedule,
  now: number,
  product: string | undefined,
): Pick<Market, 'payload' | 'phase' | 'untilMs'> {
  const { phase, untilMs } = schedule.stateAt(now);
  const status: MarketStatus = {
    ...(product === undefined ? {} : { product }),
    status: phase,
    until: untilMs === undefined ? null : new Date(untilMs).toISOString(),
  };
  return { phase, untilMs, payload: new JsonPayload(JSON.stringify(status), `market:${product ?? ''}`) };
}
