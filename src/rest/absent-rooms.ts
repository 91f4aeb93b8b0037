import type { Clock } from '../common/clock.js';

interface AbsentRoomsOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** How long a room counts as absent after it was looked up, ms. */
  readonly forMs: number;
  /** The most rooms that are remembered. Beyond it the oldest is forgotten. */
  readonly maxRooms: number;
}

/**
 * The rooms of which neither memory nor the store has a message. A client that keeps asking for a
 * misspelt symbol must not cause a read of the store each time. The live feed does not depend on
 * this: its messages are in memory, which is asked first.
 */
export class AbsentRooms {
  /** When each room counts as unknown again, by its name, the earliest first. */
  private readonly until = new Map<string, number>();

  constructor(private readonly options: AbsentRoomsOptions) {}

  has(room: string): boolean {
    const until = this.until.get(room);
    return until !== undefined && until > this.options.clock.now();
  }

  add(room: string): void {
    const { clock, forMs, maxRooms } = this.options;
    this.until.delete(room); // so that it becomes the last
    this.until.set(room, clock.now() + forMs);
    if (this.until.size > maxRooms) this.until.delete(this.until.keys().next().value!);
  }
}
