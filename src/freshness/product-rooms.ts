import { chainRoom, GENERAL_ROOM, productRoom } from '../contract/index.js';
import type { RoomEvents, ViewRooms } from '../views/view-rooms.js';

/**
 * Finds the rooms of a product that may have members, and their views. It keeps an index of the
 * rooms of single expiries, so that it need not search through all rooms.
 */
export class ProductRooms {
  private readonly ofExpiries = new Map<string, Set<string>>();

  constructor(
    adapter: RoomEvents,
    private readonly views: Pick<ViewRooms, 'withViews'>,
  ) {
    adapter.on('create-room', (room) => this.created(room));
    adapter.on('delete-room', (room) => this.deleted(room));
  }

  /**
   * The rooms of a product. Without `general`, they reach only clients that have subscribed to the
   * product.
   */
  of(product: string, withGeneral: boolean): string[] {
    const own = [productRoom(product), chainRoom(product), ...(this.ofExpiries.get(product) ?? [])];
    return this.views.withViews(withGeneral ? [GENERAL_ROOM, ...own] : own);
  }

  /** The rooms that receive the chain of an expiry. Without an expiry: that of all chains. */
  ofChain(product: string, expiry: string | null): string[] {
    const rooms = [chainRoom(product), ...(expiry === null ? [] : [chainRoom(product, expiry)])];
    return this.views.withViews(rooms);
  }

  /** The room of the chain of an expiry, or of all chains, and its views. */
  ofName(product: string, expiry: string | null): string[] {
    return this.views.withViews([chainRoom(product, expiry ?? undefined)]);
  }

  private created(room: string): void {
    const product = productOfExpiry(room);
    if (product === undefined) return;
    const rooms = this.ofExpiries.get(product);
    if (rooms) rooms.add(room);
    else this.ofExpiries.set(product, new Set([room]));
  }

  private deleted(room: string): void {
    const product = productOfExpiry(room);
    if (product === undefined) return;
    const rooms = this.ofExpiries.get(product);
    rooms?.delete(room);
    if (rooms?.size === 0) this.ofExpiries.delete(product);
  }
}

/** The product of a room `chain:SYM:EXPIRY`, or of a view of it. */
function productOfExpiry(room: string): string | undefined {
  const [kind, product, expiry] = room.split(':');
  return kind === 'chain' && expiry !== undefined ? product : undefined;
}
