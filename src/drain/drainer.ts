import type { Clock } from '../common/clock.js';

export interface DrainerOptions<Client> {
  readonly clock: Clock;
  /** Time over which the clients are closed, ms; 0 closes all at once. */
  readonly windowMs: number;
  /** What the last clients have after their closing to be gone, ms. */
  readonly graceMs: number;
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number;
  /** Tells a client that it will be closed in so many milliseconds. */
  readonly tell: (client: Client, inMs: number) => void;
  readonly close: (client: Client) => void;
}

interface Turn<Client> {
  readonly client: Client;
  /** When it is closed, ms of the clock. */
  readonly at: number;
}

/** The first part of the window, in which nobody is closed: load balancers have to learn that this replica leaves. */
const LEAD_SHARE = 0.05;
/** How long telling or closing holds the event loop before it lets the feed's messages through, ms. */
const SLICE_MS = 10;

/**
 * When each of `clients` is closed, ms from the start, ascending: one in each of as many equal parts of the window, at a random
 * moment of its part. So the rate is the same all the time, and yet no two replicas that drain together keep in step.
 */
export function drainTimes(clients: number, windowMs: number, random: () => number): number[] {
  const lead = windowMs * LEAD_SHARE;
  const part = (windowMs - lead) / clients;
  return Array.from({ length: clients }, (_, index) => lead + part * (index + random()));
}

/** Closes clients one after the other, each told beforehand when. Once. */
export class Drainer<Client> {
  private readonly open = new Set<Client>();
  /** By their time, the next one last. */
  private turns: Turn<Client>[] = [];
  private started = 0;
  private finish: (() => void) | undefined;
  private cancelTimer: () => void = () => undefined;

  constructor(private readonly options: DrainerOptions<Client>) {}

  /** Resolves when all are gone, or have had `graceMs` for it after the last was closed. */
  run(clients: Iterable<Client>): Promise<void> {
    const { clock, windowMs, random } = this.options;
    this.started = clock.now();
    const order = shuffled([...clients], random);
    const times = drainTimes(order.length, windowMs, random);
    this.turns = order.map((client, index) => ({ client, at: this.started + times[index]! })).reverse();
    for (const client of order) this.open.add(client);
    return new Promise((resolve) => {
      this.finish = resolve;
      if (this.open.size === 0) {
        this.end();
        return;
      }
      this.tell([...this.turns]);
      this.closeDue();
    });
  }

  /** One more, that was still connecting when the drain began. */
  add(client: Client): void {
    const { clock, windowMs, random, tell } = this.options;
    if (!this.finish) return;
    const now = clock.now();
    const at = now + random() * Math.max(0, this.started + windowMs - now);
    this.open.add(client);
    const behind = this.turns.findIndex((turn) => turn.at < at);
    this.turns.splice(behind < 0 ? this.turns.length : behind, 0, { client, at });
    tell(client, Math.round(at - now));
    this.closeDue();
  }

  /** A client is no longer connected. */
  gone(client: Client): void {
    if (this.open.delete(client) && this.open.size === 0) this.end();
  }

  /** Those first that are closed first. Takes the turns off the end of the list it is given. */
  private tell(turns: Turn<Client>[]): void {
    const { clock, tell } = this.options;
    const started = clock.now();
    while (this.finish && clock.now() - started < SLICE_MS) {
      const turn = turns.pop();
      if (!turn) return;
      if (this.open.has(turn.client)) tell(turn.client, Math.max(0, Math.round(turn.at - clock.now())));
    }
    if (this.finish) clock.soon(() => this.tell(turns));
  }

  private closeDue(): void {
    const { clock, close, graceMs } = this.options;
    this.cancelTimer();
    const started = clock.now();
    let now = started;
    for (;;) {
      const turn = this.turns.at(-1);
      if (!turn || turn.at > now || now - started > SLICE_MS) break;
      this.turns.pop();
      if (this.open.has(turn.client)) close(turn.client);
      now = clock.now();
    }
    if (!this.finish) return;
    const next = this.turns.at(-1);
    const timer = !next
      ? clock.after(graceMs, () => this.end())
      : next.at <= now
        ? clock.soon(() => this.closeDue())
        : clock.after(next.at - now, () => this.closeDue());
    this.cancelTimer = () => timer.cancel();
  }

  private end(): void {
    this.cancelTimer();
    this.finish?.();
    this.finish = undefined;
  }
}

/** In an order that has nothing to do with when they came, or those that came together would be sent away together. */
function shuffled<T>(items: T[], random: () => number): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [items[last], items[other]] = [items[other]!, items[last]!];
  }
  return items;
}
