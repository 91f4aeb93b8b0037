import type { Clock } from '../common/clock.js';
import { roomKind, ROOM_TYPES, type RoomType } from '../contract/index.js';

/** How many rooms are named; far more than a platform has products and expiries. */
export const MAX_NAMED_ROOMS = 1_000;

/**
 * How many rooms are counted before other work may run: about 1 ms of work. They include the
 * private rooms of clients.
 */
const ROOMS_PER_TURN = 5_000;

/**
 * How long the result of a census is reused if it took more than one turn of the event loop, ms.
 */
const SHARED_MS = 1_000;

/** The rooms of this replica, and the numbers of their clients. */
export interface Census {
  /** The rooms with the most clients, at most `MAX_NAMED_ROOMS`. */
  readonly named: readonly (readonly [room: string, clients: number])[];
  /** The number of rooms that are not named. */
  readonly leftOut: number;
  readonly byKind: Readonly<Record<RoomType, { readonly rooms: number; readonly members: number }>>;
}

/**
 * Counts rooms and their clients. Clients can create a hundred thousand rooms, and the metrics can
 * be read at any rate. So a long count pauses for other work, concurrent requests share it, and its
 * result is reused for a second.
 */
export class RoomCensus {
  private running: Promise<Census> | undefined;
  private kept: { readonly census: Census; readonly until: number } | undefined;

  constructor(
    private readonly rooms: () => ReadonlyMap<string, { readonly size: number }>,
    private readonly clock: Pick<Clock, 'now' | 'soon'>,
  ) {}

  async take(): Promise<Census> {
    if (this.kept && this.clock.now() < this.kept.until) return this.kept.census;
    this.running ??= this.count().finally(() => (this.running = undefined));
    return this.running;
  }

  private async count(): Promise<Census> {
    const byKind = Object.fromEntries(ROOM_TYPES.map((kind) => [kind, { rooms: 0, members: 0 }])) as Record<
      RoomType,
      { rooms: number; members: number }
    >;
    let largest: [room: string, clients: number][] = [];
    let atLeast = 0;
    let seen = 0;
    // Clients that join or leave during a pause may be counted or not. Iterating over a Map that
    // changes is safe.
    for (const [room, { size }] of this.rooms()) {
      if (++seen % ROOMS_PER_TURN === 0) await new Promise<void>((resolve) => void this.clock.soon(resolve));
      const kind = roomKind(room);
      if (kind === undefined) continue;
      byKind[kind].rooms++;
      byKind[kind].members += size;
      if (size <= atLeast) continue;
      largest.push([room, size]);
      if (largest.length < 2 * MAX_NAMED_ROOMS) continue;
      largest = largestOf(largest);
      atLeast = largest.at(-1)![1];
    }
    if (largest.length > MAX_NAMED_ROOMS) largest = largestOf(largest);
    const total = Object.values(byKind).reduce((sum, { rooms }) => sum + rooms, 0);
    const census = { named: largest, leftOut: total - largest.length, byKind };
    this.kept = seen < ROOMS_PER_TURN ? undefined : { census, until: this.clock.now() + SHARED_MS };
    return census;
  }
}

function largestOf(rooms: [room: string, clients: number][]): [room: string, clients: number][] {
  return rooms.sort(([, a], [, b]) => b - a).slice(0, MAX_NAMED_ROOMS);
}
