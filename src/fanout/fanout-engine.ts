import type { CpuClock, Timer } from '../common/clock.js';
import type { BatchWriter } from './batch-writer.js';
import { ClientWriter } from './client-writer.js';
import { type ClientGroup, type ClientOwner, FanoutClient } from './fanout-client.js';
import type { CloseReason, FanoutObserver, TimedUpdate } from './fanout-observer.js';
import type { Frame } from './frame.js';
import { GroupIndex } from './group-index.js';
import { GroupQueue } from './group-queue.js';
import { Laggards, type LaggardsOptions } from './laggards.js';
import type { Link, LinkListener } from './link.js';
import { Pacer } from './pacer.js';

export interface FanoutOptions extends LaggardsOptions {
  readonly clock: CpuClock;
  /** The longest time that a message waits to be sent together with others, ms. */
  readonly maxDelayMs: number;
  /** A client with more than this many bytes waiting is closed. */
  readonly maxWaitingBytes: number;
  /** Makes the last frame that a client is sent before it is closed. */
  readonly closingFrame: (reason: CloseReason) => Frame;
  readonly observer: FanoutObserver;
  /** Writes to many clients at once. Without it, each client gets a write of its own. */
  readonly batchWriter?: BatchWriter;
}

/** How long a flush blocks the event loop before it lets other work run, such as pings, ms. */
const SLICE_MS = 20;
/** How many clients are written to between two reads of the clock. */
const CLIENTS_PER_LOOK = 32;
/**
 * Limit of a group's log, bytes. A log beyond it is written at once, without waiting for a flush.
 */
const MAX_LOG_BYTES = 1_048_576;

/**
 * Sends broadcasts to clients. It encodes one frame per message, keeps one log for all clients with
 * the same rooms, and makes one write per client and flush. It depends neither on Socket.IO nor on
 * the content of the frames.
 *
 * A client receives each frame of its rooms once and in order. A lagging client receives only the
 * newest frame of each key, and never an older one after a newer one. Replies to a client keep
 * their order with broadcasts, but overtake the frames that are held back while the client lags.
 */
export class FanoutEngine implements ClientOwner {
  private readonly groups = new GroupIndex();
  /**
   * Clients whose rooms changed. They are assigned to a group at the next broadcast, so that a
   * client which joins a hundred rooms does not change its group a hundred times.
   */
  private readonly loose = new Set<FanoutClient>();
  private readonly laggards: Laggards;
  private readonly queue = new GroupQueue();
  private readonly pacer: Pacer;
  private readonly writer: ClientWriter;
  private broadcasts = 0;
  private round: Generator<void> | undefined;
  private slice: Timer | undefined;
  /** Updates whose latency is measured, and which no flush has written yet. */
  private unwritten: TimedUpdate[] = [];
  /** How long the current flush has blocked the event loop so far, ms. */
  private flushing = 0;
  /** CPU time used by the current flush so far, ms. */
  private cost = 0;
  /** When the current flush began, ms of the clock. */
  private roundStarted = 0;
  /**
   * Set once a link has reported a problem. From then on frames are written at once, because
   * messages that bypass the engine would overtake queued ones.
   */
  private degraded = false;

  constructor(private readonly options: FanoutOptions) {
    this.writer = new ClientWriter(options.batchWriter);
    this.laggards = new Laggards(options, this.writer, (client, reason) => this.close(client, reason));
    this.pacer = new Pacer(options.clock, options.maxDelayMs, () => this.flush());
  }

  /** @param connect opens the client's link */
  add(id: string, rooms: ReadonlySet<string>, connect: (listener: LinkListener) => Link): FanoutClient {
    const client = new FanoutClient(id, rooms, connect, this);
    this.loose.add(client);
    return client;
  }

  /**
   * Call this before the client's rooms change: the client gets what was sent to its rooms so far.
   */
  beforeChange(client: FanoutClient): void {
    this.settle(client);
    if (client.gone) return;
    this.leaveGroup(client);
    this.loose.add(client);
  }

  /**
   * Like {@link beforeChange}, for a client that leaves a room. Frames held back from a lagging
   * client are written too: no frame of a room may follow the confirmation that the client has left
   * it.
   */
  beforeLeave(client: FanoutClient): void {
    this.beforeChange(client);
    this.laggards.release(client);
  }

  /** Removes a client. Call this before the client is removed from its rooms. */
  remove(client: FanoutClient): void {
    if (client.gone) return; // the engine closed the client, and the adapter reports it now
    this.deliverOne(client);
    client.link.detach();
    this.forget(client);
  }

  /**
   * Queues a frame for every client in at least one of `rooms`, or for every client if `rooms` is
   * empty.
   * @param makeFrame is called only if there is such a client
   * @param timed if given, the observer learns when it has been written
   * @param except clients in one of these rooms do not get the frame
   * @param without these clients do not get it either
   * @returns the number of those clients
   */
  broadcast(
    rooms: ReadonlySet<string>,
    makeFrame: () => Frame,
    timed?: TimedUpdate,
    except?: ReadonlySet<string>,
    without: readonly FanoutClient[] = [],
  ): number {
    this.findGroups();
    // They are in no group now, and will be in one again at the next broadcast.
    for (const client of without) this.beforeChange(client);
    const ordinal = ++this.broadcasts;
    for (const room of except ?? []) this.groups.in(room).forEach((group) => (group.lastBroadcast = ordinal));
    let frame: Frame | undefined;
    let receivers = 0;
    const append = (group: ClientGroup): void => {
      if (group.lastBroadcast === ordinal) return;
      group.lastBroadcast = ordinal;
      group.append((frame ??= makeFrame()));
      receivers += group.clients.size;
      this.queue.add(group);
      if (this.degraded || group.bytes > MAX_LOG_BYTES) this.flushGroup(group);
    };
    if (rooms.size === 0) for (const group of this.groups.all()) append(group);
    for (const room of rooms) this.groups.in(room).forEach(append);
    if (timed && receivers > 0) this.unwritten.push(timed);
    if (this.queue.size === 0) this.reportWritten();
    else if (!this.round) this.pacer.request();
    return receivers;
  }

  /**
   * Sends a frame to one client, after everything that was broadcast to it so far. If the client
   * lags, the frame is held back with the others.
   * @param timed given for an update, which counts as dropped if a newer one replaces it
   */
  send(client: FanoutClient, frame: Frame, timed?: TimedUpdate): void {
    this.settle(client);
    if (client.gone) return;
    if (this.laggards.keepsUp(client)) {
      this.writer.writeFrames(client, [frame]);
      if (timed) this.reportWritten([timed]);
    } else {
      this.laggards.hold(client, [frame], timed !== undefined);
    }
  }

  /**
   * Sends a reply to one client, after everything that was broadcast to it so far. If the client
   * lags, the reply overtakes the frames that are held back.
   */
  reply(client: FanoutClient, frame: Frame): void {
    this.settle(client);
    if (!client.gone) this.writer.writeFrames(client, [frame]);
  }

  /** Writes everything that is queued. Call this before the connections are closed. */
  stop(): void {
    for (const group of this.groups.all()) this.flushGroup(group);
    this.pacer.stop();
    this.slice?.cancel();
  }

  /** How long the oldest frame that waits for a flush has been waiting, ms. */
  get queueMs(): number {
    if (this.queue.size === 0 && !this.round) return 0;
    return Math.max(0, this.options.clock.now() - this.pacer.requestedAt);
  }

  private findGroups(): void {
    for (const client of this.loose) {
      if (client.link.problem !== undefined) this.degrade(client.link.problem);
      const group = this.groups.of(client);
      group.clients.add(client);
      client.group = group;
      client.cursor = group.end;
    }
    this.loose.clear();
  }

  private leaveGroup(client: FanoutClient): void {
    const { group } = client;
    if (!group) return;
    client.group = undefined;
    group.clients.delete(client);
    if (group.clients.size > 0) return;
    this.groups.delete(group);
    this.queue.remove(group);
  }

  /**
   * Delivers to one client everything that was broadcast to it so far, and closes it if too many
   * bytes wait.
   */
  settle(client: FanoutClient): void {
    if (client.gone) return;
    this.deliverOne(client);
    if (!client.gone && client.link.waiting > this.options.maxWaitingBytes) this.close(client, 'overflow');
  }

  /**
   * Delivers to one client everything that was broadcast to it so far. Anything that is sent to a
   * client outside of a flush comes after this call, even if other code sends it during a flush.
   */
  private deliverOne(client: FanoutClient): void {
    if (client.group) this.deliver(client, client.group, client.group.end);
    this.writer.sendBatches();
  }

  /**
   * The client may be collected to be written to together with others, so the caller calls
   * `writer.sendBatches` before it does anything else than deliver.
   */
  private deliver(client: FanoutClient, group: ClientGroup, to: number): void {
    const from = client.cursor;
    if (from >= to) return;
    client.cursor = to;
    if (!client.conflation) {
      // A client that can be collected has nothing waiting, so it keeps up.
      if (this.writer.collect(client, group, from, to)) return;
      this.writer.sendBatches();
      if (this.laggards.keepsUp(client)) {
        this.writer.writeRun(client, group.run(from, to, client.link.encoding));
        return;
      }
    }
    this.laggards.hold(client, group.slice(from, to), true);
  }

  /** Called when the operating system has taken data that waited for the client. */
  drained(client: FanoutClient): void {
    this.laggards.drained(client);
  }

  private close(client: FanoutClient, reason: CloseReason): void {
    this.writer.sendBatches();
    this.forget(client);
    client.link.detach();
    client.link.close(this.options.closingFrame(reason));
    this.options.observer.closed(reason);
  }

  private forget(client: FanoutClient): void {
    client.gone = true;
    this.leaveGroup(client);
    this.loose.delete(client);
    this.laggards.forget(client);
  }

  private flush(): void {
    const { clock, observer } = this.options;
    const started = clock.now();
    if (!this.round) {
      this.round = this.writeAll();
      this.roundStarted = started;
    }
    const cpu = clock.cpu();
    let done: boolean | undefined;
    let now: number;
    do {
      ({ done } = this.round.next());
      now = clock.now();
    } while (!done && now - started < SLICE_MS);
    this.flushing += now - started;
    // The process' other threads collect garbage and compile meanwhile, which is no cost of a flush.
    this.cost += Math.min(clock.cpu() - cpu, now - started);
    if (!done) {
      this.slice = clock.soon(() => this.flush());
      return;
    }
    this.round = undefined;
    this.slice = undefined;
    this.laggards.closeStalled(now);
    this.pacer.paid(this.roundStarted, this.cost);
    this.cost = 0;
    observer.flushed({ durationMs: this.flushing, ...this.writer.written.take() });
    this.flushing = 0;
    if (this.queue.size > 0) this.pacer.request();
    else this.reportWritten();
  }

  /**
   * Runs one flush. It yields from time to time, and the caller decides when to continue. Frames
   * that are broadcast meanwhile wait for the next flush.
   */
  private *writeAll(): Generator<void> {
    const due = this.queue.take();
    const updates = this.takeUnwritten();
    let visited = 0;
    let group: ClientGroup;
    let end: number;
    const deliver = (client: FanoutClient): void => this.deliver(client, group, end);
    for (let n = 0; n < due.count; n++) {
      group = due.groups[n]!;
      end = due.ends[n]!;
      const { clients } = group;
      if (clients.size < CLIENTS_PER_LOOK) {
        clients.forEach(deliver); // makes no iterator, see Groups
        visited += clients.size;
      } else {
        for (const client of clients) {
          deliver(client);
          if (++visited < CLIENTS_PER_LOOK) continue;
          visited = 0;
          this.writer.sendBatches();
          yield;
        }
      }
      group.trim(end);
      if (visited < CLIENTS_PER_LOOK) continue;
      visited = 0;
      this.writer.sendBatches();
      yield;
    }
    this.writer.sendBatches();
    this.queue.done();
    this.reportWritten(updates);
  }

  private takeUnwritten(): TimedUpdate[] {
    const updates = this.unwritten;
    this.unwritten = [];
    return updates;
  }

  private reportWritten(updates = this.takeUnwritten()): void {
    if (updates.length > 0) this.options.observer.written(updates);
  }

  /**
   * Writes one group outside of a flush, without pauses. Its CPU time is added to the next flush.
   */
  private flushGroup(group: ClientGroup): void {
    const cpu = this.options.clock.cpu();
    const { end } = group;
    let visited = 0;
    for (const client of group.clients) {
      this.deliver(client, group, end);
      // Others may lag, and holding a large log back from them takes time.
      if (++visited % CLIENTS_PER_LOOK === 0) this.writer.sendBatches();
    }
    this.writer.sendBatches();
    group.trim(end);
    // A client that was closed may have caused another broadcast.
    if (group.end === end) this.queue.remove(group);
    this.cost += this.options.clock.cpu() - cpu;
  }

  private degrade(problem: string): void {
    if (this.degraded) return;
    this.degraded = true;
    for (const group of this.groups.all()) this.flushGroup(group);
    this.options.observer.degraded(problem);
  }
}
