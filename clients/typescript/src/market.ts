import {
  type ChainStatus,
  GENERAL_ROOM,
  type RoomAddress,
  roomAddress,
  roomName,
  type Timestamp,
} from './contract/index.js';
import { type Clock, soon } from './clock.js';
import type { Handle } from './handle.js';
import { HandoverBuffer } from './handover-buffer.js';
import { eventOf, isNewer, keyOf, type MarketEvent, type MarketUpdate, streamsOf } from './market-update.js';
import { Order } from './order.js';
import { Registry } from './registry.js';
import { SnapshotCollector } from './snapshot-collector.js';
import { streamOf } from './streams.js';

export interface MarketOptions {
  readonly keepGeneral: boolean;
  readonly resume: boolean;
  /** Called with an update that is newer than the held one, before the handles receive it. */
  readonly news: (event: MarketEvent, update: MarketUpdate) => void;
}

/**
 * Takes updates from a connection to the subscriptions: compares each with the newest one, then
 * passes it on.
 */
export class Market {
  readonly registry = new Registry();
  private readonly order: Order;
  private readonly buffer: HandoverBuffer;
  private readonly collectors = new Set<SnapshotCollector>();

  constructor(
    clock: Clock,
    private readonly options: MarketOptions,
  ) {
    this.order = new Order(clock);
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
    const judged = this.order.offer(key, update);
    if (!judged) return;
    const isNews = judged.verdict === 'newest';
    if (isNews) this.options.news(event, update);
    this.registry.deliver(streams, key, judged.held, isNews);
  }

  /** Handles an update from a connection that will be used next. */
  hold(event: MarketEvent, update: MarketUpdate): void {
    this.buffer.add(event, update);
  }

  /** That connection is in use now. */
  takeOver(): void {
    for (const [event, update] of this.buffer.take()) this.offer(event, update);
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

  collect(addresses: readonly RoomAddress[]): SnapshotCollector {
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
  held(addresses: readonly RoomAddress[]): MarketUpdate[] {
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
  catchUp(handle: Handle, isIn: (room: string) => boolean): void {
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
    this.order.keep((key, update) => streamsOf(eventOf(key), update).some((stream) => this.covers(stream)));
  }

  private heldOf(address: RoomAddress): [string, MarketUpdate][] {
    if (address.type === 'general') return [];
    const stream = streamOf(address);
    return this.order
      .ofProduct(address.symbol)
      .filter(([key, update]) => streamsOf(eventOf(key), update).includes(stream));
  }
}
