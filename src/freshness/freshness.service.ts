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
  chainRoom,
  type ChainStatus,
  type FeedStatuses,
  type HandshakeOptions,
  JsonPayload,
  JsonPayloads,
  type ProductStatus,
  type RoomAddress,
  ServerEvent,
  type SnapshotAddress,
} from '../contract/index.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { type GatewayServer, SOCKET_SERVER } from '../transports/socket-io/socket-server.js';
import type { MarketMessage } from '../feed/market-message.js';
import { RateLimitedLog } from '../logging/rate-limited-log.js';
import { FreshnessMetrics } from './freshness.metrics.js';
import { TransportMetrics } from '../transports/transport.metrics.js';
import { Awaited } from './awaited.js';
import { ChainTracker } from './chain-tracker.js';
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
const MAX_CHAINS = 50_000;
/** Unknown products and chains that clients wait for. Those beyond are not said to be unknown. */
const MAX_AWAITED = 10_000;
/** Statuses sent to a new connection. */
const MAX_TOLD = 1_000;
/** For how long the statuses for new connections are taken from the last one: their age is that much behind at most. */
const TOLD_FOR_MS = 1_000;
const MAX_LOGGED_NAMES = 20;

/** How far a client has been told what is stale. */
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

/** All that is stale, prepared in each of the two ways once a client needs it that way. */
interface Told {
  readonly at: number;
  readonly statuses: readonly ProductStatus[];
  each?: JsonPayloads<ProductStatus>;
  batch?: JsonPayload<FeedStatuses>;
}

/** Tells clients which prices and chains have stopped, and when they go on. */
@Injectable()
export class FreshnessService implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly tracker: FreshnessTracker;
  private readonly chains: ChainTracker;
  private readonly awaited: Awaited;
  private readonly sweeper: Sweeper;
  private readonly rooms: ProductRooms;
  private told: Told | undefined;

  constructor(
    { staleAfterMs, chainStaleAfterMs, marketHours, products }: GatewayConfig,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly metrics: FreshnessMetrics,
    private readonly transportMetrics: TransportMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly faults: RateLimitedLog,
    @InjectPinoLogger(FreshnessService.name) private readonly log: PinoLogger,
  ) {
    this.rooms = new ProductRooms(server.sockets.adapter);
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
      this.metrics.staleChains.set(this.chains.complaints().length);
    });
  }

  onApplicationBootstrap(): void {
    this.sweeper.start();
  }

  /** The feed is stopped now, which says nothing of the market. */
  beforeApplicationShutdown(): void {
    this.sweeper.stop();
  }

  /** A message came from the feed: to be called right before it is broadcast. */
  observeLive(message: MarketMessage): void {
    const change = this.tracker.live(message);
    if (change) this.announce(change);
    const chain = message.kind === 'chain' ? this.chains.live(message) : undefined;
    if (chain) this.announceChain(chain);
    this.endWait(message, change !== undefined, chain !== undefined);
  }

  /** A message was read from the store, and `send` broadcasts it. What is live is said before it, what is stale after it. */
  observeStored(message: MarketMessage, send: () => void): void {
    this.observeFromStore(
      message,
      send,
      (change) => this.announce(change),
      (chain) => this.announceChain(chain),
    );
  }

  /**
   * As `observeStored`, where `send` sends it to one who asked: all who waited for the same read are sent theirs in a row of
   * microtasks, and that the product is stale is said once, after the last of them.
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

  /** The last status changes that were announced. A client that has been in the rooms since then hears of later ones by itself. */
  get changes(): FreshnessMark {
    return { products: this.tracker.changes, chains: this.chains.changes };
  }

  /** Whether anything of a room was seen by this replica, or is expected. */
  knows(address: RoomAddress): boolean {
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
   * Tells one client what is stale of a room, and became so with the change `by` or before: the product, and of its chains
   * those of `messages`, the room's.
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
   * Tells one client that nothing is known of a room that it is in, as a stale status without a time. The first update of
   * it is announced as live.
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
   * As `notify`, for one who asked and may be in no room of the product's: what changed after `since` its rooms, where it is
   * in one, have told it.
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
      if (!heard(chainRooms(chain)) || this.chains.staleStatus(product, expiry, since.chains)) {
        this.sendTo(client.id, ServerEvent.chainStatus, repeatedChain(chain));
      }
    }
  }

  /** Tells one client of every stale product it may have a price of: as one event if it asked for that, else one by one. */
  notifyNewcomer({ id, handshake }: Newcomer): void {
    const told = this.toldNow();
    const { statuses } = told;
    if (statuses.length === 0) return;
    const client = this.server.local.to(id);
    if (handshake.auth.statuses === 'batch') {
      client.emit(ServerEvent.feedStatuses, (told.batch ??= batchOf(statuses)));
      this.transportMetrics.snapshots.inc({ event: ServerEvent.feedStatuses });
      return;
    }
    client.emit(ServerEvent.feedStatus, (told.each ??= new JsonPayloads(statuses.map(repeated))));
    this.transportMetrics.snapshots.inc({ event: ServerEvent.feedStatus }, statuses.length);
  }

  /** How many statuses `notifyNewcomer` sends now. */
  get statusesForAll(): number {
    return this.toldNow().statuses.length;
  }

  /** One list, and so one buffer, for all clients that reconnect at the same time. */
  private toldNow(): Told {
    const now = this.clock.now();
    if (!this.told || now - this.told.at >= TOLD_FOR_MS) {
      this.told = { at: now, statuses: this.tracker.staleStatuses(MAX_TOLD) };
    }
    return this.told;
  }

  /** The stale products, as far as their markets are open. */
  stale(): readonly string[] {
    return this.tracker.complaints();
  }

  /** The stale chains, as far as their markets are open, as `NIFTY:2026-11-26`. */
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
      const names = chains
        .slice(0, MAX_LOGGED_NAMES)
        .map(({ product, expiry }) => chainName(product, expiry));
      this.faults.warn('stale chain', 'chains_stale', { count: chains.length, chains: names });
    }
    return changes.length === MAX_CHANGES_PER_SWEEP || chains.length === MAX_CHANGES_PER_SWEEP;
  }

  /** One emit to the union of the rooms, so that a client in several of them is told once. */
  private announce({ payload, hadPrice }: StatusChange): void {
    const { product, status } = payload;
    this.told = undefined;
    this.server.local.to(this.rooms.of(product, hadPrice)).emit(ServerEvent.feedStatus, payloadOf(payload));
    this.metrics.feedStatus.inc({ status });
    this.transportMetrics.broadcasts.inc({ event: ServerEvent.feedStatus });
    if (status === 'live') this.log.debug({ product }, 'product_live');
  }

  private announceChain(status: ChainStatus): void {
    const payload = new JsonPayload<ChainStatus>(JSON.stringify(status), `status:${nameOf(status)}`);
    this.server.local.to(chainRooms(status)).emit(ServerEvent.chainStatus, payload);
    this.metrics.chainStatus.inc({ status: status.status });
    this.transportMetrics.broadcasts.inc({ event: ServerEvent.chainStatus });
    if (status.status === 'live') this.log.debug({ chain: nameOf(status) }, 'chain_live');
  }

  private await(name: string): boolean {
    const added = this.awaited.add(name);
    if (!added) this.metrics.freshnessUnwatched.inc({ kind: 'awaited' });
    return added;
  }

  /** What clients were told to be unknown has come: they are told that it is live, unless its status was told already. */
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

  /** Whether a client is in a room of what is awaited. */
  private hasMember(name: string): boolean {
    const [product = '', expiry] = name.split(':');
    const { rooms } = this.server.sockets.adapter;
    if (expiry === undefined) return this.rooms.of(product, false).some((room) => rooms.has(room));
    return rooms.has(expiry === '*' ? chainRoom(product) : chainRoom(product, expiry));
  }

  /** As a broadcast to the client's own room, so that it keeps its place among the others. */
  private sendTo(clientId: string, event: 'feed_status', payload: JsonPayload<ProductStatus>): void;
  private sendTo(clientId: string, event: 'chain_status', payload: JsonPayload<ChainStatus>): void;
  private sendTo(clientId: string, event: 'feed_status' | 'chain_status', payload: JsonPayload<never>): void {
    this.server.local.to(clientId).emit(event, payload);
    this.transportMetrics.snapshots.inc({ event });
  }
}

/** The chains of a room of which something is at hand. */
function expiriesOf(address: SnapshotAddress, messages: readonly MarketMessage[]): readonly string[] {
  if (address.type !== 'chain') return [];
  if (address.expiry !== undefined) return [address.expiry];
  return messages.flatMap((message) => (message.kind === 'chain' ? [message.expiry] : []));
}

function chainRooms({ product, expiry }: ChainStatus): string[] {
  return [chainRoom(product), ...(expiry === null ? [] : [chainRoom(product, expiry)])];
}

function nameOf({ product, expiry }: ChainStatus): string {
  return chainName(product, expiry);
}

function chainName(product: string, expiry: string | null): string {
  return `${product}:${expiry ?? '*'}`;
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

/** Of two batches a client that lags needs the later only, because each has everything that is stale. */
function batchOf(statuses: readonly ProductStatus[]): JsonPayload<FeedStatuses> {
  return new JsonPayload(JSON.stringify({ statuses }), 'repeated-statuses');
}

function repeatedChain(status: ChainStatus): JsonPayload<ChainStatus> {
  return new JsonPayload(JSON.stringify(status), `repeated-status:${nameOf(status)}`);
}
