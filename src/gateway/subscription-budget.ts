import { type RoomAddress, roomAddress, roomName } from '../contract/index.js';
import { invalidSubscription, tooManyUnknown } from './request-error.js';

interface SubscriptionBudget {
  readonly maxSubscriptions: number;
  readonly maxUnknownSubscriptions: number;
}

/**
 * Checks that a client may join the rooms of a request. The number of rooms of unknown products is
 * limited separately: clients share the rooms of a real product, but a room that a client has made
 * up belongs to that client only, and costs six times as much memory.
 * @param held the rooms that the client is in
 * @param asked the rooms of its request
 * @param isKnown returns true if the gateway has seen a product, or expects it
 * @throws RequestError if the client would be in too many rooms. If only the rooms of unknown
 * products are too many, the error says when to try again.
 */
export function checkBudget(
  { maxSubscriptions, maxUnknownSubscriptions }: SubscriptionBudget,
  held: ReadonlySet<string>,
  asked: readonly RoomAddress[],
  isKnown: (product: string) => boolean,
): void {
  const isUnknown = (address: RoomAddress | undefined): boolean =>
    address !== undefined && 'symbol' in address && !isKnown(address.symbol);
  const added = asked.filter((address) => !held.has(roomName(address)));
  if (held.size + added.length > maxSubscriptions) {
    throw invalidSubscription('TOO_MANY_SUBSCRIPTIONS', [
      {
        field: added.some(({ type }) => type === 'portfolio') ? 'type' : 'symbols',
        problem: `must not bring your subscriptions above ${maxSubscriptions}; unsubscribe from other rooms first`,
      },
    ]);
  }
  const unknown = added.filter(isUnknown);
  if (unknown.length === 0) return;
  const heldUnknown = [...held].filter((room) => isUnknown(roomAddress(room))).length;
  const excess = unknown.slice(Math.max(0, maxUnknownSubscriptions - heldUnknown));
  if (excess.length > 0) throw tooManyUnknown(maxUnknownSubscriptions, excess.map(roomName));
}
