import type { Clock } from '../common/clock.js';

interface DrainerOptions<Client> {
  readonly clock: Clock;
  /** The time over which the clients are closed, ms; 0 closes all of them at once. */
  readonly windowMs: number;
  /** The time that the last clients have to disconnect after they were closed, ms. */
  readonly graceMs: number;
  /** Returns a number from 0 up to 1, like Math.random. */
  readonly random: () => number;
  /** Notifies a client that it will be closed in `inMs` milliseconds. */
  readonly tell: (client: Client, inMs: number) => void;
  readonly close: (client: Client) => void;
}

interface Turn<Client> {
  readonly client: Client;
  /** The time at which it is closed, ms of the clock. */
  readonly at: number;
}

/**
 * The share of the window at its start in which no client is closed, because load balancers must
 * first notice that this replica is not ready.
 */
const LEAD_SHARE = 0.05;
/**
 * The longest time that notifying or closing blocks the event loop before messages of the feed are
 * processed, ms.
 */
const SLICE_MS = 10;

/**
 * Returns the times at which the clients are closed, ms from the start, ascending. The window is
 * divided into one part for each client, and each client is closed at a random moment of its part.
 * So the rate is constant, but two replicas that drain together do not close clients in step.
 */
export function drainTimes(clients: number, windowMs: number, random: () => number): number[] {
  const lead = windowMs * LEAD_SHARE;
  const part = (windowMs - lead) / clients;
  return Array.from({ length: clients }, (_, index) => lead + part * (index + random()));
}

/**
 * Closes clients one after the other, and notifies each of them in advance. An instance drains
 * once.
 */
export class Drainer<Client> {
  private readonly open = new Set<Client>();
  /** Sorted by time in descending order, so that the next turn is the last element. */
  private turns: Turn<Client>[] = [];
  private started = 0;
  private finish: (() => void) | undefined;
  private cancelTimer: () => void = () => undefined;

  constructor(private readonly options: DrainerOptions<Client>) {}

  /**
   * Drains the clients. Resolves when all of them are disconnected, or `graceMs` after the last one
   * was closed.
   */
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

  /** Adds a client that was still connecting when the drain began. */
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

  /** Call this when a client has disconnected. */
  gone(client: Client): void {
    if (this.open.delete(client) && this.open.size === 0) this.end();
  }

  /**
   * Notifies the clients, those that are closed first before the others. Removes the turns from the
   * end of the list.
   */
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

/** Shuffles the clients: otherwise clients that connected together would be closed together. */
export function shuffled<T>(items: T[], random: () => number): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [items[last], items[other]] = [items[other]!, items[last]!];
  }
  return items;
}
