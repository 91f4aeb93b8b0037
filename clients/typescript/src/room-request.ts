import { type RoomAddress, type SubscribeRequest, viewName } from './contract/index.js';
import { symbolOf } from './streams.js';

/** Whether one request can name both rooms. */
export function fitsWith(one: RoomAddress, other: RoomAddress): boolean {
  if (one.type !== other.type || viewName(one.view ?? {}) !== viewName(other.view ?? {})) return false;
  return one.type !== 'chain' || other.type !== 'chain' || one.expiry === other.expiry;
}

/** The request for rooms that fit with each other, at least one. */
export function requestOf(batch: readonly RoomAddress[]): SubscribeRequest {
  const { type, view, ...first } = batch[0]!;
  const symbols = batch.flatMap((address) => symbolOf(address) ?? []);
  return {
    type,
    ...(symbols.length > 1 ? { symbols } : symbols.length > 0 && { symbol: symbols[0]! }),
    ...('expiry' in first && { expiry: first.expiry }),
    ...(view && { view }),
  };
}
