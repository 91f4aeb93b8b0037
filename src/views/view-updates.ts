import type { Clock } from '../common/clock.js';
import { VIEW_RATES, type ViewRate } from '../contract/index.js';
import { RateSlots } from './rate-slots.js';

/** An update of a stream, and the rooms of views that it is to be sent to. */
export interface ViewUpdate {
  /** Identifies the stream. A newer update of it replaces one that still waits. */
  readonly stream: string;
  /** The rooms that this update was already sent to. */
  readonly sentTo: readonly string[];
  /** The rooms that get every update. */
  readonly unlimited: readonly string[];
  /** The other rooms, by their rate. */
  readonly limited: ReadonlyMap<ViewRate, readonly string[]>;
  /**
   * Sends it to the clients in `rooms`, except to those in one of `except`.
   * @param waited whether it was held back for the rate
   */
  send(rooms: readonly string[], except: readonly string[], waited: boolean): void;
  /** Sends it to one client. */
  sendTo(clientId: string): void;
}

/** What this class needs to know about a client. */
export interface ViewMember {
  readonly id: string;
  readonly rooms: ReadonlySet<string>;
  join(room: string): unknown;
}

/** An update for which some rooms still have to wait. */
interface Waiting {
  readonly update: ViewUpdate;
  readonly rates: Set<ViewRate>;
  readonly sentTo: string[];
  /** The room of the clients that have this update, or a newer one, although they wait in a room. */
  ahead: string | undefined;
}

export interface ViewUpdatesOptions {
  readonly clock: Clock;
  /** Removes all members from a room. */
  readonly empty: (room: string) => void;
  /** Called with the number of rates for which a newer update has replaced one that waited. */
  readonly onConflated: (rates: number) => void;
}

/**
 * Sends updates to views at no more than their rates: the first one after a pause at once, and then
 * the newest one in each interval. The last update always arrives.
 *
 * A client may be in several rooms of one stream, such as `general` and `product:SYM@1hz`. It gets
 * each update once, from the room that gets it first.
 */
export class ViewUpdates {
  private readonly slots: ReadonlyMap<ViewRate, RateSlots>;
  private readonly waiting = new Map<string, Waiting>();
  private aheads = 0;

  constructor(private readonly options: ViewUpdatesOptions) {
    this.slots = new Map(
      VIEW_RATES.map((rate) => [
        rate,
        new RateSlots(options.clock, 1_000 / rate, (streams) => this.due(rate, streams)),
      ]),
    );
  }

  /** Sends an update to the rooms that may have it now, and keeps it for the others. */
  offer(update: ViewUpdate): void {
    const replaced = this.waiting.get(update.stream);
    if (replaced) {
      this.options.onConflated(replaced.rates.size);
      this.forget(replaced);
    }
    const now = [...update.unlimited];
    const rates = new Set<ViewRate>();
    for (const [rate, rooms] of update.limited) {
      if (this.slots.get(rate)!.passOrWait(update.stream)) now.push(...rooms);
      else rates.add(rate);
    }
    if (now.length > 0) update.send(now, update.sentTo, false);
    if (rates.size === 0) return;
    const sentTo = [...update.sentTo, ...now];
    this.waiting.set(update.stream, { update, rates, sentTo, ahead: undefined });
  }

  /** Call it when a client that joined a room was sent the newest update of a stream, or a newer one. */
  gotNewest(client: ViewMember, stream: string): void {
    const waiting = this.waiting.get(stream);
    if (waiting) this.setAhead(waiting, client);
  }

  /**
   * Call it before a client joins a room without a snapshot, which brings only what is published from
   * then on. What the client waits for in other rooms is sent now, because it may leave them.
   */
  beforeJoin(client: ViewMember, room: string): void {
    this.catchUp(client);
    for (const waiting of this.waiting.values()) {
      if (!isWaiting(client, waiting) && waitingRooms(waiting).includes(room)) this.setAhead(waiting, client);
    }
  }

  /**
   * Sends a client what it waits for. Call it before a client leaves a room for another one that has
   * no snapshot.
   */
  catchUp(client: ViewMember): void {
    for (const waiting of this.waiting.values()) {
      if (!isWaiting(client, waiting) || has(client, waiting)) continue;
      waiting.update.sendTo(client.id);
      this.setAhead(waiting, client);
    }
  }

  /** Call it before a client leaves a room. It must not get again what it got from the room. */
  beforeLeave(client: ViewMember, room: string): void {
    for (const waiting of this.waiting.values()) {
      if (waiting.sentTo.includes(room) && isWaiting(client, waiting)) this.setAhead(waiting, client);
    }
  }

  /** How many updates wait for the rate of a view. */
  get size(): number {
    return this.waiting.size;
  }

  stop(): void {
    for (const slots of this.slots.values()) slots.stop();
  }

  private due(rate: ViewRate, streams: ReadonlySet<string>): void {
    for (const stream of streams) {
      const waiting = this.waiting.get(stream);
      if (!waiting?.rates.delete(rate)) continue;
      const { update, sentTo, ahead } = waiting;
      const rooms = update.limited.get(rate) ?? [];
      update.send(rooms, ahead === undefined ? sentTo : [...sentTo, ahead], true);
      sentTo.push(...rooms);
      if (waiting.rates.size === 0) this.forget(waiting);
    }
  }

  private forget({ update, ahead }: Waiting): void {
    this.waiting.delete(update.stream);
    if (ahead !== undefined) this.options.empty(ahead);
  }

  private setAhead(waiting: Waiting, client: ViewMember): void {
    waiting.ahead ??= `ahead:${++this.aheads}`;
    client.join(waiting.ahead);
  }
}

/** The rooms that the update is still to be sent to. */
function waitingRooms({ update, rates }: Waiting): readonly string[] {
  return [...rates].flatMap((rate) => update.limited.get(rate) ?? []);
}

function isWaiting({ rooms }: ViewMember, waiting: Waiting): boolean {
  return waitingRooms(waiting).some((room) => rooms.has(room));
}

/** Whether the client was sent the update. */
function has({ rooms }: ViewMember, { sentTo, ahead }: Waiting): boolean {
  return sentTo.some((room) => rooms.has(room)) || (ahead !== undefined && rooms.has(ahead));
}
