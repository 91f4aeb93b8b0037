import { FakeClock } from '../../test/support/fake-clock.js';
import { FakeLink } from '../../test/support/fake-link.js';
import { UNOBSERVED } from '../../test/support/unobserved.js';
import { JsonPayload } from '../contract/index.js';
import type { FanoutClient } from './fanout-client.js';
import { FanoutEngine } from './fanout-engine.js';
import { Frame } from './frame.js';
import { Heartbeats } from './heartbeats.js';
import { closingFrame, laggingFrame } from './notices.js';

function frameOf(event: string, text = '{}'): Frame {
  return Frame.ofEvent(event, new JsonPayload(text, event));
}

function setUp() {
  const clock = new FakeClock();
  const engine = new FanoutEngine({
    clock,
    maxDelayMs: 50,
    conflateAboveBytes: 1_000,
    maxWaitingBytes: 1_000_000,
    stallTimeoutMs: 60_000,
    laggingFrame,
    closingFrame,
    observer: UNOBSERVED,
  });
  const seen = { state: 'up', frames: 0, written: 0 };
  const heartbeats = new Heartbeats({
    clock,
    state: () => seen.state,
    frame: () => frameOf('heartbeat', `{"n":${++seen.frames}}`),
    written: (clients) => (seen.written += clients),
  });
  let id = 0;
  const connect = (options: { readonly polling?: boolean } = {}) => {
    const name = `c${++id}`;
    const client = engine.add(
      name,
      new Set([name, 'room']),
      (listener) => new FakeLink(listener, clock, options),
    );
    return { client, link: client.link as FakeLink };
  };
  return { clock, engine, heartbeats, seen, connect };
}

const beats = (link: FakeLink) => link.wire.filter((text) => text.includes('"heartbeat"')).length;

it('tells a quiet client the state soon, and then at least once in each interval', () => {
  const { clock, heartbeats, connect } = setUp();
  const { client, link } = connect();
  heartbeats.add(client, 2_000);
  clock.advance(400);
  expect(beats(link)).toBe(1);
  let heardAt = clock.now();
  let before = 1;
  for (let at = clock.now(); at < 60_000; at += 10) {
    clock.advance(10);
    if (beats(link) > before) heardAt = clock.now();
    before = beats(link);
    expect(clock.now() - heardAt).toBeLessThanOrEqual(2_000);
  }
  expect(before).toBeLessThanOrEqual(60_000 / 1_600 + 1);
});

it('sends nothing to a client that gets broadcasts or replies often enough', () => {
  const { clock, engine, heartbeats, connect } = setUp();
  const busy = connect();
  const asking = connect();
  for (const { client } of [busy, asking]) heartbeats.add(client, 2_000);
  clock.advance(400);
  for (let n = 0; n < 40; n++) {
    if (n % 2 === 0) engine.broadcast(new Set(['room']), () => frameOf('price'));
    clock.advance(600);
  }
  expect(beats(busy.link)).toBe(1);
  // Its own rooms bring it nothing, but it gets replies.
  engine.beforeChange(asking.client);
  (asking.client.rooms as Set<string>).delete('room');
  for (let n = 0; n < 40; n++) {
    engine.reply(asking.client, frameOf('products'));
    clock.advance(1_200);
  }
  expect(beats(asking.link)).toBe(1);
});

it('is heard at most one interval after the last update', () => {
  const { clock, engine, heartbeats, connect } = setUp();
  for (let offset = 0; offset < 2_000; offset += 130) {
    const { client, link } = connect();
    heartbeats.add(client, 2_000);
    clock.advance(2_000 + offset);
    engine.broadcast(new Set(['room']), () => frameOf('price'));
    clock.advance(1);
    const before = beats(link);
    clock.advance(1_999);
    expect(beats(link)).toBeGreaterThan(before);
  }
});

it('shares one frame among the clients of a tick', () => {
  const { clock, heartbeats, seen, connect } = setUp();
  for (let n = 0; n < 1_000; n++) heartbeats.add(connect().client, 2_000);
  clock.advance(60_000);
  expect(seen.written).toBeGreaterThan(35_000);
  expect(seen.frames).toBeLessThanOrEqual(60_000 / 50);
});

it('spreads clients that connected together', () => {
  const { clock, heartbeats, seen, connect } = setUp();
  for (let n = 0; n < 800; n++) heartbeats.add(connect().client, 2_000);
  let most = 0;
  for (let tick = 0; tick < 200; tick++) {
    const before = seen.written;
    clock.advance(50);
    most = Math.max(most, seen.written - before);
  }
  expect(most).toBeLessThan(200); // an eighth is 100
});

it('tells every client, even a busy one, when the state changes', () => {
  const { clock, engine, heartbeats, seen, connect } = setUp();
  const { client, link } = connect();
  heartbeats.add(client, 2_000);
  clock.advance(400);
  seen.state = 'down';
  for (let n = 0; n < 4; n++) {
    engine.broadcast(new Set(['room']), () => frameOf('price'));
    clock.advance(100);
  }
  expect(beats(link)).toBe(2);
});

it('queues nothing for a client that does not read, and overtakes no update', () => {
  const { clock, engine, heartbeats, connect } = setUp();
  const { client, link } = connect();
  heartbeats.add(client, 1_000);
  clock.advance(1_000);
  link.stall();
  clock.advance(1_000); // the socket takes one more
  const waiting = link.waiting;
  clock.advance(60_000);
  expect(link.waiting).toBe(waiting);
  engine.broadcast(new Set(['room']), () => frameOf('price', JSON.stringify({ text: 'x'.repeat(2_000) })));
  clock.advance(60_000);
  const before = beats(link);
  link.take();
  clock.advance(1_000);
  expect(beats(link)).toBeGreaterThan(before);
  expect(link.wire.join()).toContain('xxx');
});

it('reaches a long-polling client', () => {
  const { clock, heartbeats, connect } = setUp();
  const { client, link } = connect({ polling: true });
  heartbeats.add(client, 1_000);
  clock.advance(300);
  expect(beats(link)).toBe(1);
});

it('ends with the subscription, the client and the gateway, and leaves no timer behind', () => {
  const { clock, engine, heartbeats, connect } = setUp();
  const [left, gone, kept] = [connect(), connect(), connect()];
  for (const { client } of [left, gone, kept] as { client: FanoutClient }[]) heartbeats.add(client, 1_000);
  clock.advance(200);
  heartbeats.remove(left.client);
  engine.remove(gone.client);
  clock.advance(10_000);
  expect([left, gone].map(({ link }) => beats(link))).toEqual([1, 1]);
  expect(beats(kept.link)).toBeGreaterThan(9);
  heartbeats.remove(kept.client);
  clock.advance(200);
  expect(clock.pending).toBe(0);
  heartbeats.add(kept.client, 1_000);
  heartbeats.stop();
  expect(clock.pending).toBe(0);
});
