import type { CpuClock, Timer } from '../common/clock.js';
import { Conflation } from './conflation.js';
import { type ClientGroup, type ClientOwner, FanoutClient } from './fanout-client.js';
import type { CloseReason, FanoutObserver } from './fanout-observer.js';
import type { Frame } from './frame.js';
import { type Run, runOf } from './group.js';
import { GroupIndex } from './group-index.js';
import type { Link, LinkListener } from './link.js';
import { Pacer } from './pacer.js';

export interface FanoutOptions {
  readonly clock: CpuClock;
  /** The longest a message waits so that others can go out with it, ms. */
  readonly maxDelayMs: number;
  /** A client with more than this still to be taken by the operating system is conflated, bytes. */
  readonly conflateAboveBytes: number;
  /** ... and with more than this it is closed, bytes. */
  readonly maxWaitingBytes: number;
  /** A client that takes nothing for so long while there is something for it is closed, ms. */
  readonly stallTimeoutMs: number;
  /** The notice of what was left out for a client that lagged. */
  readonly laggingFrame: (dropped: number, sinceMs: number) => Frame;
  /** The last frame a client is sent that is closed. */
  readonly closingFrame: (reason: CloseReason) => Frame;
  readonly observer: FanoutObserver;
}

/** How long a flush holds the event loop before it lets pings, handshakes and probes in, ms. */
const SLICE_MS = 20;
/** Clients written to between two looks at the clock. */
const CLIENTS_PER_LOOK = 32;
/** What a group's log may hold before it is written without waiting for its turn, bytes. */
const MAX_LOG_BYTES = 1_048_576;
/** Frames held back from one lagging client: as many as there are products and chains, far fewer than this. */
const MAX_CONFLATED_FRAMES = 100_000;

/**
 * Carries broadcasts to clients: one frame a message, one log for all clients with the same rooms, one write a client and
 * flush, and newest-only for whoever cannot keep up. Knows nothing of Socket.IO or of what the frames say.
 *
 * Each client gets the frames of its rooms once and in order; one that lags gets the newest of each key, never an older
 * one after a newer. What the gateway sends to one client alone keeps its order with them, but overtakes what is held
 * back from a lagging one.
 */
export class FanoutEngine implements ClientOwner {
  private readonly groups = new GroupIndex();
  /** Clients whose rooms changed: they find their group with the next broadcast, not with each of a hundred joins. */
  private readonly loose = new Set<FanoutClient>();
  private readonly laggards = new Set<FanoutClient>();
  /** Groups with something to write. */
  private readonly dirty = new Set<ClientGroup>();
  private readonly pacer: Pacer;
  private broadcasts = 0;
  private round: Generator<void> | undefined;
  private slice: Timer | undefined;
  private flushed = nothingFlushed();
  /** Processor time the flush under way has cost so far, ms. */
  private cost = 0;
  /** When it began, ms of the clock. */
  private roundStarted = 0;
  /** Set once a link has a problem: nothing may wait any more, for what is sent past the engine would overtake it. */
  private degraded = false;

  constructor(private readonly options: FanoutOptions) {
    this.pacer = new Pacer(options.clock, options.maxDelayMs, () => this.flush());
  }

  /** @param connect opens the client's link */
  add(id: string, rooms: ReadonlySet<string>, connect: (listener: LinkListener) => Link): FanoutClient {
    const client = new FanoutClient(id, rooms, connect, this);
    this.loose.add(client);
    return client;
  }

  /** To be called before the client's rooms change, so that what was broadcast until now reaches it as it is. */
  beforeChange(client: FanoutClient): void {
    this.settle(client);
    if (client.gone) return;
    this.leaveGroup(client);
    this.loose.add(client);
  }

  /** As {@link beforeChange}; and nothing of the room left may come after the gateway has said that it is left. */
  beforeLeave(client: FanoutClient): void {
    this.beforeChange(client);
    const { conflation } = client;
    if (conflation) this.writeAlone(client, [...this.notice(conflation), ...conflation.take()]);
  }

  /** To be called before the client is taken out of its rooms for good. */
  remove(client: FanoutClient): void {
    if (client.gone) return; // it was closed, and this is the adapter taking notice
    if (client.group) this.deliver(client, client.group, client.group.end);
    client.link.detach();
    this.forget(client);
  }

  /**
   * Queues a frame for every client in one of `rooms`; with none, for every client.
   * @param makeFrame is called only if there is such a client
   * @returns how many clients it is for
   */
  broadcast(rooms: ReadonlySet<string>, makeFrame: () => Frame): number {
    this.findGroups();
    const ordinal = ++this.broadcasts;
    let frame: Frame | undefined;
    let receivers = 0;
    for (const group of this.groups.in(rooms)) {
      if (group.lastBroadcast === ordinal) continue;
      group.lastBroadcast = ordinal;
      group.append((frame ??= makeFrame()));
      receivers += group.clients.size;
      this.dirty.add(group);
      if (this.degraded || group.bytes > MAX_LOG_BYTES) this.flushGroup(group);
    }
    if (this.dirty.size > 0 && !this.round) this.pacer.request();
    return receivers;
  }

  /** Sends a frame to one client, behind what was broadcast until now. */
  send(client: FanoutClient, frame: Frame): void {
    this.settle(client);
    if (client.gone) return;
    if (this.keepsUp(client)) this.writeAlone(client, [frame]);
    else this.conflate(client, [frame], false);
  }

  /** Sends a frame to one client as a reply: behind what was broadcast until now, ahead of what is held back from one that lags. */
  reply(client: FanoutClient, frame: Frame): void {
    this.settle(client);
    if (!client.gone) this.writeAlone(client, [frame]);
  }

  /** Writes everything that is queued. To be called before the connections are closed. */
  stop(): void {
    for (const group of this.groups.all()) this.flushGroup(group);
    this.pacer.stop();
    this.slice?.cancel();
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
    this.dirty.delete(group);
  }

  /** Brings one client up to date with what was broadcast until now. */
  settle(client: FanoutClient): void {
    if (client.gone) return;
    if (client.group) this.deliver(client, client.group, client.group.end);
    if (client.link.waiting > this.options.maxWaitingBytes) this.close(client, 'overflow');
  }

  private deliver(client: FanoutClient, group: ClientGroup, to: number): void {
    const from = client.cursor;
    if (from >= to) return;
    client.cursor = to;
    if (!this.keepsUp(client)) {
      this.conflate(client, group.slice(from, to), true);
      return;
    }
    this.write(client, group.run(from, to, client.link.deflates));
    this.flushed.writes++;
    this.flushed.frames += to - from;
  }

  private write(client: FanoutClient, { frames, buffers, bytes, saved }: Run): void {
    if (frames.length === 0) return;
    if (client.link.ready) client.link.write(buffers);
    else this.sendEach(client, frames);
    this.flushed.bytes += bytes;
    this.flushed.savedBytes += saved;
  }

  /** Writes frames that are for this client alone. */
  private writeAlone(client: FanoutClient, frames: readonly Frame[]): void {
    this.write(client, runOf(frames, client.link.deflates));
  }

  private sendEach(client: FanoutClient, frames: readonly Frame[]): void {
    client.sending = true;
    for (const frame of frames) client.link.send(frame);
    client.sending = false;
  }

  private keepsUp(client: FanoutClient): boolean {
    if (client.conflation) return false;
    if (client.link.waiting <= this.options.conflateAboveBytes) return true;
    client.conflation = new Conflation(this.options.clock.now(), client.link.waiting);
    this.laggards.add(client);
    this.options.observer.lagging(this.laggards.size);
    client.link.watchDrain();
    return false;
  }

  private conflate(client: FanoutClient, frames: readonly Frame[], updates: boolean): void {
    if (!client.conflation) return;
    const before = client.conflation.dropped;
    for (const frame of frames) {
      for (const part of frame.parts) client.conflation.add(part, updates);
    }
    const left = client.conflation.dropped - before;
    if (left > 0) this.options.observer.conflated(left);
    if (client.conflation.size > MAX_CONFLATED_FRAMES) this.close(client, 'overflow');
  }

  /** The client reads again: tell it what it missed, and send the newest, no more at a time than it may have waiting. */
  drained(client: FanoutClient): void {
    const { link } = client;
    const { clock, conflateAboveBytes } = this.options;
    // As long as the system takes it at once: nothing waits then, and no drain will be told.
    for (let { conflation } = client; conflation; { conflation } = client) {
      let room = conflateAboveBytes - link.waiting;
      if (room <= 0) {
        conflation.look(clock.now(), link.waiting);
        link.watchDrain();
        return;
      }
      const frames = this.notice(conflation);
      while (room > 0 && conflation.size > 0) {
        const frame = conflation.shift()!;
        frames.push(frame);
        room -= frame.plain.length;
      }
      if (conflation.size === 0) this.caughtUp(client);
      conflation.resumed(clock.now());
      this.writeAlone(client, frames);
    }
  }

  /** Tells a client what was left out for it since it was last told. */
  private notice(conflation: Conflation): Frame[] {
    if (conflation.dropped === 0) return [];
    const { clock, laggingFrame } = this.options;
    const frame = laggingFrame(conflation.dropped, Math.round(conflation.stalledFor(clock.now())));
    conflation.dropped = 0;
    return [frame];
  }

  private caughtUp(client: FanoutClient): void {
    client.conflation = undefined;
    if (this.laggards.delete(client)) this.options.observer.lagging(this.laggards.size);
  }

  private close(client: FanoutClient, reason: CloseReason): void {
    this.forget(client);
    client.link.detach();
    client.link.close(this.options.closingFrame(reason));
    this.options.observer.closed(reason);
  }

  private forget(client: FanoutClient): void {
    client.gone = true;
    this.leaveGroup(client);
    this.loose.delete(client);
    this.caughtUp(client);
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
    this.flushed.durationMs += now - started;
    this.cost += clock.cpu() - cpu;
    if (!done) {
      this.slice = clock.soon(() => this.flush());
      return;
    }
    this.round = undefined;
    this.slice = undefined;
    this.closeStalled(now);
    this.pacer.paid(this.roundStarted, this.cost);
    this.cost = 0;
    observer.flushed(this.flushed);
    this.flushed = nothingFlushed();
    if (this.dirty.size > 0) this.pacer.request();
  }

  /** One flush; yields now and then, to be continued. What is broadcast meanwhile waits for the next. */
  private *writeAll(): Generator<void> {
    const due = [...this.dirty].map((group) => ({ group, end: group.end }));
    this.dirty.clear();
    let visited = 0;
    for (const { group, end } of due) {
      for (const client of group.clients) {
        this.deliver(client, group, end);
        if (++visited % CLIENTS_PER_LOOK === 0) yield;
      }
      group.trim(end);
    }
  }

  /** Out of turn, and in one piece. Paid for by the next flush. */
  private flushGroup(group: ClientGroup): void {
    const cpu = this.options.clock.cpu();
    const { end } = group;
    for (const client of group.clients) this.deliver(client, group, end);
    group.trim(end);
    this.dirty.delete(group);
    this.cost += this.options.clock.cpu() - cpu;
  }

  private closeStalled(now: number): void {
    for (const client of this.laggards) {
      client.conflation?.look(now, client.link.waiting);
      if (client.conflation && client.conflation.stalledFor(now) > this.options.stallTimeoutMs) {
        this.close(client, 'stalled');
      }
    }
  }

  private degrade(problem: string): void {
    if (this.degraded) return;
    this.degraded = true;
    for (const group of this.groups.all()) this.flushGroup(group);
    this.options.observer.degraded(problem);
  }
}

function nothingFlushed() {
  return { durationMs: 0, writes: 0, frames: 0, bytes: 0, savedBytes: 0 };
}
