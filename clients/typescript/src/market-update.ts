import {
  type ChainSummary,
  type ChainUpdate,
  chainRoom,
  GENERAL_ROOM,
  parseTimestamp,
  productRoom,
  type UnderlyingUpdate,
} from './contract/index.js';

/** The updates of the contract, by event. */
export interface MarketEvents {
  underlying_update: UnderlyingUpdate;
  chain_summary: ChainSummary;
  chain_update: ChainUpdate;
}
export type MarketEvent = keyof MarketEvents;
export type MarketUpdate = MarketEvents[MarketEvent];

const MARKET_EVENTS: ReadonlySet<string> = new Set<MarketEvent>([
  'underlying_update',
  'chain_summary',
  'chain_update',
]);

export function isMarketEvent(event: string): event is MarketEvent {
  return MARKET_EVENTS.has(event);
}

/** The key of an update. A later update with the same key replaces an earlier one. */
export function keyOf(event: MarketEvent, update: MarketUpdate): string {
  return 'expiry' in update ? `${event}:${update.product}:${update.expiry}` : `${event}:${update.product}`;
}

/** The rooms that deliver an update. */
export function roomsCarrying(event: MarketEvent, update: MarketUpdate): string[] {
  switch (event) {
    case 'underlying_update':
      return [GENERAL_ROOM, productRoom(update.product)];
    case 'chain_summary':
      return [GENERAL_ROOM];
    case 'chain_update':
      return [chainRoom(update.product), chainRoom(update.product, (update as ChainUpdate).expiry)];
  }
}

/** The event of a key. */
export function eventOf(key: string): MarketEvent {
  return key.slice(0, key.indexOf(':')) as MarketEvent;
}

export function isNewer(one: MarketUpdate, other: MarketUpdate): boolean {
  return (parseTimestamp(one.timestamp) ?? 0) > (parseTimestamp(other.timestamp) ?? 0);
}
