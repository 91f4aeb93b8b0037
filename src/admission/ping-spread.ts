import type { Clock, Timer } from '../common/clock.js';
import { canSendPacket, type PacketSender } from '../transports/socket-io/engine-io-internals.js';

/** The part of engine.io's connection that is used here. */
export interface PingedConnection {
  readonly readyState: string;
  once(event: 'close', listener: (this: this) => void): unknown;
  off(event: 'close', listener: (this: this) => void): unknown;
}

type Pingable = PingedConnection & PacketSender;

/**
 * The number of slots of an interval in which clients are pinged: with 20,000 clients, each slot
 * pings about 80.
 */
const MOMENTS = 256;

/**
 * Sends each client its first ping at a random moment of its first interval. engine.io pings a
 * client one interval after it connects and one interval after each pong. Ten thousand clients that
 * connect together would therefore be pinged, and would respond, at the same moment for ever. The
 * pong to this early ping restarts engine.io's own interval at that random moment.
 *
 * Until it is pinged, a client costs one entry in a set and one listener that removes the entry
 * when the connection closes. So nothing is kept for connections that are opened and closed faster
 * than they are pinged.
 */
export class PingSpread {
  private readonly moments = Array.from({ length: MOMENTS }, () => new Set<Pingable>());
  /** The slot of each connection that waits for its first ping. */
  private readonly waiting = new Map<PingedConnection, Set<Pingable>>();
  private now = 0;
  private timer: Timer | undefined;
  /** One listener shared by all connections, which receives the connection as `this`. */
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

  /** The number of connections that wait for their first ping. */
  get size(): number {
    return this.waiting.size;
  }

  /**
   * Schedules the first ping of a connection.
   * @returns what engine.io lacks, as a text for the log; undefined if the ping was scheduled
   */
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
