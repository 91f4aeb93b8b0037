import { JsonPayload } from '../../src/contract/index.js';
import type { FanoutClient } from '../../src/fanout/fanout-client.js';
import { FanoutEngine } from '../../src/fanout/fanout-engine.js';
import { Frame } from '../../src/fanout/frame.js';
import { socketIoPackets } from '../../src/transports/socket-io/socket-io-encodings.js';
import { FakeClock } from './fake-clock.js';
import type { FakeKernel } from './fake-kernel.js';
import { FakeLink } from './fake-link.js';

export const CONFLATE_ABOVE = 200;
export const MAX_WAITING = 2_000;
export const STALL_TIMEOUT = 1_000;
export const ROOMS: readonly string[] = ['r0', 'r1', 'r2'];
/** The first of the connected clients act. The others only add to their number. */
export const ACTORS = 3;
const MAX_DELAY = 100;

/** A message that the gateway emitted to a client. */
interface Emitted {
  readonly text: string;
  readonly kind: 'broadcast' | 'snapshot' | 'reply';
  readonly key: string;
  /** The later of two messages with one key has the higher version. */
  readonly version: number;
  /** The rooms of the client that the message was sent to. */
  readonly via: readonly string[];
  /** The room that the client has left, according to a reply. */
  readonly left?: string;
}

export interface Client {
  readonly rooms: Set<string>;
  readonly handle: FanoutClient;
  readonly link: FakeLink;
  readonly emitted: Emitted[];
  state: 'open' | 'removed' | 'gone' | 'closed';
}

export interface Connecting {
  readonly deflates: boolean;
  readonly polling: boolean;
  readonly degraded: boolean;
}

/** How often the runs reached the difficult states of the engine. */
export class Coverage {
  lagged = 0;
  caughtUp = 0;
  conflated = 0;
  stalled = 0;
  overflow = 0;
  fallback = 0;
  deflated = 0;
  degraded = 0;
  pausedFlush = 0;
  broadcastInPause = 0;
  joinInPause = 0;
  leaveInPause = 0;
  leaveWhileLagging = 0;
  overfullLog = 0;
}

/**
 * A gateway around the engine, with fake connections. Records what each client should receive, and
 * checks what it did receive.
 */
export class FanoutWorld {
  readonly clients: Client[] = [];
  private readonly clock = new FakeClock();
  private readonly versions = new Map<string, number>();
  private ordinal = 0;
  private flushes = 0;
  private paused = false;
  private broadcasting = false;
  private closings = 0;
  private lagging = 0;
  private readonly engine: FanoutEngine;

  constructor(
    private readonly coverage: Coverage,
    private readonly writeMs: number,
    private readonly kernel?: FakeKernel,
  ) {
    this.engine = new FanoutEngine({
      clock: this.clock,
      maxDelayMs: MAX_DELAY,
      conflateAboveBytes: CONFLATE_ABOVE,
      maxWaitingBytes: MAX_WAITING,
      stallTimeoutMs: STALL_TIMEOUT,
      laggingFrame: (dropped) => frameOf('lagging', JSON.stringify(dropped)),
      closingFrame: (reason) => frameOf('closing', JSON.stringify(reason)),
      observer: {
        flushed: () => this.onFlushed(),
        written: () => undefined,
        conflated: (frames) => (coverage.conflated += frames),
        lagging: (clients) => {
          if (clients > this.lagging) coverage.lagged++;
          this.lagging = clients;
        },
        closed: () => this.closings++,
        degraded: () => coverage.degraded++,
      },
      batchWriter: kernel,
    });
  }

  connect({ deflates, polling, degraded }: Connecting, rooms: readonly string[] = []): void {
    const id = `client ${this.clients.length}`;
    const { clock, writeMs, kernel } = this;
    const joined = new Set([id, ...rooms]);
    const onClosed = (): void => this.onClosed(client);
    const onSend = (): void => this.interrupt(client);
    let link: FakeLink | undefined;
    const handle = this.engine.add(
      id,
      joined,
      (listener) =>
        (link = new FakeLink(listener, clock, { deflates, polling, writeMs, kernel, onSend, onClosed })),
    );
    if (!link) throw new Error('no link was made');
    if (degraded) link.problem = 'it is unknown';
    const client: Client = { rooms: joined, handle, link, emitted: [], state: 'open' };
    this.clients.push(client);
  }

  /** Ends the connection, from the client's or the gateway's side. */
  disconnect(client: Client, how: 'removed' | 'gone'): void {
    client.link.gone = how === 'gone';
    this.engine.remove(client.handle);
    client.state = how;
  }

  join(client: Client, room: string): void {
    if (this.paused) this.coverage.joinInPause++;
    this.engine.beforeChange(client.handle);
    client.rooms.add(room);
  }

  leave(client: Client, room: string): void {
    if (!client.rooms.has(room)) return;
    if (this.paused) this.coverage.leaveInPause++;
    if (client.handle.conflation) this.coverage.leaveWhileLagging++;
    this.engine.beforeLeave(client.handle);
    client.rooms.delete(room);
    this.reply(client, '', room);
  }

  broadcast(rooms: readonly string[], key: string, padding: string, except: readonly string[] = []): void {
    if (this.paused) this.coverage.broadcastInPause++;
    if (padding.length > 1_000_000) this.coverage.overfullLog++;
    const version = ++this.ordinal;
    this.versions.set(key, version);
    const frame = frameOf('tick', `{"n":${version},"pad":"${padding}"}`, key);
    let expected = 0;
    for (const client of this.open()) {
      const via = rooms.filter((room) => client.rooms.has(room));
      if (rooms.length > 0 && via.length === 0) continue;
      if (except.some((room) => client.rooms.has(room))) continue;
      expected++;
      client.emitted.push({ text: frame.in(socketIoPackets), kind: 'broadcast', key, version, via });
    }
    this.broadcasting = true;
    const receivers = this.engine.broadcast(new Set(rooms), () => frame, undefined, new Set(except));
    this.broadcasting = false;
    must(receivers === expected, `broadcast to ${receivers} clients, not ${expected}`);
  }

  /** Sends the newest message of a key to one client. */
  snapshot(client: Client, key: string): void {
    const version = this.versions.get(key) ?? 0;
    const frame = frameOf('tick', `{"n":${++this.ordinal},"of":${version}}`, key);
    client.emitted.push({ text: frame.in(socketIoPackets), kind: 'snapshot', key, version, via: [] });
    this.engine.send(client.handle, frame);
  }

  /** Sends a message without the engine. */
  reply(client: Client, padding: string, left?: string): void {
    if (client.state !== 'open') return;
    const text = `2["reply",{"n":${++this.ordinal},"pad":"${padding}"}]`;
    client.emitted.push({ text, kind: 'reply', key: '', version: 0, via: [], left });
    client.link.reply(text);
  }

  /** Runs the due tasks, but no more than one slice of a flush. */
  turn(): void {
    const { flushes } = this;
    if (this.clock.turn() === 0 || flushes !== this.flushes) return;
    this.paused = true;
    this.coverage.pausedFlush++;
  }

  advance(ms: number): void {
    this.clock.advance(ms);
  }

  /** Lets every client read, and passes time until nothing changes any more. */
  settle(): void {
    const state = (): string =>
      JSON.stringify([this.clock.pending, this.clients.map(({ link }) => link.handed)]);
    for (let previous = ''; previous !== state();) {
      previous = state();
      for (const { link } of this.open()) {
        link.take();
        link.unblock();
        link.endUpgrade();
      }
      this.advance(2 * MAX_DELAY);
    }
    must(this.clock.pending === 0, 'a task is pending for ever');
  }

  /**
   * A client above the limit of waiting bytes may read or be closed during `step`, but must not be
   * sent more.
   */
  bounded(step: () => void): void {
    const before = this.open()
      .slice(0, ACTORS)
      .map((client) => ({ client, waiting: client.link.waiting, handed: client.link.handed }));
    step();
    for (const { client, waiting, handed } of before) {
      const { link, state } = client;
      if (waiting <= MAX_WAITING || state !== 'open' || link.waiting < waiting) continue;
      must(link.handed === handed, `given more, though ${waiting} bytes were waiting`);
    }
  }

  open(): Client[] {
    return this.clients.filter(({ state }) => state === 'open');
  }

  check(): void {
    this.clients.forEach(checkClient);
    for (const { link } of this.clients) {
      if (link.fallbacks > 0) this.coverage.fallback++;
      if (link.deflatedFrames > 0) this.coverage.deflated++;
      if (link.everWatched && !link.closed && !link.gone) this.coverage.caughtUp++;
    }
    const closed = this.clients.filter(({ state }) => state === 'closed');
    must(this.closings === closed.length, `${this.closings} closings told for ${closed.length} closed`);
    must(this.lagging === 0, 'a client that got everything counts as lagging');
  }

  /** Disconnects every client, and checks that nothing is left. */
  empty(): void {
    for (const client of this.open()) this.disconnect(client, 'removed');
    for (const rooms of [[], ...ROOMS.map((room) => [room])]) {
      const receivers = this.engine.broadcast(new Set(rooms), () => {
        throw new Error('a frame was made for no client');
      });
      must(receivers === 0, 'a client that is gone is still broadcast to');
    }
    must(this.clock.pending === 0, 'something is left to do');
    must(!this.clients.some(({ link }) => link.attached), 'a connection that is gone is still listened to');
  }

  private onFlushed(): void {
    this.flushes++;
    this.paused = false;
    for (const { link } of this.open()) {
      const waited = this.clock.now() - (link.watchedSince ?? Infinity);
      must(waited <= STALL_TIMEOUT, `a client that has taken nothing for ${waited} ms was not closed`);
    }
  }

  /**
   * Sends to another client, as listeners of a disconnect and of a packet may do while the engine
   * is in the middle of a flush.
   */
  private interrupt(client: Client): void {
    if (this.broadcasting) return; // a reply in the middle of a broadcast may come before or after it
    const other = this.open().find((one) => one !== client && one.link.ready);
    if (other) this.reply(other, '');
  }

  private onClosed(client: Client): void {
    this.interrupt(client);
    const { link } = client;
    if (link.wire.at(-1) === '2["closing","stalled"]') {
      this.coverage.stalled++;
      const took = this.clock.now() - link.takenAt <= STALL_TIMEOUT;
      must(!took || link.replied, 'closed as stalled, though it took something');
    } else {
      this.coverage.overflow++;
      must(link.waiting > MAX_WAITING, 'closed for an overflow that is none');
    }
    this.engine.remove(client.handle);
    client.state = 'closed';
  }
}

/** Compares what a client received with what the gateway emitted to it. */
function checkClient({ link, emitted, state }: Client): void {
  const wire = link.wire;
  if (!link.everWatched) {
    const all = emitted.map(({ text }) => text);
    if (state === 'closed') all.splice(wire.length - 1, Infinity, wire.at(-1)!);
    if (state === 'gone') all.splice(wire.length);
    must(isSame(wire, all), `got ${brief(wire)}\nnot ${brief(all)}`);
    return;
  }
  must(link.peak > CONFLATE_ABOVE, 'lagged, though little was waiting');
  const positions = new Map(emitted.map(({ text }, position) => [text, position]));
  const seen = new Set<number>();
  const versions = new Map<string, number>();
  const left = new Map<string, number>();
  let dropped = 0;
  let furthest = -1;
  for (const text of wire) {
    const position = positions.get(text);
    if (position === undefined) {
      dropped += Number(/^2\["lagging",(\d+)\]$/.exec(text)?.[1] ?? NaN) || 0;
      must(text.startsWith('2["lagging"') || text === wire.at(-1), `not emitted to it: ${text}`);
      continue;
    }
    const message = emitted[position]!;
    const told = `${text.slice(0, 60)} in ${brief(wire)}\nof ${brief(emitted.map((one) => one.text))}`;
    must(!seen.has(position), `twice: ${told}`);
    seen.add(position);
    if (message.kind === 'reply') {
      must(furthest < position, `overtaken by something later: ${told}`);
      if (message.left !== undefined) left.set(message.left, position);
    } else {
      must((versions.get(message.key) ?? 0) <= message.version, `older after newer: ${told}`);
      versions.set(message.key, message.version);
      const [room, ...others] = message.via;
      const late = room !== undefined && others.length === 0 && position < (left.get(room) ?? -1);
      must(!late, `of a room that was left: ${told}`);
    }
    furthest = Math.max(furthest, position);
  }
  if (state !== 'open') return;
  const told = `${brief(wire)}\nof ${brief(emitted.map(({ text }) => text))}`;
  // Snapshots repeat known values, so only updates can be dropped.
  const updates = emitted.filter(({ kind }) => kind !== 'snapshot').length;
  const got = [...seen].filter((position) => emitted[position]!.kind !== 'snapshot').length;
  must(got + dropped === updates, `${got} of ${updates} got, ${dropped} told as dropped: ${told}`);
  for (const { kind, key, version, text } of emitted) {
    if (kind === 'reply') must(seen.has(positions.get(text)!), `a reply was lost: ${told}`);
    else must((versions.get(key) ?? 0) >= version, `the newest of ${key} was lost: ${told}`);
  }
}

function frameOf(event: string, payload: string, key = event): Frame {
  return Frame.ofEvent(event, new JsonPayload(payload, key));
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one, index) => one === b[index]);
}

function brief(texts: readonly string[]): string {
  return texts.map((text) => text.slice(2, 28)).join(' ');
}

function must(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Error(otherwise);
}
