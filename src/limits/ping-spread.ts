import type { Clock, Timer } from '../clock.js';

/** engine.io's connection of a client, as far as it is used here. */
export interface PingedConnection {
  readonly readyState: string;
}

interface Pingable extends PingedConnection {
  sendPacket(type: string): void;
}

/** Moments of an interval at which clients are pinged: with 20,000 clients, 80 at a time. */
const MOMENTS = 256;

/**
 * Pings each client for the first time at a random moment of its first interval. engine.io pings a client one interval after
 * it connected and one interval after each pong, so ten thousand that connected together would be pinged, and would
 * answer, together for ever. The pong of this early ping starts engine.io's own interval anew, from that random moment.
 *
 * Costs a client nothing but its place in a list, until it was pinged. Relies on one internal of engine.io, pinned by a test:
 * `Socket#sendPacket('ping')`. Where there is none, nothing is done.
 */
export class PingSpread {
  private readonly moments: Pingable[][] = Array.from({ length: MOMENTS }, () => []);
  private now = 0;
  private waiting = 0;
  private timer: Timer | undefined;

  /** @param random from 0 up to 1, as Math.random */
  constructor(
    private readonly clock: Pick<Clock, 'after'>,
    private readonly intervalMs: number,
    private readonly random: () => number,
  ) {}

  /** Answers what is missing in engine.io; undefined where all is well. */
  add(connection: PingedConnection): string | undefined {
    if (!isPingable(connection)) return 'engine.io has no Socket#sendPacket';
    this.moments[Math.floor(this.random() * MOMENTS)]!.push(connection);
    this.waiting++;
    this.timer ??= this.clock.after(this.intervalMs / MOMENTS, this.next);
    return undefined;
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private readonly next = (): void => {
    this.now = (this.now + 1) % MOMENTS;
    const due = this.moments[this.now]!;
    this.moments[this.now] = [];
    this.waiting -= due.length;
    this.timer = this.waiting > 0 ? this.clock.after(this.intervalMs / MOMENTS, this.next) : undefined;
    for (const connection of due) if (connection.readyState === 'open') connection.sendPacket('ping');
  };
}

function isPingable(connection: PingedConnection): connection is Pingable {
  return 'sendPacket' in connection && typeof connection.sendPacket === 'function';
}
