import type { ManagerOptions } from 'socket.io-client';
import { chain, underlying } from '../../support/messages.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { upgrade } from '../../support/handshake.js';
import { decode, encode } from '../../support/messagepack.js';
import { PlainClient } from '../../support/plain-client.js';
import { OPTION_CHAIN, Platform, UNDERLYING } from '../../support/platform.js';
import { RedisServer } from '../../support/redis-server.js';
import { openSocket } from '../../support/socket.js';
import { MESSAGEPACK, PLAIN, TestClient, TRANSPORTS, UNCOMPRESSED } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

/* The suites of the contract, of delivery, limits, drain and tokens run with MessagePack too. These
   are the tests of what only MessagePack has. */

const WAYS: Readonly<Record<string, Partial<ManagerOptions>>> = {
  websocket: { transports: ['websocket'], ...MESSAGEPACK },
  'websocket without compression': { ...UNCOMPRESSED, ...MESSAGEPACK },
  polling: { transports: ['polling'], ...MESSAGEPACK },
  'polling that upgrades': { transports: ['polling', 'websocket'], ...MESSAGEPACK },
};

let redis: RedisServer;
let gateway: GatewayProcess;
let platform: Platform;
beforeAll(async () => {
  redis = await RedisServer.start();
  gateway = await GatewayProcess.start({ REDIS_URL: redis.url });
  platform = new Platform(redis, gateway);
});
afterAll(async () => {
  await gateway.stop();
  await redis.stop();
});

it('clients of every encoding get equal values, whether compressed or not', async () => {
  const product = platform.product();
  const json = await TestClient.connect(gateway.url);
  const others = await Promise.all([
    TestClient.connect(gateway.url, PLAIN),
    TestClient.connect(gateway.url, TRANSPORTS['plain websocket with MessagePack']),
    ...Object.values(WAYS).map((options) => TestClient.connect(gateway.url, options)),
  ]);
  const clients = [json, ...others];
  for (const client of clients) {
    await client.ask('subscribe', { type: 'product', symbol: product });
    await client.ask('subscribe', { type: 'chain', symbol: product });
    client.clear();
  }
  const odd = {
    '₹"': ['\ud83d\ude00', null, true, -0.5, 1e21, 4_294_967_296, {}],
    padding: 'x'.repeat(5_000),
  };
  for (let n = 1; n <= 20; n++) {
    await platform.publish(UNDERLYING, { ...underlying(product, n), price: n + 0.25 });
    await platform.publish(OPTION_CHAIN, { ...chain(product, n), odd });
  }
  await Promise.all(clients.map((client) => client.next('chain_update', 20)));
  expect(json.all('chain_update')[0]).toMatchObject({ odd });
  for (const client of others) {
    for (const event of ['underlying_update', 'chain_update', 'chain_summary'] as const) {
      expect(client.all(event)).toEqual(json.all(event));
    }
  }
  for (const client of clients) client.close();
});

describe.each(Object.entries(WAYS))('over %s, a stock client with MessagePack', (_, options) => {
  it('is told that there is no such namespace', async () => {
    const socket = openSocket(`${gateway.url}/other`, options);
    const error = await new Promise<Error>((resolve) => socket.once('connect_error', resolve));
    expect(error.message).toBe('Invalid namespace');
  });

  it('is told what is wrong with a message, and stays connected', async () => {
    const client = await TestClient.connect(gateway.url, options);
    const { engine } = client.socket.io;
    client.contract.sendsInvalid = true;
    client.contract.sent('', []);
    const inputs: [string | Buffer, string, string][] = [
      [Buffer.from([0xc1]), 'message', 'MessagePack'],
      ['2["get_products"]', 'message', 'binary data'],
      [encode({ type: 2, nsp: '/', data: ['x'], id: 'one' }), 'id', 'whole number'],
      [encode({ type: 9, nsp: '/' }), 'message', 'packet of Socket.IO'],
      [encode({ type: 2, nsp: '/', data: [''] }), 'event', 'name of an event'],
    ];
    for (const [n, [input, field, problem]] of inputs.entries()) {
      engine.write(input);
      expect(await client.next('error', n + 1)).toMatchObject({
        code: 'INVALID_PAYLOAD',
        event: '',
        details: [{ field, problem: expect.stringContaining(problem) }],
      });
    }
    expect(await client.ask('list_subscriptions')).toMatchObject({ ok: true });
    expect(client.disconnects).toEqual([]);
    client.close();
  });
});

describe('limits', () => {
  let strict: GatewayProcess;
  beforeAll(
    async () =>
      void (strict = await GatewayProcess.start({
        REDIS_URL: redis.url,
        EVENTS_PER_SECOND: '1',
        EVENT_BURST: '10',
      })),
  );
  afterAll(() => strict.stop());

  it('count an event in MessagePack once', async () => {
    const client = await TestClient.connect(strict.url, WAYS.websocket);
    const answers = await Promise.all(
      Array.from({ length: 9 }, () => client.ask('list_subscriptions') as Promise<{ readonly ok: boolean }>),
    );
    expect(answers.map(({ ok }) => ok)).toEqual(Array.from({ length: 9 }, () => true));
    client.close();
  });

  it.each([
    ['pings', (client: TestClient) => pingsOf(client)],
    ['events', (client: TestClient) => void client.socket.emit('list_subscriptions')],
    ['acknowledgements', (client: TestClient) => void client.socket.io.engine.write(ACK)],
  ])('close a client that floods with %s, and tell it why', async (_, flood) => {
    const client = await TestClient.connect(strict.url, { ...WAYS.websocket, reconnection: true });
    for (let n = 0; n < 60; n++) flood(client);
    await waitFor(() => client.disconnects.length > 0, 'it was not closed');
    expect(client.all('closing')).toMatchObject([{ code: 'RATE_LIMITED', reconnect: false }]);
    expect(client.disconnects).toEqual(['io server disconnect']);
  });
});

const ACK = encode({ type: 3, nsp: '/', data: [], id: 1 });

function pingsOf({ socket }: TestClient): void {
  const { ws } = socket.io.engine.transport as unknown as { readonly ws: { ping(): void } };
  ws.ping();
}

describe('a plain WebSocket with MessagePack', () => {
  const open = async (protocols: string[]) => {
    const client = await PlainClient.open(`${gateway.url}/ws`, protocols);
    const messages: unknown[] = [];
    client.socket.on('message', (bytes: Buffer, isBinary) => messages.push(isBinary && decode(bytes)));
    return { ...client, socket: client.socket, messages };
  };

  it.each([
    [['deltastream.v1.msgpack'], 'deltastream.v1.msgpack'],
    [['deltastream.v1.msgpack', 'deltastream.v1'], 'deltastream.v1.msgpack'],
    [['deltastream.v1', 'deltastream.v1.msgpack'], 'deltastream.v1'],
    [['bearer.x', 'deltastream.v1.msgpack'], 'deltastream.v1.msgpack'],
  ])('agrees on a subprotocol if %j are offered', async (offered, agreed) => {
    expect((await open(offered)).socket.protocol).toBe(agreed);
  });

  it.each<[string, string | Buffer, string, number | undefined]>([
    ['text', '{"event":"get_products"}', 'message', undefined],
    ['no MessagePack', Buffer.from('c1', 'hex'), 'message', undefined],
    ['binary data', encode({ event: 'subscribe', data: Buffer.from('x'), id: 3 }), 'message', undefined],
    ['deep nesting', Buffer.alloc(50_000, 0x91), 'data', undefined],
    ['a list', encode(['subscribe']), 'message', undefined],
    ['no event', encode({ id: 3 }), 'event', 3],
    ['an id with a fraction', encode({ event: 'get_products', id: 0.5 }), 'id', undefined],
  ])('answers %s with an error, and goes on', async (_, input, field, id) => {
    const { socket, messages } = await open(['deltastream.v1.msgpack']);
    socket.send(input);
    socket.send(encode({ event: 'list_subscriptions', id: 9 }));
    const last = { event: 'ack', id: 9, data: { ok: true, rooms: ['general'] } };
    await waitFor(() => messages.length > 0 && (messages.at(-1) as { id?: number }).id === 9);
    expect(messages.at(-1)).toEqual(last);
    expect(messages).toContainEqual(
      expect.objectContaining({
        event: 'error',
        data: expect.objectContaining({
          code: 'INVALID_PAYLOAD',
          details: [expect.objectContaining({ field })],
        }),
      }),
    );
    const refused = messages.find((message) => (message as { id?: number }).id === 3);
    expect(refused === undefined).toBe(id === undefined);
  });
});

it('MESSAGEPACK=false closes stock clients with MessagePack, and agrees on JSON at /ws', async () => {
  const off = await GatewayProcess.start({ REDIS_URL: redis.url, MESSAGEPACK: 'false' });
  const socket = openSocket(off.url, WAYS.websocket);
  await new Promise((resolve) => socket.io.once('close', resolve));
  expect(socket.connected).toBe(false);
  const names = (...offered: string[]) => ({ 'Sec-WebSocket-Protocol': offered.join(', ') });
  const both = await upgrade(`${off.url}/ws`, names('deltastream.v1.msgpack', 'deltastream.v1'));
  expect(both.headers['sec-websocket-protocol']).toBe('deltastream.v1');
  const one = await upgrade(`${off.url}/ws`, names('deltastream.v1.msgpack'));
  expect(one.headers['sec-websocket-protocol']).toBeUndefined();
  const json = await TestClient.connect(off.url);
  json.close();
  await off.stop();
});
