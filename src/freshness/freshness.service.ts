import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { GatewayConfig } from '../config/gateway-config.js';
import {
  type ChainStatus,
  type HandshakeOptions,
  type JsonPayload,
  type ProductStatus,
  type MarketAddress,
  ServerEvent,
  type SnapshotAddress,
} from '../contract/index.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { type GatewayServer, SOCKET_SERVER } from '../transports/socket-io/socket-server.js';
import type { MarketMessage } from '../feed/market-message.js';
import { RateLimitedLog } from '../logging/rate-limited-log.js';
import { FreshnessMetrics } from './freshness.metrics.js';
import { TransportMetrics } from '../transports/transport.metrics.js';
import { ViewRooms } from '../views/view-rooms.js';
import { Awaited } from './awaited.js';
import { ChainTracker } from './chain-tracker.js';
import { FreshnessTracker, type StatusChange } from './freshness-tracker.js';
import { NewcomerStatuses } from './newcomer-statuses.js';
import { ProductRooms } from './product-rooms.js';
import { chainName, chainPayloadOf, nameOf, payloadOf, repeated, repeatedChain } from './status-payloads.js';
import { Sweeper } from './sweeper.js';

/**
 * Sweeps in the time after which a price is stale: it is detected at most a tenth of that too late.
 */
const SWEEPS = 10;
const MAX_SWEEP_INTERVAL_MS = 1_000;
/**
 * How many changes are announced at a time, and the pause after them, ms. When a feed dies, all
 * products go stale together, and must not be announced in one burst.
 */
const MAX_CHANGES_PER_SWEEP = 100;
const BACKLOG_MS = 100;
/**
 * Limits of watched products and chains, far above real numbers. They keep a producer that invents
 * names from filling the memory. The first to arrive are watched.
 */
const MAX_PRODUCTS = 50_000;
const MAX_CHAINS = 50_000;
/**
 * Limit of unknown names that clients wait for. Beyond it, clients are not told that one is
 * unknown.
 */
const MAX_AWAITED = 10_000;
const MAX_LOGGED_NAMES = 20;

/** Numbers of the last changes to stale. They tell which changes a client has been sent. */
export interface FreshnessMark {
  readonly products: number;
  readonly chains: number;
}

interface Member {
  readonly id: string;
  readonly rooms: ReadonlySet<string>;
}

interface Newcomer {
  readonly id: string;
  readonly handshake: { readonly auth: HandshakeOptions };
}

/**
 * Tells clients which prices and chains have stopped, and when they move again. Its methods follow
 * three verbs: `observe` records a message, `announce` broadcasts a status change to all rooms of a
 * product or chain, and `notify` sends current statuses to one client.
 */
@Injectable()
export class FreshnessService implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly tracker: FreshnessTracker;
  private readonly chains: ChainTracker;
  private readonly awaited: Awaited;
  private readonly sweeper: Sweeper;
  private readonly rooms: ProductRooms;
  private readonly newcomers: NewcomerStatuses;

  constructor(
    { staleAfterMs, chainStaleAfterMs, marketHours, products }: GatewayConfig,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    views: ViewRooms,
    private readonly metrics: FreshnessMetrics,
    private readonly transportMetrics: TransportMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly faults: RateLimitedLog,
    @InjectPinoLogger(FreshnessService.name) private readonly log: PinoLogger,
  ) {
    this.rooms = new ProductRooms(server.sockets.adapter, views);
    const clocks = { now: () => clock.now(), wallNow: () => clock.wallNow() };
    this.tracker = new FreshnessTracker({
      ...clocks,
      staleAfterMs,
      hours: marketHours,
      expected: products,
      maxProducts: MAX_PRODUCTS,
      onRefused: () => metrics.freshnessUnwatched.inc({ kind: 'product' }),
    });
    this.chains = new ChainTracker({
      ...clocks,
      staleAfterMs: chainStaleAfterMs,
      hours: marketHours,
      maxChains: MAX_CHAINS,
      onRefused: () => metrics.freshnessUnwatched.inc({ kind: 'chain' }),
    });
    this.newcomers = new NewcomerStatuses(clock, (most) => this.tracker.staleStatuses(most));
    this.awaited = new Awaited(MAX_AWAITED, (name) => this.hasMember(name));
    this.sweeper = new Sweeper({
      clock,
      intervalMs: Math.min(staleAfterMs / SWEEPS, chainStaleAfterMs / SWEEPS, MAX_SWEEP_INTERVAL_MS),
      backlogMs: BACKLOG_MS,
      heldUpMs: Math.min(staleAfterMs, chainStaleAfterMs) / 2,
      sweep: () => this.sweep(),
    });
  }

  onModuleInit(): void {
    this.metrics.onScrape(() => {
      this.metrics.staleProducts.set(this.tracker.complaints().length);
      this.metrics.unseenProducts.set(this.tracker.unseen());
      this.metrics.staleChains.set(this.chains.complaints().length);
    });
  }

  onApplicationBootstrap(): void {
    this.sweeper.start();
  }

  /**
   * Stops the sweeps, because prices that stop due to the shutdown must not be announced as stale.
   */
  beforeApplicationShutdown(): void {
    this.sweeper.stop();
  }

  /** Records a message from the feed. Call this right before the message is broadcast. */
  observeLive(message: MarketMessage): void {
    const change = this.tracker.live(message);
    if (change) this.announce(change);
    const chain = message.kind === 'chain' ? this.chains.live(message) : undefined;
    if (chain) this.announceChain(chain);
    this.endWait(message, change !== undefined, chain !== undefined);
  }

  /**
   * Records a message read from the store and calls `send` to broadcast it. A change to live is
   * announced before the message, and a change to stale after it.
   */
  observeStored(message: MarketMessage, send: () => void): void {
    this.observeFromStore(
      message,
      send,
      (change) => this.announce(change),
      (chain) => this.announceChain(chain),
    );
  }

  /**
   * Like `observeStored`, for a `send` that sends the message to one client that requested it. All
   * clients that waited for the same read are sent the message in consecutive microtasks. A change
   * to stale is announced once, after the last of them.
   */
  observeFetched(message: MarketMessage, send: () => void): void {
    this.observeFromStore(
      message,
      send,
      ({ payload: { product }, hadPrice }) =>
        queueMicrotask(() => {
          const payload = this.tracker.staleStatus(product);
          if (payload) this.announce({ payload, hadPrice });
        }),
      ({ product, expiry }) =>
        queueMicrotask(() => {
          const status = this.chains.staleStatus(product, expiry ?? '');
          if (status) this.announceChain(status);
        }),
    );
  }

  /**
   * The last status changes that were announced. A client that is in the rooms from now on receives
   * the later ones as broadcasts.
   */
  get changes(): FreshnessMark {
    return { products: this.tracker.changes, chains: this.chains.changes };
  }

  /** Whether this replica has seen a message of the room's product or chain, or expects one. */
  knows(address: MarketAddress): boolean {
    switch (address.type) {
      case 'general':
        return true;
      case 'product':
        return this.tracker.knows(address.symbol);
      case 'chain':
        return this.chains.knows(address.symbol, address.expiry);
    }
  }

  /**
   * Sends one client the statuses of a room that are stale: of its product, and of the chains in
   * `messages`.
   * @param messages the newest messages of the room
   * @param by only statuses that went stale with this change or earlier are sent
   */
  notify(
    clientId: string,
    address: SnapshotAddress,
    messages: readonly MarketMessage[],
    by: FreshnessMark = this.changes,
  ): void {
    const status = this.tracker.staleStatus(address.symbol, by.products);
    if (status) this.sendTo(clientId, ServerEvent.feedStatus, repeated(status));
    for (const expiry of expiriesOf(address, messages)) {
      const chain = this.chains.staleStatus(address.symbol, expiry, by.chains);
      if (chain) this.sendTo(clientId, ServerEvent.chainStatus, repeatedChain(chain));
    }
  }

  /**
   * Tells one client that no message is known for a room that it has joined, with a stale status
   * that has no time. The first message will be announced as live.
   */
  notifyUnknown(clientId: string, address: SnapshotAddress): void {
    const { symbol: product } = address;
    const never = { status: 'stale', last_update: null, age_ms: null } as const;
    if (!this.tracker.knows(product) && this.await(product)) {
      this.sendTo(clientId, ServerEvent.feedStatus, repeated({ product, ...never }));
    }
    if (address.type !== 'chain' || this.knows(address)) return;
    const { expiry = null } = address;
    if (this.await(chainName(product, expiry))) {
      this.sendTo(clientId, ServerEvent.chainStatus, repeatedChain({ product, expiry, ...never }));
    }
  }

  /**
   * Like `notify`, for a client that sent a request and may not be in a room of the product.
   * @param since a client in such a room has already received later changes as broadcasts, and is
   *   not sent them again
   */
  notifyRequester(
    client: Member,
    address: SnapshotAddress,
    messages: readonly MarketMessage[],
    since: FreshnessMark,
  ): void {
    const product = address.symbol;
    const status = this.tracker.staleStatus(product);
    const heard = (rooms: readonly string[]) => rooms.some((room) => client.rooms.has(room));
    if (status) {
      const hears = heard(this.rooms.of(product, status.last_update !== null));
      if (!hears || this.tracker.staleStatus(product, since.products)) {
        this.sendTo(client.id, ServerEvent.feedStatus, repeated(status));
      }
    }
    for (const expiry of expiriesOf(address, messages)) {
      const chain = this.chains.staleStatus(product, expiry);
      if (!chain) continue;
      if (
        !heard(this.rooms.ofChain(product, expiry)) ||
        this.chains.staleStatus(product, expiry, since.chains)
      ) {
        this.sendTo(client.id, ServerEvent.chainStatus, repeatedChain(chain));
      }
    }
  }

  /**
   * Sends a new client the status of every stale product that has a price: in one event if its
   * handshake requests `statuses: 'batch'`, and otherwise in one event per product.
   */
  notifyNewcomer({ id, handshake }: Newcomer): void {
    const list = this.newcomers.current;
    if (list.size === 0) return;
    const client = this.server.local.to(id);
    if (handshake.auth.statuses === 'batch') {
      client.emit(ServerEvent.feedStatuses, list.batch);
      this.transportMetrics.snapshots.inc({ event: ServerEvent.feedStatuses });
      return;
    }
    client.emit(ServerEvent.feedStatus, list.each);
    this.transportMetrics.snapshots.inc({ event: ServerEvent.feedStatus }, list.size);
  }

  /** How many statuses `notifyNewcomer` would send now. */
  get statusesForAll(): number {
    return this.newcomers.current.size;
  }

  /** The status of a product if it is stale; otherwise undefined. */
  staleStatus(product: string): ProductStatus | undefined {
    return this.tracker.staleStatus(product);
  }

  /** The status of a chain if it is stale; otherwise undefined. */
  staleChainStatus(product: string, expiry: string): ChainStatus | undefined {
    return this.chains.staleStatus(product, expiry);
  }

  /** The statuses of products, at most `limit`: first those whose prices are the oldest. */
  oldest(limit: number): readonly ProductStatus[] {
    return this.tracker.oldest(limit);
  }

  /** The stale products whose market is open. */
  stale(): readonly string[] {
    return this.tracker.complaints();
  }

  /** The stale chains whose market is open, in the form `NIFTY:2026-11-26`. */
  staleChains(): readonly string[] {
    return this.chains.complaints();
  }

  private observeFromStore(
    message: MarketMessage,
    send: () => void,
    whenStale: (change: StatusChange) => void,
    whenChainStale: (status: ChainStatus) => void,
  ): void {
    const change = this.tracker.stored(message);
    if (change?.payload.status === 'live') this.announce(change);
    const chain = message.kind === 'chain' ? this.chains.stored(message) : undefined;
    if (chain?.status === 'live') this.announceChain(chain);
    this.endWait(message, change !== undefined, chain !== undefined);
    send();
    if (change?.payload.status === 'stale') whenStale(change);
    if (chain?.status === 'stale') whenChainStale(chain);
  }

  private sweep(): boolean {
    const changes = this.tracker.sweep(MAX_CHANGES_PER_SWEEP);
    for (const change of changes) this.announce(change);
    if (changes.length > 0) {
      const names = changes.slice(0, MAX_LOGGED_NAMES).map(({ payload }) => payload.product);
      this.faults.warn('stale', 'products_stale', { count: changes.length, products: names });
    }
    const chains = this.chains.sweep(MAX_CHANGES_PER_SWEEP);
    for (const chain of chains) this.announceChain(chain);
    if (chains.length > 0) {
      const names = chains.slice(0, MAX_LOGGED_NAMES).map(nameOf);
      this.faults.warn('stale chain', 'chains_stale', { count: chains.length, chains: names });
    }
    return changes.length === MAX_CHANGES_PER_SWEEP || chains.length === MAX_CHANGES_PER_SWEEP;
  }

  /** Emits once to the union of the rooms, so that a client in several of them receives it once. */
  private announce({ payload, hadPrice }: StatusChange): void {
    const { product, status } = payload;
    this.newcomers.forget();
    this.server.local.to(this.rooms.of(product, hadPrice)).emit(ServerEvent.feedStatus, payloadOf(payload));
    this.metrics.feedStatus.inc({ status });
    this.transportMetrics.broadcasts.inc({ event: ServerEvent.feedStatus });
    if (status === 'live') this.log.debug({ product }, 'product_live');
  }

  private announceChain(status: ChainStatus): void {
    const { product, expiry } = status;
    this.server.local
      .to(this.rooms.ofChain(product, expiry))
      .emit(ServerEvent.chainStatus, chainPayloadOf(status));
    this.metrics.chainStatus.inc({ status: status.status });
    this.transportMetrics.broadcasts.inc({ event: ServerEvent.chainStatus });
    if (status.status === 'live') this.log.debug({ chain: nameOf(status) }, 'chain_live');
  }

  private await(name: string): boolean {
    const added = this.awaited.add(name);
    if (!added) this.metrics.freshnessUnwatched.inc({ kind: 'awaited' });
    return added;
  }

  /**
   * Announces an awaited product or chain as live when its first message arrives, unless its status
   * was announced already.
   */
  private endWait(message: MarketMessage, toldProduct: boolean, toldChain: boolean): void {
    if (this.awaited.size === 0) return;
    const { product } = message;
    const live = {
      status: 'live',
      last_update: new Date(this.clock.wallNow()).toISOString(),
      age_ms: 0,
    } as const;
    if (this.awaited.take(product) && !toldProduct) {
      this.announce({ payload: { product, ...live }, hadPrice: false });
    }
    if (message.kind !== 'chain') return;
    const { expiry } = message;
    if (this.awaited.take(chainName(product, expiry), chainName(product, null)) && !toldChain) {
      this.announceChain({ product, expiry, ...live });
    }
  }

  /** Whether a client is in a room of an awaited product or chain. */
  private hasMember(name: string): boolean {
    const [product = '', expiry] = name.split(':');
    const { rooms } = this.server.sockets.adapter;
    const named =
      expiry === undefined
        ? this.rooms.of(product, false)
        : this.rooms.ofName(product, expiry === '*' ? null : expiry);
    return named.some((room) => rooms.has(room));
  }

  /**
   * Sends a broadcast to the client's private room, so that it keeps its order with other
   * broadcasts.
   */
  private sendTo(clientId: string, event: 'feed_status', payload: JsonPayload<ProductStatus>): void;
  private sendTo(clientId: string, event: 'chain_status', payload: JsonPayload<ChainStatus>): void;
  private sendTo(clientId: string, event: 'feed_status' | 'chain_status', payload: JsonPayload<never>): void {
    this.server.local.to(clientId).emit(event, payload);
    this.transportMetrics.snapshots.inc({ event });
  }
}

/** The expiries of a chain room: the one in its name, or those of the known messages. */
function expiriesOf(address: SnapshotAddress, messages: readonly MarketMessage[]): readonly string[] {
  if (address.type !== 'chain') return [];
  if (address.expiry !== undefined) return [address.expiry];
  return messages.flatMap((message) => (message.kind === 'chain' ? [message.expiry] : []));
}
