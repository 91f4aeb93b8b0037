import type { Clock, Timer } from '../common/clock.js';
import { canSendPacket, type PacketSender } from '../transports/socket-io/engine-io-internals.js';

/** engine.io's connection of a client, as far as it is used here. */
export interface PingedConnection {
  readonly readyState: string;
  once(event: 'close', listener: (this: this) => void): unknown;
  off(event: 'close', listener: (this: this) => void): unknown;
}

type Pingable = PingedConnection & PacketSender;

/** Moments of an interval at which clients are pinged: with 20,000 clients, 80 at a time. */
const MOMENTS = 256;

/**
 * Pings each client for the first time at a random moment of its first interval. engine.io pings a client one interval after
 * it connected and one interval after each pong, so ten thousand that connected together would be pinged, and would
 * answer, together for ever. The pong of this early ping starts engine.io's own interval anew, from that random moment.
 *
 * Until it was pinged, a client costs a place in a set and a listener that removes it from there when it leaves: nothing is kept of
 * connections that are opened and closed again faster than they are pinged.
 */
export class PingSpread {
  private readonly moments = Array.from({ length: MOMENTS }, () => new Set<Pingable>());
  /** The moment of each connection that waits. */
  private readonly waiting = new Map<PingedConnection, Set<Pingable>>();
  private now = 0;
  private timer: Timer | undefined;
  /** One function for all connections, which are its `this`. */
  private readonly forget: (this: PingedConnection) => void;

  /** @param random from 0 up to 1, as Math.random */
  constructor(
    private readonly clock: Pick<Clock, 'after'>,
    private readonly intervalMs: number,
    private readonly random: () => number,
  ) {
    const { waiting } = this;
    this.forget = function (this: PingedConnection): void {
      waiting.get(this)?.delete(this as Pingable);
      waiting.delete(this);
    };
  }

  /** Connections that wait for their first ping. */
  get size(): number {
    return this.waiting.size;
  }

  /** Answers what is missing in engine.io; undefined where all is well. */
  add(connection: PingedConnection): string | undefined {
    if (!canSendPacket(connection)) return 'engine.io has no Socket#sendPacket';
    const moment = this.moments[Math.floor(this.random() * MOMENTS)]!;
    moment.add(connection);
    this.waiting.set(connection, moment);
    connection.once('close', this.forget);
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
    this.moments[this.now] = new Set();
    for (const connection of due) {
      this.waiting.delete(connection);
      connection.off('close', this.forget);
    }
    this.timer = this.waiting.size > 0 ? this.clock.after(this.intervalMs / MOMENTS, this.next) : undefined;
    for (const connection of due) if (connection.readyState === 'open') connection.sendPacket('ping');
  };
}
