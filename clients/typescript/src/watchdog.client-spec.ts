import { FakeGateway, settle } from '../../../test/clients/support/fake-gateway.js';
import type { Heartbeat } from './contract/index.js';
import type { ClientOptions } from './options.js';

const BEAT: Heartbeat = { server_time: 0, feed: 'up', market: 'open', queue_ms: 0 };

async function setUp(options: ClientOptions = {}, limits = { heartbeat_ms: 1_000 }) {
  const gateway = new FakeGateway();
  const client = gateway.connect(options);
  const changes: string[] = [];
  client.on('health', ({ health, previous }) => changes.push(`${previous} > ${health}`));
  await settle();
  gateway.last.connected(limits);
  await settle();
  const beat = (change: Partial<Heartbeat> = {}): void =>
    gateway.last.say('heartbeat', { ...BEAT, ...change });
  return { gateway, client, changes, beat };
}

it('asks for a heartbeat every two seconds, or as the option says', async () => {
  for (const [options, every_ms] of [
    [{}, 2_000],
    [{ heartbeatMs: 10_000 }, 10_000],
    [{ heartbeatMs: 10 }, 1_000],
  ] as const) {
    const { gateway } = await setUp(options);
    expect(gateway.last.asked('subscribe')).toEqual([{ type: 'heartbeat', every_ms }]);
  }
});

it.each<[string, ClientOptions, object]>([
  ['the gateway has no heartbeats', {}, {}],
  ['the option is false', { heartbeatMs: false }, { heartbeat_ms: 1_000 }],
])('never calls a connection dead if %s', async (_, options, limits) => {
  const { gateway, client } = await setUp(options, limits as never);
  await gateway.pass(60_000);
  expect(gateway.last.asked('subscribe')).toEqual([]);
  expect(client).toMatchObject({ state: 'connected', health: 'unknown' });
});

it('calls a connection dead after 2.9 s of silence, and connects again', async () => {
  const { gateway, client, changes, beat } = await setUp();
  for (let second = 0; second < 30; second++) {
    await gateway.pass(2_000);
    beat();
  }
  expect(client.state).toBe('connected');
  await gateway.pass(2_800);
  expect(client.state).toBe('connected');
  await gateway.pass(100);
  expect(client).toMatchObject({
    state: 'reconnecting',
    health: 'disconnected',
    reason: { message: 'The gateway does not answer' },
  });
  await gateway.pass(500);
  expect(gateway.sockets).toHaveLength(2);
  gateway.last.connected({ heartbeat_ms: 1_000 });
  await settle();
  beat();
  expect(changes).toEqual([
    'disconnected > unknown',
    'unknown > live',
    'live > disconnected',
    'disconnected > unknown',
    'unknown > live',
  ]);
});

it('counts every message as a sign of life', async () => {
  const { gateway, client } = await setUp();
  for (let n = 0; n < 10; n++) {
    await gateway.pass(2_500);
    gateway.last.say('lagging', { dropped: 1, since_ms: 1 });
  }
  expect(client.state).toBe('connected');
});

it('tells a dead feed and a closed market from a dead connection', async () => {
  const { changes, client, beat } = await setUp();
  beat();
  beat({ market: 'closed' });
  beat({ market: 'closed', feed: 'down' });
  beat({ feed: 'down' });
  beat();
  expect(changes.slice(1)).toEqual([
    'unknown > live',
    'live > market_closed',
    'market_closed > feed_down',
    'feed_down > live',
  ]);
  expect(client.health).toBe('live');
});

it('gives messages that have arrived their turn before it calls a connection dead', async () => {
  const { gateway, client, beat } = await setUp();
  await gateway.pass(2_850);
  beat();
  await gateway.pass(2_000);
  expect(client.state).toBe('connected');
});

it('does not call a connection dead after the page was frozen', async () => {
  const { gateway, client, beat } = await setUp();
  for (let n = 0; n < 5; n++) {
    gateway.clock.stall(3_600_000);
    await gateway.pass(2_700);
    expect(client.state).toBe('connected');
  }
  beat();
  await gateway.pass(2_800);
  expect(client.state).toBe('connected');
  await gateway.pass(100);
  expect(client.state).toBe('reconnecting');
});

it('asks the gateway if a request remains without an answer, and calls the connection dead if that does too', async () => {
  const { gateway, client, beat } = await setUp();
  gateway.answers = false;
  void client.products().catch(() => undefined);
  await gateway.pass(1_300);
  expect(gateway.last.asked('get_heartbeat')).toHaveLength(1);
  beat();
  await gateway.pass(1_300);
  beat();
  expect(client.state).toBe('connected');
  await gateway.pass(100);
  expect(client.state).toBe('reconnecting');
});

it('waits for a slow request if the gateway answers otherwise', async () => {
  const { gateway, client, beat } = await setUp();
  gateway.answers = false;
  void client.products().catch(() => undefined);
  await gateway.pass(1_300);
  gateway.last.sent.at(-1)!.ack({ ok: true, rooms: [], ...BEAT });
  for (let n = 0; n < 4; n++) {
    beat();
    await gateway.pass(1_000);
  }
  expect(client).toMatchObject({ state: 'connected', health: 'live' });
});

it('asks in every interval with the option `probe`', async () => {
  const { gateway, client, beat } = await setUp({ probe: true });
  const answer = (): void =>
    gateway.last.sent
      .filter(({ event }) => event === 'get_heartbeat')
      .slice(-1)[0]!
      .ack({ ok: true, rooms: [], ...BEAT });
  gateway.answers = false;
  for (let n = 1; n <= 10; n++) {
    expect(gateway.last.asked('get_heartbeat')).toHaveLength(n);
    answer();
    await gateway.pass(1_400);
  }
  for (let n = 0; n < 3; n++) {
    beat();
    await gateway.pass(500);
  }
  expect(client.state).toBe('reconnecting');
});

it('leaves no timer behind', async () => {
  const { gateway, client } = await setUp({ probe: true });
  client.close();
  expect(gateway.clock.pending).toBe(0);
});
