// Copied from the service by scripts/copy-contract.mjs: change it there.
/**
 * What updates are sent to: `general`, `product:SYM`, `chain:SYM`, or `chain:SYM:EXPIRY`.
 * @pattern ^(general|(product|chain):[A-Za-z0-9][A-Za-z0-9&._-]{0,31}|chain:[A-Za-z0-9][A-Za-z0-9&._-]{0,31}:\d{4}-\d{2}-\d{2})$
 */
export type Room = string;

/** The room every client joins on connection: all prices, and a summary of every chain. */
export const GENERAL_ROOM = 'general';

/** What a subscription is about; the kinds of rooms. */
export const SUBSCRIPTION_TYPES = ['product', 'chain', 'general'] as const;
/** What a subscription is about; `general` takes no symbol. */
export type SubscriptionType = (typeof SUBSCRIPTION_TYPES)[number];

/** What has a snapshot: of `general` every product ticks by itself. */
export const SNAPSHOT_TYPES = ['product', 'chain'] as const satisfies readonly SubscriptionType[];
/** What has a snapshot: of `general` every product ticks by itself. */
export type SnapshotType = (typeof SNAPSHOT_TYPES)[number];

/** A room that has a snapshot. */
export type SnapshotAddress =
  | { readonly type: 'product'; readonly symbol: string }
  | { readonly type: 'chain'; readonly symbol: string; readonly expiry?: string };

export type RoomAddress = { readonly type: 'general' } | SnapshotAddress;

export function productRoom(symbol: string): string {
  return `product:${symbol}`;
}

/** The room of all of a product's chains, or with `expiry` (YYYY-MM-DD) of that one chain. */
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

/** The kind of a room of this contract, or `undefined` for any other (each socket's own room). */
export function roomKind(room: string): SubscriptionType | undefined {
  if (room === GENERAL_ROOM) return 'general';
  if (room.startsWith('product:')) return 'product';
  if (room.startsWith('chain:')) return 'chain';
  return undefined;
}

/** What a room of this contract is about, or `undefined` for any other. */
export function roomAddress(room: string): RoomAddress | undefined {
  const type = roomKind(room);
  const [, symbol = '', expiry] = room.split(':');
  if (type === undefined || type === 'general') return type && { type };
  return type === 'chain' && expiry !== undefined ? { type, symbol, expiry } : { type, symbol };
}
