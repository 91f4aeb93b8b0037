import { chainRoom, GENERAL_ROOM, productRoom } from '../contract/index.js';

/** The events of a Socket.IO adapter that report which rooms exist. */
export interface RoomEvents {
  on(event: 'create-room' | 'delete-room', listener: (room: string) => void): unknown;
}

/**
 * Finds the rooms of a product that may have members. It keeps an index of the rooms of single
 * expiries, so that it need not search through all rooms.
 */
export class ProductRooms {
  private readonly ofExpiries = new Map<string, Set<string>>();

  constructor(adapter: RoomEvents) {
    adapter.on('create-room', (room) => this.created(room));
    adapter.on('delete-room', (room) => this.deleted(room));
  }

  /**
   * The rooms of a product. Without `general`, they reach only clients that have subscribed to the
   * product.
   */
  of(product: string, withGeneral: boolean): string[] {
    const own = [productRoom(product), chainRoom(product), ...(this.ofExpiries.get(product) ?? [])];
    return withGeneral ? [GENERAL_ROOM, ...own] : own;
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

/** The product of a room `chain:SYM:EXPIRY`. */
function productOfExpiry(room: string): string | undefined {
  const [kind, product, expiry] = room.split(':');
  return kind === 'chain' && expiry !== undefined ? product : undefined;
}
