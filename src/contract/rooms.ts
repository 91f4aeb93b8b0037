/**
 * A room that updates are sent to: `general`, `product:SYM`, `chain:SYM`, or `chain:SYM:EXPIRY`.
 * Requests about the heartbeat name `heartbeat` here, which is no room: no list has it.
 * @pattern ^(general|heartbeat|(product|chain):[A-Za-z0-9][A-Za-z0-9&._-]{0,31}|chain:[A-Za-z0-9][A-Za-z0-9&._-]{0,31}:\d{4}-\d{2}-\d{2})$
 */
export type Room = string;

/** The room every client joins on connection: all prices, and a summary of every chain. */
export const GENERAL_ROOM = 'general';

/** The name that requests about the heartbeat have in place of a room. */
export const HEARTBEAT = 'heartbeat';

/** The kinds of rooms. */
export const ROOM_TYPES = ['product', 'chain', 'general'] as const;
export type RoomType = (typeof ROOM_TYPES)[number];

/** What a client can subscribe to. */
export const SUBSCRIPTION_TYPES = [...ROOM_TYPES, HEARTBEAT] as const;
/** The kind of a room, or `heartbeat`. `general` and `heartbeat` take no symbol. */
export type SubscriptionType = (typeof SUBSCRIPTION_TYPES)[number];

/**
 * The kinds of rooms that have a snapshot. `general` has none: its products are updated all the
 * time.
 */
export const SNAPSHOT_TYPES = ['product', 'chain'] as const satisfies readonly RoomType[];
/**
 * The kind of a room with a snapshot. `general` has none: its products are updated all the time.
 */
export type SnapshotType = (typeof SNAPSHOT_TYPES)[number];

/** A room that has a snapshot. */
export type SnapshotAddress =
  | { readonly type: 'product'; readonly symbol: string }
  | { readonly type: 'chain'; readonly symbol: string; readonly expiry?: string };

export type RoomAddress = { readonly type: 'general' } | SnapshotAddress;

export function productRoom(symbol: string): string {
  return `product:${symbol}`;
}

/**
 * Returns the room of all chains of a product, or of a single chain if there is an `expiry`
 * (YYYY-MM-DD).
 */
export function chainRoom(symbol: string, expiry?: string): string {
  return expiry === undefined ? `chain:${symbol}` : `chain:${symbol}:${expiry}`;
}

export function roomName(address: RoomAddress): string {
  switch (address.type) {
    case 'general':
      return GENERAL_ROOM;
    case 'product':
      return productRoom(address.symbol);
    case 'chain':
      return chainRoom(address.symbol, address.expiry);
  }
}

/**
 * Returns the kind of a room of this contract; `undefined` for any other, such as the own room of
 * each socket.
 */
export function roomKind(room: string): RoomType | undefined {
  if (room === GENERAL_ROOM) return 'general';
  if (room.startsWith('product:')) return 'product';
  if (room.startsWith('chain:')) return 'chain';
  return undefined;
}

/** Parses the name of a room of this contract; returns `undefined` for any other name. */
export function roomAddress(room: string): RoomAddress | undefined {
  const type = roomKind(room);
  const [, symbol = '', expiry] = room.split(':');
  if (type === undefined || type === 'general') return type && { type };
  return type === 'chain' && expiry !== undefined ? { type, symbol, expiry } : { type, symbol };
}
