import { type ChainViewGrant, parseViewName, type RateGrant, type View, viewName } from './views.js';

/**
 * A room that updates are sent to: `general`, `product:SYM`, `chain:SYM`, or `chain:SYM:EXPIRY`. The
 * room of a view has the name of the view after `@`: `chain:SYM:EXPIRY@quote.10.2hz`,
 * `product:SYM@1hz`. `portfolio` is private: each client in it receives the portfolio of its own user.
 * `admin` is for operators.
 * Requests about the heartbeat name `heartbeat` here, which is no room: no list has it.
 * @pattern ^(heartbeat|portfolio|admin|(general|product:[A-Za-z0-9][A-Za-z0-9&._-]{0,31})(@(10|4|2|1|0\.2)hz)?|chain:[A-Za-z0-9][A-Za-z0-9&._-]{0,31}(:\d{4}-\d{2}-\d{2})?(@(full|quote|ltp|greeks)(\.(5|10|20|40))?(\.(10|4|2|1|0\.2)hz)?)?)$
 */
export type Room = string;

/** The room every client joins on connection: all prices, and a summary of every chain. */
export const GENERAL_ROOM = 'general';

/**
 * The room of portfolios. The user is the one of the client's token: no request and no room names
 * one.
 */
export const PORTFOLIO_ROOM = 'portfolio';

/** The room of operators, who receive the state of all replicas. It needs the role `admin`. */
export const ADMIN_ROOM = 'admin';

/** The name that requests about the heartbeat have in place of a room. */
export const HEARTBEAT = 'heartbeat';

/** The kinds of rooms. */
export const ROOM_TYPES = ['product', 'chain', 'general', 'portfolio', 'admin'] as const;
export type RoomType = (typeof ROOM_TYPES)[number];

/** What a client can subscribe to. */
export const SUBSCRIPTION_TYPES = [...ROOM_TYPES, HEARTBEAT] as const;
/** The kind of a room, or `heartbeat`. Only `product` and `chain` take symbols. */
export type SubscriptionType = (typeof SUBSCRIPTION_TYPES)[number];

/**
 * The kinds of rooms that have a snapshot. `general` has none: its products are updated all the
 * time.
 */
export const SNAPSHOT_TYPES = ['product', 'chain', 'portfolio'] as const satisfies readonly RoomType[];
/**
 * The kind of a room with a snapshot. `general` has none: its products are updated all the time.
 */
export type SnapshotType = (typeof SNAPSHOT_TYPES)[number];

/** A room of market data that has a snapshot. */
export type SnapshotAddress =
  | { readonly type: 'product'; readonly symbol: string; readonly view?: RateGrant }
  | {
      readonly type: 'chain';
      readonly symbol: string;
      readonly expiry?: string;
      readonly view?: ChainViewGrant;
    };

/** A room of market data. */
export type MarketAddress = { readonly type: 'general'; readonly view?: RateGrant } | SnapshotAddress;

/** The private room of portfolios. It has no views. */
export interface PortfolioAddress {
  readonly type: 'portfolio';
  readonly view?: undefined;
}

/** The room of operators. It has no views. */
export interface AdminAddress {
  readonly type: 'admin';
  readonly view?: undefined;
}

/** A room of which nothing is sent to anyone else. */
export type PrivateAddress = PortfolioAddress | AdminAddress;

export type RoomAddress = MarketAddress | PrivateAddress;

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
    case 'portfolio':
      return PORTFOLIO_ROOM;
    case 'admin':
      return ADMIN_ROOM;
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
  if (room === PORTFOLIO_ROOM) return 'portfolio';
  if (room === ADMIN_ROOM) return 'admin';
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
    ...(hasSymbol(type) && { symbol }),
    ...(type === 'chain' && expiry !== undefined && { expiry }),
    ...(view && { view }),
  };
  return address as RoomAddress;
}

/** Whether a subscription of this type names symbols. */
export function hasSymbol(type: SubscriptionType): type is 'product' | 'chain' {
  return type === 'product' || type === 'chain';
}

/** Like {@link roomAddress}, for rooms of market data only. */
export function marketAddress(room: string): MarketAddress | undefined {
  const address = roomAddress(room);
  return address && isPrivate(address) ? undefined : address;
}

/** Whether the room has nothing to do with market data. */
export function isPrivate(address: RoomAddress): address is PrivateAddress {
  return address.type === 'portfolio' || address.type === 'admin';
}

function isViewOf(type: RoomType, view: View | undefined): boolean {
  return (
    type !== 'portfolio' &&
    type !== 'admin' &&
    view !== undefined &&
    (type === 'chain') === (view.mode !== undefined)
  );
}
