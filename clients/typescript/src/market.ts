import {
  type ChainStatus,
  GENERAL_ROOM,
  type MarketAddress,
  roomAddress,
  PORTFOLIO_ROOM,
  type PortfolioUpdate,
  type RoomAddress,
  roomName,
  type Timestamp,
} from './contract/index.js';
import { type Clock, soon } from './clock.js';
import type { RoomHandle } from './base-handle.js';
import { HandoverBuffer } from './handover-buffer.js';
import { eventOf, isNewer, keyOf, type MarketEvent, type MarketUpdate, streamsOf } from './market-update.js';
import { type Judgement, Order } from './order.js';
import { Registry } from './registry.js';
import type { Session } from './session.js';
import { SnapshotCollector } from './snapshot-collector.js';
import { streamOf } from './streams.js';

export type AnyUpdate = MarketUpdate | PortfolioUpdate;
export type AnyEvent = MarketEvent | 'portfolio_update';

export interface MarketOptions {
  readonly keepGeneral: boolean;
  readonly resume: boolean;
  /** Called with an update that is newer than the held one, before the handles receive it. */
  readonly news: (event: AnyEvent, update: AnyUpdate) => void;
}

/**
 * Takes updates from a connection to the subscriptions: compares each with the newest one, then
 * passes it on.
 */
export class Market {
  readonly registry = new Registry();
  private readonly order: Order;
  /** Has only the portfolio of `user`. */
  private readonly portfolios: Order<PortfolioUpdate>;
  /** The user of the connection in use, or of the last one. */
  private user: string | undefined;
  private readonly buffer: HandoverBuffer;
  private readonly collectors = new Set<SnapshotCollector>();

  constructor(
    clock: Clock,
    private readonly options: MarketOptions,
  ) {
    this.order = new Order(clock);
    this.portfolios = new Order(clock);
    this.buffer = new HandoverBuffer(options.resume);
  }

  /** Handles an update from the connection in use. */
  offer(event: MarketEvent, update: MarketUpdate): void {
    for (const collector of this.collectors) collector.saw(event, update);
    const streams = streamsOf(event, update);
    // Ignores updates that were in flight when their room was left, and those that `general` sends
    // until it is left.
    if (!streams.some((stream) => this.covers(stream))) return;
    const key = keyOf(event, update);
    this.pass(event, streams, key, this.order.offer(key, update));
  }

  /** Handles a portfolio from the connection in use. */
  offerPortfolio(update: PortfolioUpdate): void {
    // It was in flight when the room was left.
    if (!this.registry.wants(PORTFOLIO_ROOM)) return;
    const judged = this.portfolios.offer(PORTFOLIO_ROOM, update);
    this.pass('portfolio_update', [PORTFOLIO_ROOM], PORTFOLIO_ROOM, judged);
  }

  /** Handles an update from a connection that will be used next. */
  hold(event: MarketEvent, update: MarketUpdate): void {
    this.buffer.add(event, update);
  }

  /** That connection is in use now. Its token may be of another user. */
  takeOver({ info, portfolio }: Session): void {
    for (const [event, update] of this.buffer.take()) this.offer(event, update);
    const user = info!.user?.user_id;
    if (user !== this.user) {
      this.user = user;
      this.forgetPortfolio();
    }
    if (portfolio) this.offerPortfolio(portfolio);
  }

  /** Somebody else may look at the screen now. */
  forgetPortfolio(): void {
    if (!this.portfolios.get(PORTFOLIO_ROOM)) return;
    this.portfolios.keep(() => false);
    // Also those without an update: what they show may be the held one.
    for (const handle of this.registry.of(PORTFOLIO_ROOM)) handle.reset();
  }

  forgetHandover(): void {
    this.buffer.take();
  }

  sawStatus(product: string, stale: boolean): void {
    for (const collector of this.collectors) collector.sawStale(product, stale);
  }

  sawChainStatus(status: ChainStatus): void {
    for (const collector of this.collectors) collector.sawChainStatus(status);
  }

  collect(addresses: readonly MarketAddress[]): SnapshotCollector {
    const collector = new SnapshotCollector(addresses);
    this.collectors.add(collector);
    return collector;
  }

  collected(collector: SnapshotCollector): void {
    this.collectors.delete(collector);
  }

  covers(stream: string): boolean {
    return this.registry.wants(stream) || (stream === GENERAL_ROOM && this.options.keepGeneral);
  }

  /** The held updates of the rooms. */
  held(addresses: readonly RoomAddress[]): AnyUpdate[] {
    return addresses.flatMap((address) => this.heldOf(address).map(([, update]) => update));
  }

  /** Returns the newer of an update and the held one. */
  newest(key: string, update: MarketUpdate): MarketUpdate {
    const held = this.order.get(key);
    return held && isNewer(held, update) ? held : update;
  }

  /**
   * The gateway sends no snapshot for a room that the client is in already. So the handle receives
   * the held updates, once it can have listeners.
   */
  catchUp(handle: RoomHandle, isIn: (room: string) => boolean): void {
    if (!handle.rooms.some(isIn)) return;
    soon(() => {
      for (const address of handle.addresses) {
        const room = roomName(address);
        if (handle.closed || !isIn(room)) continue;
        for (const [key, update] of this.heldOf(address)) if (!handle.has(key)) handle.deliver(key, update);
        handle.acknowledged(room);
      }
    });
  }

  /**
   * The time of the newest price that the handles of a product's room have. Undefined for the other
   * rooms and for views: they resume with their snapshot.
   */
  sinceOf(address: RoomAddress): Timestamp | undefined {
    if (address.type !== 'product' || address.view) return undefined;
    const [held] = this.heldOf(address);
    return held && this.registry.of(roomName(address)).some((handle) => handle.has(held[0]))
      ? held[1].timestamp
      : undefined;
  }

  /**
   * No snapshot follows in a room that was resumed. So its handles that were added offline receive
   * the held updates.
   */
  recovered(room: string): void {
    const address = roomAddress(room);
    for (const [key, update] of address ? this.heldOf(address) : [])
      this.registry.deliver([streamOf(address!)], key, update, false);
  }

  /** Drops the updates that no subscription needs any more. */
  sweep(): void {
    this.portfolios.keep((room) => this.registry.wants(room));
    this.order.keep((key, update) => streamsOf(eventOf(key), update).some((stream) => this.covers(stream)));
  }

  private pass<U extends AnyUpdate>(
    event: AnyEvent,
    streams: readonly string[],
    key: string,
    judged: Judgement<U> | undefined,
  ): void {
    if (!judged) return;
    const isNews = judged.verdict === 'newest';
    if (isNews) this.options.news(event, judged.held);
    this.registry.deliver(streams, key, judged.held, isNews);
  }

  private heldOf(address: RoomAddress): [string, AnyUpdate][] {
    if (address.type === 'general' || address.type === 'admin') return [];
    if (address.type === PORTFOLIO_ROOM) {
      const update = this.portfolios.get(PORTFOLIO_ROOM);
      return update ? [[PORTFOLIO_ROOM, update]] : [];
    }
    const stream = streamOf(address);
    return this.order
      .ofProduct(address.symbol)
      .filter(([key, update]) => streamsOf(eventOf(key), update).includes(stream));
  }
}
