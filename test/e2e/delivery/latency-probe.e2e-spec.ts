import 'reflect-metadata';
import type { Socket } from 'node:net';
import type { LatencyProbe } from '../../../src/contract/index.js';
import { FEED_CHANNELS } from '../../../src/feed/channels.js';
import { startMemoryGateway } from '../../support/memory-gateway.js';
import { underlying } from '../../support/messages.js';
import { PlainClient } from '../../support/plain-client.js';
import { parsePrometheusText } from '../../support/prometheus-text.js';
import { SseClient } from '../../support/sse-client.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { JWT_SECRET } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

const PROBED = { auth: { latency_probe: true } };

type World = Awaited<ReturnType<typeof startMemoryGateway>>;

let number = 0;

/** Publishes updates, of which a probe follows one in 1,000 on average. */
function publish({ ports }: World, count = 500): void {
  for (let left = count; left > 0; left--)
    ports.feed.publish(FEED_CHANNELS[0]!, JSON.stringify(underlying('NIFTY', ++number)));
}

/** Publishes updates until something has happened. */
async function publishUntil(world: World, happened: () => boolean): Promise<void> {
  await waitFor(
    () => {
      if (happened()) return true;
      publish(world, 100);
      return false;
    },
    'no probes came',
    60_000,
  );
}

async function metrics({ url }: World) {
  const samples = parsePrometheusText(
    await (await fetch(`${url}/metrics`, { headers: { accept: 'text/plain' } })).text(),
  );
  const of = (name: string) => samples.get(`socket_gateway_${name}`) ?? 0;
  return {
    probes: of('latency_probes_total'),
    answered: of('latency_echoes_total{result="answered"}'),
    duplicate: of('latency_echoes_total{result="duplicate"}'),
    unknown: of('latency_echoes_total{result="unknown"}'),
    malformed: of('latency_echoes_total{result="malformed"}'),
    measured:
      of('client_round_trip_seconds_count{transport="websocket"}') +
      of('client_round_trip_seconds_count{transport="polling"}'),
    seconds: of('client_round_trip_seconds_sum{transport="websocket"}'),
    echoes: of('client_messages_total{event="latency_echo"}'),
  };
}

const probesOf = (client: TestClient) => client.all('latency_probe');

/** Has a client answer each probe, `times` times. */
function answer({ socket }: TestClient, times = 1): void {
  socket.on('latency_probe', ({ id }: LatencyProbe) => {
    for (let left = times; left > 0; left--) socket.emit('latency_echo', { id });
  });
}

it('reaches the clients that asked for it over every transport, and measures their answers', async () => {
  // With tokens, a plain WebSocket may have its options in its first message.
  const world = await startMemoryGateway({ AUTH_MODE: 'optional', JWT_SECRET, SECRET_KEY: JWT_SECRET });
  const clients = await Promise.all(
    Object.values(TRANSPORTS).map((options) => TestClient.connect(world.url, { ...options, ...PROBED })),
  );
  const others = await Promise.all([
    TestClient.connect(world.url),
    TestClient.connect(world.url, { ...TRANSPORTS.websocket, auth: { latency_probe: 'yes' } }),
  ]);
  const stream = await SseClient.open(world.url, 'rooms=general&latency_probe=true');
  for (const client of clients) answer(client);
  await publishUntil(world, () => clients.every((client) => probesOf(client).length > 0));
  let said = await metrics(world);
  await waitFor(async () => {
    said = await metrics(world);
    return said.probes === said.answered && said.probes === clients.flatMap(probesOf).length;
  });
  const { probes, measured, echoes, unknown, malformed } = said;
  expect([measured, echoes, unknown, malformed]).toEqual([probes, probes, 0, 0]);
  const ids = clients.flatMap(probesOf).map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id, sent_at } of clients.flatMap(probesOf)) {
    expect(id).toMatch(/^[\w-]{12}$/);
    expect(sent_at).toBeLessThanOrEqual(Date.now() / 1_000);
  }
  for (const other of others) expect(probesOf(other)).toEqual([]);
  expect(stream.all('latency_probe')).toEqual([]);
  for (const client of [...clients, ...others]) client.close();
  stream.close();
});

it('is asked for in the address of a plain WebSocket', async () => {
  const world = await startMemoryGateway();
  const client = await PlainClient.open(`${world.url}/ws?latency_probe=true`);
  const isProbed = () => client.texts.some((text) => text.startsWith('{"event":"latency_probe"'));
  await publishUntil(world, isProbed);
  const { data } = await client.next('latency_probe');
  client.send({ event: 'latency_echo', data: { id: (data as LatencyProbe).id } });
  await waitFor(async () => (await metrics(world)).answered === 1);
});

it('comes behind the data that waits for the client, so that its time counts', async () => {
  const world = await startMemoryGateway();
  const client = await TestClient.connect(world.url, { ...TRANSPORTS.websocket, ...PROBED });
  answer(client);
  const { ws } = client.socket.io.engine.transport as unknown as { ws: { _socket: Socket } };
  ws._socket.pause();
  let sent = 0;
  await waitFor(
    async () => {
      publish(world, 100);
      sent = (await metrics(world)).probes;
      return sent > 0;
    },
    'no probe was sent',
    60_000,
  );
  const heldMs = 300;
  await new Promise((resolve) => setTimeout(resolve, heldMs));
  expect(probesOf(client)).toEqual([]);
  ws._socket.resume();
  await waitFor(async () => (await metrics(world)).answered > 0);
  expect((await metrics(world)).seconds).toBeGreaterThanOrEqual(heldMs / 1_000);
  // What was published before the probe came before it.
  const events = client.received.map(({ event }) => event);
  const before = events
    .slice(0, events.indexOf('latency_probe'))
    .filter((event) => event === 'underlying_update');
  expect(before.length).toBeGreaterThan(0);
  client.close();
});

it('costs the client nothing of its limits', async () => {
  const world = await startMemoryGateway({ EVENT_BURST: '1', EVENTS_PER_SECOND: '1' });
  const client = await TestClient.connect(world.url, { ...TRANSPORTS.websocket, ...PROBED });
  const answers: unknown[] = [];
  client.socket.on('latency_probe', ({ id }: LatencyProbe) => {
    client.socket.emit('latency_echo', { id });
    void client.ask('list_subscriptions').then((reply) => answers.push(reply));
  });
  await publishUntil(world, () => answers.length > 0);
  expect(answers[0]).toEqual({ ok: true, rooms: ['general'] });
  expect(client.all('error')).toEqual([]);
  client.close();
});

describe('a hostile client', () => {
  it('does not change what is measured by answers that are repeated, forged or malformed', async () => {
    const world = await startMemoryGateway();
    const [victim, hostile] = await Promise.all(
      [1, 2].map(() => TestClient.connect(world.url, { ...TRANSPORTS.websocket, ...PROBED })),
    );
    const bystander = await TestClient.connect(world.url);
    answer(victim!, 3);
    const stolen: string[] = [];
    victim!.socket.on('latency_probe', ({ id }: LatencyProbe) => {
      for (const thief of [hostile!, bystander]) thief.socket.emit('latency_echo', { id });
      stolen.push(id);
    });
    hostile!.contract.sendsInvalid = true;
    const malformed = [undefined, null, 7, 'text', [], {}, { id: 7 }, { id: null }, { id: { length: 1 } }];
    for (const payload of malformed) hostile!.socket.emit('latency_echo', payload);
    for (let guess = 0; guess < 50; guess++) hostile!.socket.emit('latency_echo', { id: `guess-${guess}` });
    await publishUntil(world, () => stolen.length > 1);
    let said = await metrics(world);
    await waitFor(async () => {
      said = await metrics(world);
      return said.unknown === 50 + 2 * stolen.length && said.duplicate === 2 * stolen.length;
    });
    // Each answer of the victim counts once, also if another client sends it.
    const times = said.answered;
    expect(times).toBeGreaterThan(1);
    expect(said).toMatchObject({
      answered: times,
      measured: times,
      duplicate: 2 * times,
      unknown: 50 + 2 * times,
      malformed: malformed.length,
    });
    for (const client of [victim!, hostile!, bystander]) {
      expect(client.all('error')).toEqual([]);
      expect(client.socket.connected).toBe(true);
      client.close();
    }
  });

  it('is limited like with every message if it floods, and others get their probes', async () => {
    const world = await startMemoryGateway({ EVENT_BURST: '50', EVENTS_PER_SECOND: '10' });
    const honest = await TestClient.connect(world.url, { ...TRANSPORTS.websocket, ...PROBED });
    answer(honest);
    const hostile = await TestClient.connect(world.url, {
      ...TRANSPORTS.websocket,
      ...PROBED,
      reconnection: false,
    });
    for (let count = 0; count < 500; count++) hostile.socket.emit('latency_echo', { id: `guess-${count}` });
    await waitFor(() => hostile.disconnects.length > 0);
    expect(hostile.all('closing')).toMatchObject([{ code: 'RATE_LIMITED' }]);
    await publishUntil(world, () => probesOf(honest).length > 0);
    await waitFor(async () => (await metrics(world)).answered > 0);
    expect(honest.all('error')).toEqual([]);
    honest.close();
  });

  it('has one probe at a time if it never answers', async () => {
    const world = await startMemoryGateway();
    const silent = await TestClient.connect(world.url, { ...TRANSPORTS.websocket, ...PROBED });
    const witness = await TestClient.connect(world.url, { ...TRANSPORTS.websocket, ...PROBED });
    answer(witness);
    await publishUntil(world, () => probesOf(silent).length > 0);
    const before = probesOf(witness).length;
    await publishUntil(world, () => probesOf(witness).length > before + 3);
    expect(probesOf(silent)).toHaveLength(1);
    for (const client of [silent, witness]) client.close();
  });
});
