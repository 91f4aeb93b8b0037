import { roomAddress, type View } from '../contract/index.js';

/** The events of a Socket.IO adapter that report which rooms exist. */
export interface RoomEvents {
  on(event: 'create-room' | 'delete-room', listener: (room: string) => void): unknown;
}

/** The views that have members, by the room that they are views of. */
export class ViewRooms {
  private readonly byBase = new Map<string, Map<string, View>>();
  private count = 0;

  constructor(adapter: RoomEvents) {
    adapter.on('create-room', (room) => this.created(room));
    adapter.on('delete-room', (room) => this.deleted(room));
  }

  /** How many views have members. */
  get size(): number {
    return this.count;
  }

  /** The views of a room, by the names of their rooms. */
  of(room: string): ReadonlyMap<string, View> | undefined {
    return this.byBase.get(room);
  }

  /** Whether a room is a view that has members. */
  isView(room: string): boolean {
    const base = baseOf(room);
    return base !== undefined && (this.byBase.get(base)?.has(room) ?? false);
  }

  /** The rooms and all of their views that have members. */
  withViews(rooms: string[]): string[] {
    if (this.count === 0) return rooms;
    return rooms.flatMap((room) => [room, ...(this.byBase.get(room)?.keys() ?? [])]);
  }

  private created(room: string): void {
    const base = baseOf(room);
    const view = base === undefined ? undefined : roomAddress(room)?.view;
    if (base === undefined || !view) return;
    const views = this.byBase.get(base);
    if (views) views.set(room, view);
    else this.byBase.set(base, new Map([[room, view]]));
    this.count++;
  }

  private deleted(room: string): void {
    const base = baseOf(room);
    const views = base === undefined ? undefined : this.byBase.get(base);
    if (base === undefined || !views?.delete(room)) return;
    this.count--;
    if (views.size === 0) this.byBase.delete(base);
  }
}

/** The room that a room would be a view of, by its name; undefined if it is no view. */
function baseOf(room: string): string | undefined {
  const at = room.indexOf('@');
  return at < 0 ? undefined : room.slice(0, at);
}
