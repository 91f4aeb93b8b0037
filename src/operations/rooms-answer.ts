import { MAX_NAMED_ROOMS } from './room-census.js';

export interface RoomsAnswer {
  readonly total_clients: number;
  /**
   * Number of clients on this replica by room. Empty rooms are left out, and if there are too many
   * rooms, the smallest are left out too.
   */
  readonly rooms: Readonly<Record<string, number>>;
  /** How many rooms were left out because there are too many; missing if none were. */
  readonly rooms_left_out?: number;
}

/**
 * Adds up the answers of several workers. A room that several of them left out counts once for
 * each.
 */
export function combinedRooms(answers: readonly RoomsAnswer[]): RoomsAnswer {
  const rooms = new Map<string, number>();
  for (const answer of answers) {
    for (const [room, clients] of Object.entries(answer.rooms)) {
      rooms.set(room, (rooms.get(room) ?? 0) + clients);
    }
  }
  const named = [...rooms].sort(([, a], [, b]) => b - a).slice(0, MAX_NAMED_ROOMS);
  const leftOut =
    answers.reduce((sum, { rooms_left_out = 0 }) => sum + rooms_left_out, 0) + rooms.size - named.length;
  return {
    total_clients: answers.reduce((sum, { total_clients }) => sum + total_clients, 0),
    rooms: Object.fromEntries(named),
    ...(leftOut > 0 && { rooms_left_out: leftOut }),
  };
}
