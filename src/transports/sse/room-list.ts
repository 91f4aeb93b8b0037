import {
  type ErrorDetail,
  GENERAL_ROOM,
  hasSymbol,
  HEARTBEAT,
  isExpiry,
  isSymbol,
  roomAddress,
  roomName,
  type SubscribeRequest,
  type SubscriptionType,
  type View,
} from '../../contract/index.js';
import { sinceOf } from './resume-point.js';

/** How many rooms a client may name. */
export interface RoomLimits {
  readonly maxSubscriptions: number;
  readonly maxSymbolsPerRequest: number;
  /** The most requests that are made of the rooms. */
  readonly eventBurst: number;
}

export interface RoomList {
  /** The requests that join the rooms, in order. */
  readonly subscriptions: readonly SubscribeRequest[];
}

type Kind = SubscriptionType;

/** Rooms that one request can name. */
interface Batch {
  readonly kind: Kind;
  readonly expiry?: string;
  readonly view?: View;
  readonly symbols: string[];
}

/**
 * The order of the requests. A product that resumes may have to wait, and the requests after it wait
 * with it. `general` is last, because a client that is in it cannot resume.
 */
const ORDER: readonly Kind[] = ['heartbeat', 'portfolio', 'chain', 'product', 'general'];

const FORM = `must be a list such as product:NIFTY,chain:NIFTY:2026-12-03,${GENERAL_ROOM}`;

/**
 * Turns the `rooms` of a request into subscriptions.
 * @param text names of rooms, separated by commas
 * @param point the update from which to resume, µs since the epoch; undefined for none
 * @returns what is wrong with the list, if it is wrong
 */
export function roomsOf(
  text: string,
  point: number | undefined,
  { maxSubscriptions, maxSymbolsPerRequest, eventBurst }: RoomLimits,
): RoomList | ErrorDetail {
  const names = new Set(text.split(','));
  if (names.size > maxSubscriptions) return wrong(`must name at most ${maxSubscriptions} rooms`);
  const batches = new Map<string, Batch>();
  for (const name of names) {
    const room = parseRoom(name);
    if (!room) return wrong(FORM);
    const { symbol, ...shared } = room;
    const key = JSON.stringify(shared);
    const batch = batches.get(key) ?? { ...shared, symbols: [] };
    if (symbol !== undefined) batch.symbols.push(symbol);
    batches.set(key, batch);
  }
  const sorted = [...batches.values()].sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  const prices = sorted.filter(({ kind }) => kind === 'product' || kind === 'general');
  const isExact = prices.length === 1 && prices[0]?.symbols.length === 1;
  const since = point === undefined ? undefined : sinceOf(point, isExact);
  const subscriptions = sorted.flatMap((batch) => requestsOf(batch, since, maxSymbolsPerRequest));
  if (subscriptions.length > eventBurst)
    return wrong(`must name chains of at most ${eventBurst} expiries, less if it names many rooms`);
  return { subscriptions };
}

function wrong(problem: string): ErrorDetail {
  return { field: 'rooms', problem };
}

function parseRoom(name: string): (Omit<Batch, 'symbols'> & { readonly symbol?: string }) | undefined {
  if (name === HEARTBEAT) return { kind: name };
  const address = roomAddress(name);
  // The name must be the one that the room has, without anything before or after it.
  if (!address || roomName(address) !== name) return undefined;
  const { type: kind, ...rest } = address;
  if ('symbol' in address && !isSymbol(address.symbol)) return undefined;
  if ('expiry' in rest && rest.expiry !== undefined && !isExpiry(rest.expiry)) return undefined;
  return { kind, ...rest };
}

function requestsOf({ kind, symbols, expiry, view }: Batch, since: string | undefined, max: number) {
  const viewed = view && { view };
  if (!hasSymbol(kind)) return [{ type: kind, ...viewed }];
  const requests: SubscribeRequest[] = [];
  for (let from = 0; from < symbols.length; from += max) {
    requests.push({
      type: kind,
      symbols: symbols.slice(from, from + max),
      ...(expiry !== undefined && { expiry }),
      ...viewed,
      ...(since !== undefined && { since }),
    });
  }
  return requests;
}
