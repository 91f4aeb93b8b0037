import {
  type ChainSummary,
  type ChainUpdate,
  type ChainView,
  chainRoom,
  GENERAL_ROOM,
  parseTimestamp,
  productRoom,
  type UnderlyingUpdate,
  viewName,
} from './contract/index.js';
import { viewStream } from './streams.js';

/** The updates of the contract, by event. */
export interface MarketEvents {
  underlying_update: UnderlyingUpdate;
  chain_summary: ChainSummary;
  chain_update: ChainUpdate;
  chain_view: ChainView;
}
export type MarketEvent = keyof MarketEvents;
export type MarketUpdate = MarketEvents[MarketEvent];

const MARKET_EVENTS: ReadonlySet<string> = new Set<MarketEvent>([
  'underlying_update',
  'chain_summary',
  'chain_update',
  'chain_view',
]);

export function isMarketEvent(event: string): event is MarketEvent {
  return MARKET_EVENTS.has(event);
}

/** The key of an update. A later update with the same key replaces an earlier one. */
export function keyOf(event: MarketEvent, update: MarketUpdate): string {
  const key = `${event}:${subjectOf(update)}`;
  return 'view' in update ? `${key}:${viewName(update.view)}` : key;
}

/** What an update is about, in whichever view. */
export function subjectOf(update: MarketUpdate): string {
  return 'expiry' in update ? `${update.product}:${update.expiry}` : update.product;
}

/** The streams that an update belongs to. */
export function streamsOf(event: MarketEvent, update: MarketUpdate): string[] {
  if (event === 'underlying_update') return [GENERAL_ROOM, productRoom(update.product)];
  if (event === 'chain_summary') return [GENERAL_ROOM];
  const { product, expiry } = update as ChainUpdate | ChainView;
  const rooms = [chainRoom(product), chainRoom(product, expiry)];
  return event === 'chain_view' ? rooms.map((room) => viewStream(room, (update as ChainView).view)) : rooms;
}

/** The event of a key. */
export function eventOf(key: string): MarketEvent {
  return key.slice(0, key.indexOf(':')) as MarketEvent;
}

export function isNewer(one: MarketUpdate, other: MarketUpdate): boolean {
  return (parseTimestamp(one.timestamp) ?? 0) > (parseTimestamp(other.timestamp) ?? 0);
}
