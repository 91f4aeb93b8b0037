import { type PortfolioUpdate, type RoomAddress, roomName } from './contract/index.js';
import type { SubscriptionError } from './errors.js';
import type { RoomHandle } from './base-handle.js';
import type { MarketUpdate } from './market-update.js';
import { streamOf } from './streams.js';
import type { Gap } from './subscription.js';

/**
 * Maps rooms to the handles that subscribe to them. The rooms that the client wants do not depend
 * on its connections.
 */
export class Registry {
  /** In the order of the subscriptions. */
  readonly wanted = new Map<string, RoomAddress>();
  private readonly rooms = new HandlesByName();
  /** Updates name no room, so they are delivered by stream. */
  private readonly streams = new HandlesByName();
  private readonly products = new HandlesByName();
  private readonly handles = new Set<RoomHandle>();

  add(handle: RoomHandle): void {
    this.handles.add(handle);
    for (const product of handle.products) this.products.add(product, handle);
    for (const address of handle.addresses) {
      const name = roomName(address);
      this.wanted.set(name, address);
      this.rooms.add(name, handle);
      this.streams.add(streamOf(address), handle);
    }
  }

  remove(handle: RoomHandle): void {
    this.handles.delete(handle);
    for (const product of handle.products) this.products.remove(product, handle);
    for (const address of handle.addresses) {
      const name = roomName(address);
      this.streams.remove(streamOf(address), handle);
      this.rooms.remove(name, handle);
      if (!this.rooms.has(name)) this.wanted.delete(name);
    }
  }

  /** Whether any handle has updates of the stream. */
  wants(stream: string): boolean {
    return this.streams.has(stream);
  }

  all(): RoomHandle[] {
    return [...this.handles];
  }

  of(room: string): RoomHandle[] {
    return this.rooms.of(room);
  }

  ofProduct(product: string): RoomHandle[] {
    return this.products.of(product);
  }

  /** Each handle once. If the update is not new, only the handles without an update of its key. */
  deliver(
    streams: readonly string[],
    key: string,
    update: MarketUpdate | PortfolioUpdate,
    isNews: boolean,
  ): void {
    const handles = new Set(streams.flatMap((stream) => this.streams.of(stream)));
    for (const handle of handles) if (isNews || !handle.has(key)) handle.deliver(key, update);
  }

  missed(gap: Gap): void {
    for (const handle of this.of(gap.room)) handle.missed(gap);
  }

  acknowledged(room: string): void {
    for (const handle of this.of(room)) handle.acknowledged(room);
  }

  refused(room: string, error: SubscriptionError): void {
    for (const handle of this.of(room)) if (!handle.keepView?.(error)) handle.end(error);
  }

  /** The gateway refuses the room for now. */
  postponed(room: string, error: SubscriptionError): void {
    for (const handle of this.of(room)) handle.keepView?.(error);
  }
}

class HandlesByName {
  private readonly byName = new Map<string, Set<RoomHandle>>();

  has(name: string): boolean {
    return this.byName.has(name);
  }

  of(name: string): RoomHandle[] {
    return [...(this.byName.get(name) ?? [])];
  }

  add(name: string, handle: RoomHandle): void {
    const handles = this.byName.get(name);
    if (handles) handles.add(handle);
    else this.byName.set(name, new Set([handle]));
  }

  remove(name: string, handle: RoomHandle): void {
    const handles = this.byName.get(name);
    if (handles?.delete(handle) && handles.size === 0) this.byName.delete(name);
  }
}
