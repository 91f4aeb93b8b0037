import type { Clock, Timer } from '../common/clock.js';
import { ClientWriter } from './client-writer.js';
import type { BatchWriter } from './batch-writer.js';
import type { WireEncoding } from './encoding.js';
import type { ClientGroup, FanoutClient } from './fanout-client.js';
import type { Frame } from './frame.js';
import { type Run, runOf } from './group.js';

/** Time between two ticks, ms. Each tick visits the next part of the clients of each interval. */
const TICK_MS = 50;
/** How often a client is visited in its interval. */
const VISITS = 5;
/**
 * A client that was sent nothing between this many visits is sent a heartbeat. So it hears
 * something after four to five fifths of its interval.
 */
const QUIET_VISITS = VISITS - 1;

export interface HeartbeatOptions {
  readonly clock: Clock;
  /** Makes the heartbeat of this moment. */
  readonly frame: () => Frame;
  /**
   * What a heartbeat says besides the time. When it changes, every client is sent a heartbeat,
   * within a fifth of its interval.
   */
  readonly state: () => string;
  readonly batchWriter?: BatchWriter | undefined;
  /** Called with the number of clients that a tick wrote to. */
  readonly written: (clients: number) => void;
}

/** What a client had been sent at its last visit. */
interface Mark {
  group: ClientGroup | undefined;
  cursor: number;
  replies: number;
  /** The visits since it was sent something. */
  quiet: number;
  /** The state that it was told last. */
  state: string | undefined;
}

/** The clients of one interval, in the parts that consecutive ticks visit. */
class Ring {
  readonly parts: readonly Map<FanoutClient, Mark>[];
  private next = 0;

  constructor(intervalMs: number) {
    const parts = Math.max(1, Math.round(intervalMs / VISITS / TICK_MS));
    this.parts = Array.from({ length: parts }, () => new Map<FanoutClient, Mark>());
  }

  /** The part to visit now. */
  turn(): Map<FanoutClient, Mark> {
    const part = this.parts[this.next]!;
    this.next = (this.next + 1) % this.parts.length;
    return part;
  }
}

/**
 * Sends heartbeats to clients that asked for them and have been sent nothing else for a while. All
 * clients that are due in one tick share one frame. Nothing is done per message: a visit compares
 * the client's position in the log of its group with that of the visit before.
 *
 * One timer serves all clients, and runs only while there are any. A client's place in the ring is
 * random, so that clients which connected together are not written to together.
 */
export class Heartbeats {
  private readonly rings = new Map<number, Ring>();
  private readonly places = new Map<FanoutClient, Map<FanoutClient, Mark>>();
  private readonly writer: ClientWriter;
  private timer: Timer | undefined;
  private stopped = false;

  constructor(private readonly options: HeartbeatOptions) {
    this.writer = new ClientWriter(options.batchWriter);
  }

  /** Sends heartbeats to a client from now on, the first one soon, or changes its interval. */
  add(client: FanoutClient, intervalMs: number): void {
    this.remove(client);
    if (client.gone || this.stopped) return;
    let ring = this.rings.get(intervalMs);
    if (!ring) this.rings.set(intervalMs, (ring = new Ring(intervalMs)));
    const part = ring.parts[Math.floor(Math.random() * ring.parts.length)]!;
    part.set(client, { group: undefined, cursor: 0, replies: 0, quiet: 0, state: undefined });
    this.places.set(client, part);
    this.timer ??= this.options.clock.after(TICK_MS, () => this.tick());
  }

  remove(client: FanoutClient): void {
    this.places.get(client)?.delete(client);
    this.places.delete(client);
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  private tick(): void {
    this.timer = undefined;
    const { clock, state, frame, written } = this.options;
    const now = state();
    const heartbeat = new SharedFrame(frame);
    let clients = 0;
    for (const ring of this.rings.values()) {
      for (const [client, mark] of ring.turn()) {
        if (client.gone) this.remove(client);
        else if (isDue(client, mark, now)) {
          this.write(client, heartbeat.run(client.link.encoding.uncompressed));
          mark.state = now;
          mark.quiet = 0;
          clients++;
        }
      }
    }
    this.writer.sendBatches();
    this.writer.written.take();
    if (clients > 0) written(clients);
    if (this.places.size > 0 && !this.stopped) this.timer = clock.after(TICK_MS, () => this.tick());
  }

  private write(client: FanoutClient, run: Run): void {
    if (this.writer.collectRun(client, run)) return;
    this.writer.sendBatches();
    this.writer.writeRun(client, run);
  }
}

/** The heartbeat of one tick, which is made if a client needs it. */
class SharedFrame {
  private frame: Frame | undefined;
  private readonly runs = new Map<WireEncoding, Run>();

  constructor(private readonly make: () => Frame) {}

  run(encoding: WireEncoding): Run {
    let run = this.runs.get(encoding);
    if (!run) this.runs.set(encoding, (run = runOf([(this.frame ??= this.make())], encoding)));
    return run;
  }
}

/** Whether a client is to be sent a heartbeat at this visit. */
function isDue(client: FanoutClient, mark: Mark, state: string): boolean {
  const { group, cursor, replies, link } = client;
  if (group !== mark.group || cursor !== mark.cursor || replies !== mark.replies) {
    mark.group = group;
    mark.cursor = cursor;
    mark.replies = replies;
    mark.quiet = 0;
  } else {
    mark.quiet++;
  }
  if (mark.quiet < QUIET_VISITS && mark.state === state) return false;
  // What waits for the next flush must not be overtaken. What waits in a full socket tells a client
  // that reads again as much as a heartbeat would.
  return (group === undefined || cursor >= group.end) && !client.conflation && link.waiting === 0;
}
