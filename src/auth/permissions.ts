import { chainRoom, type RoomAddress, roomName } from '../contract/index.js';
import type { RoomPatterns } from '../config/room-patterns.js';

/** What a client may subscribe to: the sum of what it was granted. */
export class Permissions {
  /** Everything. */
  static readonly all = new Permissions([]);
  static readonly none = new Permissions([], new Set());

  /**
   * @param grants patterns of rooms; none, where nothing is said of rooms, and everything is allowed
   * @param products whose rooms are granted, beside
   */
  constructor(
    private readonly grants: readonly RoomPatterns[],
    private readonly products?: ReadonlySet<string>,
  ) {}

  mayJoin(address: RoomAddress): boolean {
    if (this.grants.length === 0 && !this.products) return true;
    if (this.allow(roomName(address))) return true;
    if (address.type === 'general') return false;
    // Whoever may have all of a product's chains may have one of them.
    return (
      (this.products?.has(address.symbol) ?? false) ||
      (address.type === 'chain' && this.allow(chainRoom(address.symbol)))
    );
  }

  /** Whether it is worth telling the client that there is such a product. */
  maySee(symbol: string): boolean {
    return (
      this.mayJoin({ type: 'general' }) ||
      this.mayJoin({ type: 'product', symbol }) ||
      this.mayJoin({ type: 'chain', symbol }) ||
      this.grants.some((patterns) => patterns.allowExpiryOf(chainRoom(symbol)))
    );
  }

  private allow(room: string): boolean {
    return this.grants.some((patterns) => patterns.allow(room));
  }
}
