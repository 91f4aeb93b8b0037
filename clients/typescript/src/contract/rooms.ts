// Copied from the service by scripts/copy-contract.mjs: change it there.
import { type ChainViewGrant, parseViewName, type RateGrant, type View, viewName } from './views.js';

/**
 * A room that updates are sent to: `general`, `product:SYM`, `chain:SYM`, or `chain:SYM:EXPIRY`. The
 * room of a view has the name of the view after `@`: `chain:SYM:EXPIRY@quote.10.2hz`,
 * `product:SYM@1hz`. Requests about the heartbeat name `heartbeat` here, which is no room: no list
 * has it.
 * @pattern ^(heartbeat|(general|product:[A-Za-z0-9][A-Za-z0-9&._-]{0,31})(@(10|4|2|1|0\.2)hz)?|chain:[A-Za-z0-9][A-Za-z0-9&._-]{0,31}(:\d{4}-\d{2}-\d{2})?(@(full|quote|ltp|greeks)(\.(5|10|20|40))?(\.(10|4|2|1|0\.2)hz)?)?)$
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
  | { readonly type: 'product'; readonly symbol: string; readonly view?: RateGrant }
  | {
      readonly type: 'chain';
      readonly symbol: string;
      readonly expiry?: string;
      readonly view?: ChainViewGrant;
    };

export type RoomAddress = { readonly type: 'general'; readonly view?: RateGrant } | SnapshotAddress;

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
  const room = baseRoom(address);
  return address.view ? `${room}@${viewName(address.view)}` : room;
}

/** The room itself, of which the address may be a view. */
export function baseRoom(address: RoomAddress): string {
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
  if (room === GENERAL_ROOM || room.startsWith(`${GENERAL_ROOM}@`)) return 'general';
  if (room.startsWith('product:')) return 'product';
  if (room.startsWith('chain:')) return 'chain';
  return undefined;
}

/** Parses the name of a room of this contract; returns `undefined` for any other name. */
export function roomAddress(room: string): RoomAddress | undefined {
  const type = roomKind(room);
  if (type === undefined) return undefined;
  const [base = '', ...views] = room.split('@');
  const view = views.length === 0 ? undefined : parseViewName(views.join('@'));
  if (views.length > 0 && !isViewOf(type, view)) return undefined;
  const [, symbol = '', expiry] = base.split(':');
  const address = {
    type,
    ...(type !== 'general' && { symbol }),
    ...(type === 'chain' && expiry !== undefined && { expiry }),
    ...(view && { view }),
  };
  return address as RoomAddress;
}

function isViewOf(type: RoomType, view: View | undefined): boolean {
  return view !== undefined && (type === 'chain') === (view.mode !== undefined);
}
