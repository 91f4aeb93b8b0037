import { baseRoom, type RoomAddress, roomAddress, roomName, type View, viewName } from './contract/index.js';

/**
 * The name of what a room brings, whatever its rate: the room itself, or for a chain in columns,
 * the room with these columns (`chain:NIFTY@quote.10`). Updates do not say of which rate they are,
 * so rooms that differ only in it bring the same to this client.
 */
export function streamOf(address: RoomAddress): string {
  return address.type === 'chain' && address.view
    ? viewStream(baseRoom(address), address.view)
    : baseRoom(address);
}

export function viewStream(room: string, view: View): string {
  const { max_rate: _rate, ...content } = view;
  return `${room}@${viewName(content)}`;
}

/** The name of the room of which `room` is a view, or its own name. */
export function baseOf(room: string): string {
  return room.replace(/@.*/, '');
}

/** The symbol of a room. Undefined for `general` and the portfolio. */
export function symbolOf(address: RoomAddress): string | undefined {
  return 'symbol' in address ? address.symbol : undefined;
}

/** The product of a room of this contract. Undefined for `general` and the portfolio. */
export function productOf(room: string): string | undefined {
  const address = roomAddress(room);
  return address && symbolOf(address);
}

/** The error of a gateway that is too old for views, and brings the room itself. */
export const NO_VIEWS =
  'This gateway is of an older version and has no views. Subscribe without `view`, or update the gateway.';

/** Whether a gateway that granted `rooms` ignored the view of a room. */
export function isViewIgnored(address: RoomAddress, rooms: readonly string[]): boolean {
  return address.view !== undefined && !rooms.includes(roomName(address));
}
