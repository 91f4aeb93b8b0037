import { baseRoom, chainRoom, isPrivate, type RoomAddress } from '../contract/index.js';
import type { RoomPatterns } from '../config/room-patterns.js';

/**
 * The rooms that a client may join: everything that any of its grants allows. A client that may join
 * a room may join every view of it.
 */
export class Permissions {
  /** Allows every room. */
  static readonly all = new Permissions([]);
  static readonly none = new Permissions([], new Set());

  /**
   * Without any grants and products, every room is allowed.
   * @param grants patterns of the names of allowed rooms
   * @param products products whose rooms are all allowed, in addition to the grants
   * @param isAdmin whether the client has the role `admin`, without which no grant allows the room
   */
  constructor(
    private readonly grants: readonly RoomPatterns[],
    private readonly products?: ReadonlySet<string>,
    private readonly isAdmin = false,
  ) {}

  mayJoin(address: RoomAddress): boolean {
    if (address.type === 'admin' && !this.isAdmin) return false;
    if (this.grants.length === 0 && !this.products) return true;
    if (this.allow(baseRoom(address))) return true;
    // A list of products restricts market data, and these are none.
    if (isPrivate(address)) return this.grants.length === 0 && this !== Permissions.none;
    if (address.type === 'general') return false;
    // A client that may join all chains of a product may also join a single one.
    return (
      (this.products?.has(address.symbol) ?? false) ||
      (address.type === 'chain' && this.allow(chainRoom(address.symbol)))
    );
  }

  /**
   * True if the client may see at least one room of the product, so that lists of products should
   * include it.
   */
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
