import { Inject, UseFilters } from '@nestjs/common';
import {
  Ack,
  ConnectedSocket,
  MessageBody,
  type OnGatewayInit,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { AuthError, OtherUserError } from '../auth/auth-error.js';
import { AuthService } from '../auth/auth.service.js';
import { CacheService } from '../cache/cache.service.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { GatewayConfig } from '../config/gateway-config.js';
import {
  ADMIN_ROOM,
  type Acknowledgement,
  ClientEvent,
  CONNECTED_MESSAGE,
  DEFAULT_HEARTBEAT_MS,
  GENERAL_ROOM,
  grantedView,
  hasSymbol,
  HEARTBEAT,
  type HandshakeOptions,
  type MarketAddress,
  PORTFOLIO_ROOM,
  type PrivateAddress,
  type ProductsAcknowledgement,
  type RequestRejection,
  roomKind,
  roomAddress,
  roomName,
  ServerEvent,
  type SnapshotAcknowledgement,
  type SubscriptionAcknowledgement,
  type SubscriptionsAcknowledgement,
  type TokenAcknowledgement,
} from '../contract/index.js';
import { HistoryDto } from './history.dto.js';
import { HistoryPipe } from './history.pipe.js';
import { type HistoryAck, HistoryRequestService } from './history-request.service.js';
import { RequestQueue } from '../transports/request-queue.js';
import type { GatewayServer, GatewaySocket } from '../transports/socket-io/socket-server.js';
import { FreshnessService } from '../freshness/freshness.service.js';
import { HeartbeatService } from '../liveness/heartbeat.service.js';
import { LatencyProbeService } from '../liveness/latency-probe.service.js';
import { MarketStatusService } from '../liveness/market-status.service.js';
import { PortfolioService } from '../portfolio/portfolio.service.js';
import { REPLICA_NAME } from '../replicas/replica-name.js';
import { handshakeSpans } from '../tracing/handshake-spans.js';
import { inSpan } from '../tracing/in-span.js';
import { ViewsService } from '../views/views.service.js';
import { DISCONNECT_REASONS, GatewayMetrics } from './gateway.metrics.js';
import { AdminRoomRequestService } from './admin-room-request.service.js';
import { clientLimits } from './client-limits.js';
import { ClientLog } from './client-log.js';
import { ErrorResponder } from './error-responder.js';
import { EventAdmission } from './event-admission.js';
import { GatewayExceptionFilter } from './gateway-exception.filter.js';
import { PortfolioRequestService } from './portfolio-request.service.js';
import { ProductLists } from './product-lists.js';
import { RequestChecks } from './request-checks.js';
import { RequestCost } from './request-cost.js';
import { RequestError, tooManyViews } from './request-error.js';
import { RoomMembership } from './room-membership.js';
import { SnapshotRequestService } from './snapshot-request.service.js';
import { checkBudget } from './subscription-budget.js';
import { type RoomsDto, SnapshotDto, SubscribeDto, SubscriptionDto } from './subscription.dto.js';
import { SnapshotPipe, SubscribePipe, SubscriptionPipe } from './subscription.pipe.js';
import { SymbolSuggestions } from './symbol-suggestions.js';
import { TokenRefreshDto } from './token-refresh.dto.js';
import { TokenPipe } from './token.pipe.js';
import { reduceRequest } from './waiting-request.js';

/** The clients' side: connect, disconnect, what they ask for. */
@WebSocketGateway()
@UseFilters(GatewayExceptionFilter)
export class MarketDataGateway implements OnGatewayInit<GatewayServer> {
  @WebSocketServer()
  private readonly server!: GatewayServer;

  constructor(
    private readonly config: GatewayConfig,
    private readonly auth: AuthService,
    private readonly cache: CacheService,
    private readonly freshness: FreshnessService,
    private readonly heartbeats: HeartbeatService,
    private readonly latency: LatencyProbeService,
    private readonly markets: MarketStatusService,
    private readonly membership: RoomMembership,
    private readonly views: ViewsService,
    private readonly answers: SnapshotRequestService,
    private readonly historyRequests: HistoryRequestService,
    private readonly portfolios: PortfolioService,
    private readonly portfolioRequests: PortfolioRequestService,
    private readonly adminRoomRequests: AdminRoomRequestService,
    private readonly suggestions: SymbolSuggestions,
    private readonly metrics: GatewayMetrics,
    private readonly responder: ErrorResponder,
    private readonly events: EventAdmission,
    private readonly checks: RequestChecks,
    private readonly cost: RequestCost,
    private readonly productLists: ProductLists,
    private readonly requests: RequestQueue<GatewaySocket>,
    private readonly clientLog: ClientLog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(REPLICA_NAME) private readonly replica: string,
    @InjectPinoLogger(MarketDataGateway.name) private readonly log: PinoLogger,
  ) {}

  /**
   * Listens for clients itself. If Nest called `handleConnection`, each client would keep its own
   * bound copy of every handler: 1 KB of memory.
   */
  afterInit(server: GatewayServer): void {
    const left = (client: GatewaySocket, reason: string): void => this.disconnected(client, reason);
    // One listener shared by all clients, which receives the client as `this`.
    const onDisconnect = function (this: GatewaySocket, reason: string): void {
      left(this, reason);
    };
    server.on('connection', (client) => {
      if (handshakeSpans) handshakeSpans.enter(client.conn.request, client, () => this.connectedIn(client));
      else this.connected(client);
      client.on('disconnect', onDisconnect);
    });
  }

  /** Like {@link connected}, for a client whose handshake is traced. */
  private connectedIn(client: GatewaySocket): Record<string, string> {
    this.connected(client);
    const user = this.auth.pseudonymOf(client);
    return { 'messaging.client.id': client.id, ...(user !== undefined && { 'user.hash': user }) };
  }

  private connected(client: GatewaySocket): void {
    this.metrics.connectionsTotal.inc();
    if (!this.auth.enter(client)) return;
    const { general, latency_probe } = client.handshake.auth as HandshakeOptions;
    if (latency_probe) this.latency.add(client);
    const joins = general !== 'off' && this.auth.permissionsOf(client).mayJoin({ type: 'general' });
    if (joins) void client.join(GENERAL_ROOM);
    // This runs before the handlers, which GatewayIoAdapter adds after it, and before the event
    // waits for its turn.
    client.use((packet: unknown[], next) => {
      if (packet[0] === ClientEvent.latencyEcho) {
        this.takeEcho(client, packet[1]);
        return;
      }
      reduceRequest(packet, this.config.maxSymbolsPerRequest);
      const [event, ...args] = packet;
      if (!this.events.admit(client, String(event), args)) return;
      if (event === ClientEvent.getHeartbeat) this.answerHeartbeat(client, args.at(-1));
      else next();
    });
    this.log.info(
      { client_id: client.id, user: this.auth.pseudonymOf(client), total_clients: this.clientCount() },
      'client_connected',
    );
    client.emit(ServerEvent.connected, {
      message: CONNECTED_MESSAGE,
      client_id: client.id,
      replica: this.replica,
      rooms: joins ? [GENERAL_ROOM] : [],
      server_time: this.clock.wallNow() / 1000,
      limits: clientLimits(this.config),
      user: this.auth.userOf(client),
    });
    if (joins) this.freshness.notifyNewcomer(client);
    this.markets.notifyNewcomer(client);
  }

  private disconnected(client: GatewaySocket, reason: string): void {
    this.latency.remove(client);
    this.portfolios.leave(client);
    this.auth.leave(client);
    this.requests.forget(client);
    this.metrics.disconnects.inc({ reason: DISCONNECT_REASONS.has(reason) ? reason : 'other' });
    this.log.info(
      { client_id: client.id, reason, remaining_clients: this.clientCount() },
      'client_disconnected',
    );
  }

  @SubscribeMessage(ClientEvent.subscribe)
  async subscribe(
    @ConnectedSocket() client: GatewaySocket,
    @MessageBody(SubscribePipe) request: SubscribeDto,
  ): Promise<SubscriptionAcknowledgement> {
    if (request.type === HEARTBEAT) return this.subscribeHeartbeat(client, request);
    if (request.type === PORTFOLIO_ROOM) return this.subscribePortfolio(client, request);
    if (request.type === ADMIN_ROOM) return this.subscribeAdmin(client);
    const addresses = addressesOf(request);
    this.checks.spend(client, ClientEvent.subscribe, this.cost.ofSnapshots(addresses));
    this.checks.permissions(client, addresses);
    const rooms = addresses.map(roomName);
    this.checks.reads(client, 'subscribe to');
    const held = new Set(subscriptionsOf(client));
    const left =
      request.replace === true
        ? addresses.flatMap((address) => this.membership.othersOf(client, address))
        : [];
    for (const room of left) held.delete(room);
    checkBudget(this.config, held, addresses, (product) => this.cache.knows(product));
    const excess = this.views.beyondLimit(addresses, left);
    if (excess.length > 0) throw tooManyViews(excess);
    const { joined, unknown } = await this.membership.join(client, request, addresses);
    this.clientLog.rooms(client, joined, 'client_subscribed');
    const suggestions = this.suggestions.of(unknown, this.auth.permissionsOf(client));
    const view = addresses[0]?.view;
    return { ok: true, rooms, ...(view && { view }), ...(suggestions && { suggestions }) };
  }

  /** It is not a room of data: every client may have it, and it counts towards no limit of rooms. */
  private subscribeHeartbeat(
    client: GatewaySocket,
    { every_ms: asked }: SubscriptionDto,
  ): SubscriptionAcknowledgement {
    this.checks.spend(client, ClientEvent.subscribe, this.cost.ofRooms(1));
    const every_ms = this.heartbeats.subscribe(client, asked ?? DEFAULT_HEARTBEAT_MS);
    client.emit(ServerEvent.subscribed, { room: HEARTBEAT, message: `Subscribed to ${HEARTBEAT}`, every_ms });
    return { ok: true, rooms: [HEARTBEAT], every_ms };
  }

  private subscribePortfolio(client: GatewaySocket, { since }: SubscribeDto): SubscriptionAcknowledgement {
    this.checks.spend(client, ClientEvent.subscribe, this.cost.ofLookup);
    this.checks.reads(client, 'subscribe to');
    return this.subscribeOne(client, PORTFOLIO, () => this.portfolioRequests.subscribe(client, since));
  }

  private subscribeAdmin(client: GatewaySocket): SubscriptionAcknowledgement {
    this.checks.spend(client, ClientEvent.subscribe, this.cost.ofRooms(1));
    return this.subscribeOne(client, ADMIN, () => this.adminRoomRequests.subscribe(client));
  }

  /** Subscribes to a room that is no market data, within the client's limit of rooms. */
  private subscribeOne(
    client: GatewaySocket,
    address: PrivateAddress,
    subscribe: () => SubscriptionAcknowledgement,
  ): SubscriptionAcknowledgement {
    const held = new Set(subscriptionsOf(client));
    const isNew = !held.has(roomName(address));
    checkBudget(this.config, held, [address], (product) => this.cache.knows(product));
    const answer = subscribe();
    if (isNew) this.clientLog.rooms(client, answer.rooms, 'client_subscribed');
    return answer;
  }

  @SubscribeMessage(ClientEvent.unsubscribe)
  async unsubscribe(
    @ConnectedSocket() client: GatewaySocket,
    @MessageBody(SubscriptionPipe) request: SubscriptionDto,
  ): Promise<Acknowledgement> {
    const rooms =
      hasSymbol(request.type) || request.type === GENERAL_ROOM
        ? addressesOf(request).map(roomName)
        : [request.type];
    this.checks.spend(client, ClientEvent.unsubscribe, this.cost.ofLeaving(request.type, rooms.length));
    if (request.type === HEARTBEAT) this.heartbeats.unsubscribe(client);
    const left: string[] = [];
    for (const room of rooms) {
      const pause = this.requests.pause(client);
      if (pause) await pause;
      if (!client.connected) break;
      if (client.rooms.has(room)) left.push(room);
      this.membership.leave(client, room);
    }
    this.clientLog.rooms(client, left, 'client_unsubscribed');
    return { ok: true, rooms };
  }

  @SubscribeMessage(ClientEvent.getProducts)
  getProducts(@ConnectedSocket() client: GatewaySocket): ProductsAcknowledgement {
    const { products, payload } = this.productLists.of(this.auth.permissionsOf(client));
    const rooms = subscriptionsOf(client);
    this.checks.spend(client, ClientEvent.getProducts, this.cost.ofList(products.length + rooms.length));
    // Send it as a broadcast to the own room of the client, so that the fan-out engine shares one
    // frame of the payload among all clients.
    this.server.local.to(client.id).emit(ServerEvent.products, payload);
    return { ok: true, rooms, products };
  }

  @SubscribeMessage(ClientEvent.listSubscriptions)
  listSubscriptions(@ConnectedSocket() client: GatewaySocket): SubscriptionsAcknowledgement {
    const rooms = subscriptionsOf(client);
    this.checks.spend(client, ClientEvent.listSubscriptions, this.cost.ofList(rooms.length));
    client.emit(ServerEvent.subscriptions, { rooms });
    return { ok: true, rooms };
  }

  /**
   * Resolves as soon as the snapshots from memory are sent: the next request of the client must not
   * wait for Redis.
   */
  @SubscribeMessage(ClientEvent.getSnapshot)
  async getSnapshot(
    @ConnectedSocket() client: GatewaySocket,
    @MessageBody(SnapshotPipe) request: SnapshotDto,
    @Ack() ack?: (answer: SnapshotAcknowledgement | RequestRejection) => void,
  ): Promise<void> {
    if (request.type === PORTFOLIO_ROOM) {
      this.getPortfolio(client, ack);
      return;
    }
    const addresses = addressesOf(request).filter((address) => address.type !== 'general');
    this.checks.spend(client, ClientEvent.getSnapshot, this.cost.ofSnapshots(addresses));
    this.checks.permissions(client, addresses);
    this.checks.reads(client, 'ask for');
    const rooms = addresses.map(roomName);
    this.log.debug({ client_id: client.id, rooms: rooms.length }, 'client_asked_snapshot');
    await new Promise<void>((resolve) => {
      inSpan('snapshot', () =>
        this.answers.answer(
          client,
          addresses,
          (address) => this.auth.permissionsOf(client).mayJoin(address),
          {
            pause: () => this.requests.pause(client),
            done: resolve,
          },
        ),
      )
        .then((snapshots) => ack?.({ ok: true, rooms, snapshots }))
        .catch((error: unknown) => this.responder.reject(client, ClientEvent.getSnapshot, error, ack))
        .finally(resolve);
    });
  }

  private getPortfolio(
    client: GatewaySocket,
    ack?: (answer: SnapshotAcknowledgement | RequestRejection) => void,
  ): void {
    const event = ClientEvent.getSnapshot;
    this.checks.spend(client, event, this.cost.ofLookup);
    this.checks.reads(client, 'ask for');
    inSpan('snapshot', () => this.portfolioRequests.snapshot(client))
      .then((answer) => ack?.(answer))
      .catch((error: unknown) => this.responder.reject(client, event, error, ack));
  }

  /**
   * Resolves at once: the next request of the client must not wait for Redis. So pages may arrive in
   * another order than their requests.
   */
  @SubscribeMessage(ClientEvent.getHistory)
  getHistory(
    @ConnectedSocket() client: GatewaySocket,
    @MessageBody(HistoryPipe) request: HistoryDto,
    @Ack() ack?: HistoryAck,
  ): void {
    this.historyRequests.answer(client, request, ack);
  }

  /**
   * Continues the session with a new token, and removes the client from the rooms that the token
   * does not allow.
   */
  @SubscribeMessage(ClientEvent.refreshToken)
  async refreshToken(
    @ConnectedSocket() client: GatewaySocket,
    @MessageBody(TokenPipe) { token }: TokenRefreshDto,
  ): Promise<TokenAcknowledgement> {
    this.checks.spend(client, ClientEvent.refreshToken, this.cost.ofToken);
    const expires_at = await this.auth.refresh(client, token).catch((error: unknown) => {
      if (error instanceof OtherUserError) this.endPortfolio(client);
      throw error instanceof AuthError ? RequestError.ofToken(error) : error;
    });
    client.emit(ServerEvent.tokenRefreshed, { expires_at });
    const permissions = this.auth.permissionsOf(client);
    // What is private ends first.
    const held = subscriptionsOf(client).sort(
      (a, b) => Number(b === PORTFOLIO_ROOM) - Number(a === PORTFOLIO_ROOM),
    );
    for (const room of held) {
      const pause = room === PORTFOLIO_ROOM ? undefined : this.requests.pause(client);
      if (pause) await pause;
      if (!client.connected) break;
      if (permissions.mayJoin(roomAddress(room)!)) continue;
      this.membership.leave(client, room, ': the new token does not allow it');
    }
    return { ok: true, rooms: subscriptionsOf(client), expires_at };
  }

  /** A token of another user has arrived: the person who has it may be looking at the screen now. */
  private endPortfolio(client: GatewaySocket): void {
    this.portfolioRequests.end(client);
    if (client.rooms.has(PORTFOLIO_ROOM))
      this.membership.leave(client, PORTFOLIO_ROOM, ': the new token is of another user');
  }

  /**
   * Runs for every client every few seconds, so it does not wait for its turn among the requests,
   * and costs little: it looks up nothing.
   */
  private answerHeartbeat(client: GatewaySocket, ack: unknown): void {
    const { current } = this.heartbeats;
    if (typeof ack === 'function') Reflect.apply(ack, undefined, [{ ok: true, rooms: [], ...current }]);
    else client.emit(ServerEvent.heartbeat, current);
  }

  /**
   * The answer to a probe takes nothing of the client's limits, because the gateway asked for it.
   * Every other echo counts like any event, and is ignored.
   */
  private takeEcho(client: GatewaySocket, payload: unknown): void {
    const event = ClientEvent.latencyEcho;
    if (this.latency.echo(client, payload)) this.metrics.clientMessages.inc({ event });
    else this.events.admit(client, event, []);
  }

  private clientCount(): number {
    return this.server.sockets.sockets.size;
  }
}

const PORTFOLIO: PrivateAddress = { type: PORTFOLIO_ROOM };
const ADMIN: PrivateAddress = { type: ADMIN_ROOM };

function addressesOf({ type, symbol, symbols, expiry, view: asked }: RoomsDto): MarketAddress[] {
  if (type !== GENERAL_ROOM && !hasSymbol(type)) return [];
  const view = asked && (type === 'chain' ? grantedView(type, asked) : grantedView(type, asked));
  const shared = { type, ...(type === 'chain' && expiry != null && { expiry }), ...(view && { view }) };
  if (type === 'general') return [shared as MarketAddress];
  const all = new Set(symbol == null ? symbols : [symbol, ...(symbols ?? [])]);
  return [...all].map((name) => ({ ...shared, symbol: name }) as MarketAddress);
}

/** The rooms of this contract that a client is in. Every socket is also in a room of its own. */
function subscriptionsOf(client: GatewaySocket): string[] {
  return [...client.rooms].filter((room) => roomKind(room) !== undefined);
}
