import type {
  ChainStatus,
  Closing,
  Connected,
  FeedStatuses,
  Heartbeat,
  HeartbeatAcknowledgement,
  LatencyEcho,
  LatencyProbe,
  MarketAddress,
  PortfolioStatus,
  PortfolioUpdate,
  ProductStatus,
  ServerDraining,
  SubscriptionAcknowledgement,
  SubscriptionConfirmed,
  Timestamp,
  TokenRefreshed,
} from './contract/index.js';
import {
  GENERAL_ROOM,
  HEARTBEAT,
  PORTFOLIO_ROOM,
  type RoomAddress,
  roomKind,
  roomName,
} from './contract/index.js';
import type { SubscriptionError } from './errors.js';
import { Freshness } from './freshness.js';
import { RoomFreshness, type RoomStaleness } from './room-freshness.js';
import { isMarketEvent, type MarketUpdate } from './market-update.js';
import { type Answer, Link, type LinkEnd } from './link.js';
import { MessageBudget } from './message-budget.js';
import type { Foundation, RawSocket } from './options.js';
import { RoomSync, type RoomSyncOptions } from './room-sync.js';
import { productOf } from './streams.js';
import { Watchdog } from './watchdog.js';

/** How long a request of the client itself waits for its acknowledgement, in ms. */
const ASK_LIMIT_MS = 10_000;

export interface SessionHandlers {
  /** The gateway sent `connected`. */
  readonly up: (session: Session) => void;
  /**
   * The session is in the wanted rooms, and the stale products are known. Called the first time,
   * and after each change.
   */
  readonly settled: (session: Session) => void;
  readonly event: (session: Session, name: string, payload: unknown) => void;
  readonly draining: (session: Session, payload: ServerDraining) => void;
  readonly down: (session: Session, end: LinkEnd) => void;
  readonly joined: (session: Session, room: string) => void;
  readonly refused: (session: Session, room: string, error: SubscriptionError) => void;
  /** The gateway refuses the room for now. The client asks for it again. */
  readonly postponed: (room: string, error: SubscriptionError) => void;
  /** The client is in a room that it has asked to resume. `recovered`: it will miss no update. */
  readonly resumed: (room: string, since: Timestamp, recovered: boolean) => void;
  /** The freshness of a product may have changed, or of all products with `undefined`. */
  readonly fresh: (session: Session, product: string | undefined) => void;
}

export interface SessionOptions extends Pick<Foundation, 'clock' | 'random'> {
  readonly url: string;
  readonly socket: RawSocket;
  readonly wanted: ReadonlyMap<string, RoomAddress>;
  readonly keepGeneral: boolean;
  readonly sinceOf: RoomSyncOptions['sinceOf'];
  /** `false`: no heartbeats. */
  readonly heartbeatMs: number | false;
  readonly probe: boolean;
}

/**
 * One connection with its state at the gateway: its rooms, and the freshness that the gateway has
 * reported.
 */
export class Session {
  info: Connected | undefined;
  /** The last heartbeat, or the last answer to a request for one. */
  heartbeat: Heartbeat | undefined;
  /** When the draining gateway closes the connection, in ms of the clock. */
  closesAt: number | undefined;
  /**
   * The last update of the portfolio since its room was joined. It is needed when this connection
   * comes into use.
   */
  portfolio: PortfolioUpdate | undefined;
  /** The last status since the room was joined. */
  portfolioStatus: PortfolioStatus | undefined;
  private readonly link: Link;
  private readonly rooms: RoomSync;
  private readonly freshness = new Freshness();
  private readonly roomFreshness = new RoomFreshness();
  private budget: MessageBudget | undefined;
  private watchdog: Watchdog | undefined;
  /** Whether the gateway has sent all stale products to a client in `general`. */
  private generalTold = false;
  private areRoomsSettled = false;

  constructor(
    private readonly options: SessionOptions,
    private readonly handlers: SessionHandlers,
  ) {
    const { clock, random, wanted, keepGeneral, sinceOf, socket, url } = options;
    this.rooms = new RoomSync({
      clock,
      random,
      wanted,
      keepGeneral,
      sinceOf,
      ask: (event, request, done) => this.request(event, request, ASK_LIMIT_MS, done),
      joined: (room, suggestion) => this.joined(room, suggestion),
      refused: (room, error) => handlers.refused(this, room, error),
      postponed: (room, error) => this.postponed(room, error),
      settled: () => this.roomsSettled(),
      unanswered: () => this.link.fail(new Error('The gateway does not answer')),
    });
    this.link = new Link(socket, url, clock, {
      event: (name, payload) => this.receive(name, payload),
      down: (end) => {
        this.stop();
        handlers.down(this, end);
      },
    });
  }

  /** The wanted rooms have changed. */
  wantedChanged(): void {
    this.rooms.schedule();
  }

  isIn(room: string): boolean {
    return this.rooms.isIn(room);
  }

  /**
   * The gateway's status of a product: why it is stale, `live`, or `unknown` if the gateway would
   * not send it.
   */
  freshnessOf(product: string): ProductStatus | 'live' | 'unknown' {
    const heard = this.rooms.hears(product) || (this.generalTold && this.rooms.hears());
    const never = this.roomFreshness.isUnknown(product)
      ? ({ product, status: 'stale', last_update: null, age_ms: null } as const)
      : undefined;
    return this.freshness.statusOf(product) ?? never ?? (heard ? 'live' : 'unknown');
  }

  /** The stale chain of one room, whose product may be live. `undefined` if there is none. */
  staleAt(address: MarketAddress): RoomStaleness | undefined {
    return this.roomFreshness.at(address);
  }

  /** The known product that the name of a room without data may have meant. */
  suggestionAt(address: MarketAddress): string | undefined {
    return this.roomFreshness.suggestionAt(roomName(address));
  }

  /**
   * Whether the gateway sends the room's updates and stale statuses. `general` delivers every price
   * as well.
   */
  brings(address: MarketAddress): boolean {
    if (address.type !== 'general' && this.rooms.isIn(roomName(address))) return true;
    return address.type !== 'chain' && this.generalTold && this.rooms.hears();
  }

  /** The time in ms until another request may be sent, according to the gateway's limits. */
  waitMs(): number {
    return this.budget?.waitMs() ?? 0;
  }

  ask<A>(event: string, payload: unknown, limitMs: number, done: (answer: Answer<A>) => void): void {
    this.budget?.take();
    this.request(event, payload, limitMs, done);
  }

  /** If there is no answer for a while, it may be the connection, or only the request takes long. */
  private request<A>(
    event: string,
    payload: unknown,
    limitMs: number,
    done: (answer: Answer<A>) => void,
  ): void {
    const { watchdog } = this;
    const slow = watchdog && this.options.clock.after(watchdog.patienceMs, () => watchdog.probe());
    this.link.ask<A>(event, payload, limitMs, (answer) => {
      slow?.cancel();
      done(answer);
    });
  }

  close(): void {
    this.stop();
    this.link.close();
  }

  private stop(): void {
    this.rooms.stop();
    this.watchdog?.stop();
  }

  private receive(name: string, payload: unknown): void {
    this.watchdog?.heard();
    switch (name) {
      case 'connected':
        this.connected(payload as Connected);
        return;
      case 'feed_status':
        this.freshness.told(payload as ProductStatus);
        this.handlers.event(this, name, payload);
        this.handlers.fresh(this, (payload as ProductStatus).product);
        return;
      case 'feed_statuses':
        this.handlers.event(this, name, payload);
        // Listeners of `feed_status` are called for each product, even if the gateway sent a batch.
        for (const status of (payload as FeedStatuses).statuses) this.receive('feed_status', status);
        return;
      case 'chain_status':
        this.roomFreshness.told(payload as ChainStatus);
        this.handlers.event(this, name, payload);
        this.handlers.fresh(this, (payload as ChainStatus).product);
        return;
      case 'subscribed': {
        const { room, known, recovered } = payload as SubscriptionConfirmed;
        if (room === HEARTBEAT) break;
        if (room === PORTFOLIO_ROOM) {
          // The gateway sends it again, or that it is stale.
          this.forgetPortfolio();
          break;
        }
        const since = this.rooms.resumed(room);
        if (since !== undefined) this.handlers.resumed(room, since, recovered === true);
        this.freshness.retell(productOf(room));
        this.roomFreshness.subscribed(room, known !== false);
        break;
      }
      case 'portfolio_update':
        this.portfolio = payload as PortfolioUpdate;
        break;
      case 'portfolio_status':
        this.portfolioStatus = payload as PortfolioStatus;
        break;
      case 'heartbeat':
        this.heartbeat = payload as Heartbeat;
        break;
      case 'latency_probe':
        // Before any listener, so that only the way here counts.
        this.link.say('latency_echo', { id: (payload as LatencyProbe).id } satisfies LatencyEcho);
        break;
      case 'unsubscribed':
        this.left(payload as SubscriptionConfirmed);
        break;
      case 'token_refreshed':
        this.refreshed(payload as TokenRefreshed);
        break;
      case 'server_draining':
        this.drains(payload as ServerDraining);
        break;
      case 'closing':
        if (!(payload as Closing).reconnect) this.rooms.stop();
        break;
    }
    this.handlers.event(this, name, payload);
    if (!isMarketEvent(name)) return;
    const update = payload as MarketUpdate;
    if (this.roomFreshness.updated(name, update)) this.handlers.fresh(this, update.product);
  }

  private connected(info: Connected): void {
    const again = this.info !== undefined;
    this.info = info;
    if (again) return;
    this.budget = new MessageBudget(info.limits, this.options.clock);
    this.handlers.up(this);
    this.rooms.start(info, this.budget);
    this.watch(info.limits.heartbeat_ms);
    // The gateway sends the stale products right after `connected`, and the response to this
    // request after them.
    if (info.rooms.includes(GENERAL_ROOM))
      this.ask('get_products', undefined, ASK_LIMIT_MS, ({ kind }) => this.generalAnswered(kind));
  }

  /** An older gateway has no heartbeats. */
  private watch(leastMs: number | undefined): void {
    const { heartbeatMs, probe: probes, clock } = this.options;
    if (leastMs === undefined || heartbeatMs === false) return;
    const asked = { type: HEARTBEAT, every_ms: Math.max(leastMs, heartbeatMs) };
    this.ask<SubscriptionAcknowledgement>('subscribe', asked, ASK_LIMIT_MS, (answer) => {
      if (answer.kind !== 'answer') return;
      this.watchdog = new Watchdog({
        clock,
        everyMs: answer.answer.every_ms ?? asked.every_ms,
        probes,
        ask: (answered) => this.beat(answered),
        dead: () => this.link.fail(new Error('The gateway does not answer')),
      });
      this.watchdog.start();
    });
  }

  private beat(answered: () => void): void {
    this.budget?.take();
    this.link.ask<HeartbeatAcknowledgement>('get_heartbeat', undefined, ASK_LIMIT_MS, (answer) => {
      if (answer.kind !== 'answer') return;
      answered();
      const { server_time, feed, market, queue_ms, ok } = answer.answer;
      // A refusal shows as well that the gateway answers.
      if (ok) this.receive('heartbeat', { server_time, feed, market, queue_ms } satisfies Heartbeat);
    });
  }

  /** `connected` had the expiry of the token before. */
  private refreshed({ expires_at }: TokenRefreshed): void {
    if (this.info?.user && expires_at !== null)
      this.info = { ...this.info, user: { ...this.info.user, expires_at } };
  }

  /** The gateway sends no more of a withdrawn room. */
  private left({ room, message }: SubscriptionConfirmed): void {
    if (room === PORTFOLIO_ROOM) this.forgetPortfolio();
    this.roomFreshness.unsubscribed(room);
    if (this.rooms.left(room, message)) this.handlers.fresh(this, productOf(room));
  }

  private forgetPortfolio(): void {
    this.portfolio = this.portfolioStatus = undefined;
  }

  private generalAnswered(kind: Answer<unknown>['kind']): void {
    // Without the response the stale products are unknown, so no product may count as live.
    if (kind === 'timeout') this.link.fail(new Error('The gateway does not answer'));
    else if (kind === 'answer') this.settleGeneral();
  }

  private joined(room: string, suggestion: string | undefined): void {
    if (room === PORTFOLIO_ROOM) {
      this.handlers.joined(this, room);
      return;
    }
    if (suggestion !== undefined) this.roomFreshness.suggested(room, suggestion);
    const product = productOf(room);
    this.freshness.settle(product);
    if (roomKind(room) === 'general') this.generalTold = true;
    this.handlers.joined(this, room);
    this.handlers.fresh(this, product);
  }

  private postponed(room: string, error: SubscriptionError): void {
    const product = productOf(room);
    if (product !== undefined && error.code === 'TOO_MANY_SUBSCRIPTIONS') {
      this.roomFreshness.refused(product);
      this.handlers.fresh(this, product);
    }
    this.handlers.postponed(room, error);
  }

  private settleGeneral(): void {
    this.generalTold = true;
    this.handlers.fresh(this, undefined);
    if (this.areRoomsSettled) this.roomsSettled();
  }

  private roomsSettled(): void {
    this.areRoomsSettled = true;
    if (this.generalTold || !this.rooms.hears()) this.handlers.settled(this);
  }

  private drains(payload: ServerDraining): void {
    this.closesAt = this.options.clock.now() + payload.reconnect_in_ms;
    this.handlers.draining(this, payload);
  }
}
