import { FakeClock } from './fake-clock.js';
import { FakeKernel } from './fake-kernel.js';
import { FakeLink } from './fake-link.js';
import { JsonPayload } from '../../src/contract/index.js';
import type { FanoutClient } from '../../src/fanout/fanout-client.js';
import { FanoutEngine } from '../../src/fanout/fanout-engine.js';
import type { CloseReason, Flush } from '../../src/fanout/fanout-observer.js';
import { Frame } from '../../src/fanout/frame.js';

export const CONFLATE_ABOVE = 200;
export const MAX_WAITING = 2_000;
export const STALL_TIMEOUT = 1_000;
/** More bytes than the log of a group may hold. */
export const HUGE = 1_100_000;

export interface Connected {
  readonly client: FanoutClient;
  readonly link: FakeLink;
  readonly rooms: Set<string>;
}

export function frame(text: string, { key = 'key', bytes = 0, event = 'tick' } = {}): Frame {
  const payload = new JsonPayload(`"${text.padEnd(bytes, '.')}"`, key);
  return Frame.ofEvent(event, payload);
}

/** The ways in which the engine writes to clients. The tests of the engine run on each. */
export const WRITE_PATHS = {
  'with a write for each client': () => setUp(),
  'with one call for many clients': () => setUp(new FakeKernel()),
  'with one call that often takes only a part': () => setUp(new FakeKernel(2)),
};

/**
 * An engine on a stopped clock with links that the test controls, and a record of its observer's
 * calls.
 */
function setUp(kernel?: FakeKernel) {
  const clock = new FakeClock();
  const told = {
    flushes: [] as Flush[],
    /** Of the updates whose way to the clients is timed. */
    written: [] as string[],
    conflated: 0,
    lagging: [] as number[],
    closed: [] as CloseReason[],
    degraded: [] as string[],
  };
  const engine = new FanoutEngine({
    clock,
    maxDelayMs: 100,
    conflateAboveBytes: CONFLATE_ABOVE,
    maxWaitingBytes: MAX_WAITING,
    stallTimeoutMs: STALL_TIMEOUT,
    laggingFrame: (dropped, sinceMs) => frame(`${dropped} in ${sinceMs} ms`, { event: 'lagging' }),
    closingFrame: (reason) => frame(reason, { event: 'closing' }),
    observer: {
      flushed: (flush) => told.flushes.push(flush),
      written: (updates) => told.written.push(...updates.map(({ event }) => event)),
      conflated: (frames) => (told.conflated += frames),
      lagging: (clients) => told.lagging.push(clients),
      closed: (reason) => told.closed.push(reason),
      degraded: (problem) => told.degraded.push(problem),
    },
    batchWriter: kernel,
  });
  let clients = 0;
  const connect = (
    rooms: readonly string[] = ['room'],
    options: { deflates?: boolean; polling?: boolean; writeMs?: number; problem?: string } = {},
  ): Connected => {
    const id = `client ${++clients}`;
    const inside = new Set([id, ...rooms]);
    const onClosed = () => engine.remove(client);
    let link: FakeLink | undefined;
    const client: FanoutClient = engine.add(id, inside, (listener) => {
      link = new FakeLink(listener, clock, { ...options, kernel, onClosed });
      link.problem = options.problem;
      return link;
    });
    return { client, link: link!, rooms: inside };
  };
  const broadcast = (
    text: string,
    {
      to = ['room'],
      timed,
      ...options
    }: { to?: string[]; key?: string; bytes?: number; timed?: number } = {},
  ) =>
    engine.broadcast(
      new Set(to),
      () => frame(text, options),
      timed === undefined ? undefined : { event: text, producedAt: timed, receivedAt: timed },
    );
  /** A client that reads nothing, with `bytes` waiting for it. */
  const connectStalled = (bytes: number, rooms?: readonly string[]): Connected => {
    const connected = connect(rooms);
    connected.link.stall();
    connected.link.reply('x'.repeat(bytes));
    return connected;
  };
  return { clock, told, engine, kernel, connect, connectStalled, broadcast };
}

/** The payloads of a client's events without their padding. Notices and replies are unchanged. */
export function got({ link }: Connected): string[] {
  const texts = link.wire.filter((text) => !text.startsWith('x'));
  return texts.map((text) => /^2\["tick","([^".]*)\.*"\]$/.exec(text)?.[1] ?? text.slice(0, 60));
}
