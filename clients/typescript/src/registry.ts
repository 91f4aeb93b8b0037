import { type RoomAddress, roomName } from './contract/index.js';
import type { SubscriptionError } from './errors.js';
import type { MarketUpdate } from './market-update.js';
import type { Gap, Handle } from './subscription.js';

interface Room {
  readonly handles: Set<Handle>;
}

/**
 * Maps rooms to the handles that subscribe to them. The rooms that the client wants do not depend
 * on its connections.
 */
export class Registry {
  /** In the order of the subscriptions. */
  readonly wanted = new Map<string, RoomAddress>();
  private readonly rooms = new Map<string, Room>();
  private readonly products = new Map<string, Set<Handle>>();
  private readonly handles = new Set<Handle>();

  add(handle: Handle, addresses: readonly RoomAddress[]): void {
    this.handles.add(handle);
    for (const product of handle.products) {
      const handles = this.products.get(product);
      if (handles) handles.add(handle);
      else this.products.set(product, new Set([handle]));
    }
    for (const address of addresses) {
      const name = roomName(address);
      this.wanted.set(name, address);
      let room = this.rooms.get(name);
      if (!room) this.rooms.set(name, (room = { handles: new Set() }));
      room.handles.add(handle);
    }
  }

  remove(handle: Handle): void {
    this.handles.delete(handle);
    for (const product of handle.products) {
      const handles = this.products.get(product);
      if (handles?.delete(handle) && handles.size === 0) this.products.delete(product);
    }
    for (const name of handle.rooms) {
      const room = this.rooms.get(name);
      if (!room?.handles.delete(handle) || room.handles.size > 0) continue;
      this.rooms.delete(name);
      this.wanted.delete(name);
    }
  }

  all(): Handle[] {
    return [...this.handles];
  }

  of(room: string): Handle[] {
    return [...(this.rooms.get(room)?.handles ?? [])];
  }

  ofProduct(product: string): Handle[] {
    return [...(this.products.get(product) ?? [])];
  }

  /** Each handle once. If the update is not new, only the handles without an update of its key. */
  deliver(rooms: readonly string[], key: string, update: MarketUpdate, isNews: boolean): void {
    const handles = new Set(rooms.flatMap((room) => this.of(room)));
    for (const handle of handles) if (isNews || !handle.has(key)) handle.deliver(key, update);
  }

  missed(gap: Gap): void {
    for (const handle of this.of(gap.room)) handle.missed(gap);
  }

  acknowledged(room: string): void {
    for (const handle of this.of(room)) handle.acknowledged(room);
  }

  refused(room: string, error: SubscriptionError): void {
    for (const handle of this.of(room)) handle.end(error);
  }
}
