import type { ClientOptions } from 'ws';
import { CLOSINGS } from '../../../src/contract/index.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { upgrade } from '../../support/handshake.js';
import { PlainClient } from '../../support/plain-client.js';
import { OPTION_CHAIN, Platform } from '../../support/platform.js';
import { chain } from '../../support/messages.js';
import { RawWebSocket } from '../../support/raw-websocket.js';
import { RedisServer } from '../../support/redis-server.js';
import { claims, epoch, hs256, JWT_SECRET } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

/* The suites of the contract, of delivery, limits, drain and tokens run over plain WebSockets too.
   These are the tests of what only plain WebSockets have. */

let redis: RedisServer;
beforeAll(async () => void (redis = await RedisServer.start()));
afterAll(() => redis.stop());

describe('a gateway without authentication', () => {
  let gateway: GatewayProcess;
  let platform: Platform;
  beforeAll(async () => {
    gateway = await GatewayProcess.start({ REDIS_URL: redis.url, PING_INTERVAL_MS: '300' });
    platform = new Platform(redis, gateway);
  });
  afterAll(() => gateway.stop());

  const open = (query = '', ...rest: [string[]?, ClientOptions?]) =>
    PlainClient.open(`${gateway.url}/ws${query}`, ...rest);

  it('connects a client that sends nothing, and pings it', async () => {
    const client = await open();
    const { data } = await client.next('connected');
    expect(data).toMatchObject({ rooms: ['general'], user: null, client_id: expect.any(String) });
    await waitFor(() => client.pings >= 3, 'no pings');
    expect(client.closed).toBeUndefined();
  });

  it('closes a client that answers no pings', async () => {
    const quick = await GatewayProcess.start({
      REDIS_URL: redis.url,
      PING_INTERVAL_MS: '100',
      PING_TIMEOUT_MS: '300',
    });
    const client = await PlainClient.open(`${quick.url}/ws`, [], { autoPong: false });
    await waitFor(() => client.closed !== undefined, 'it was not closed');
    await waitFor(async () => (await quick.metric('socket_gateway_connections')) === 0);
    await quick.stop();
  });

  it('handles what a client sends before it is connected, in order', async () => {
    const client = await open();
    for (let id = 0; id < 5; id++) client.send({ event: 'list_subscriptions', id });
    await waitFor(() => client.messages.filter(({ event }) => event === 'ack').length === 5);
    expect(client.messages[0]!.event).toBe('connected');
    expect(client.messages.flatMap(({ id }) => id ?? [])).toEqual([0, 1, 2, 3, 4]);
    expect(client.messages.at(-1)).toEqual({ event: 'ack', id: 4, data: { ok: true, rooms: ['general'] } });
  });

  it('ignores a token', async () => {
    const client = await open('', ['deltastream.v1', 'bearer.x']);
    client.send({ event: 'auth', data: { token: 'x' } });
    client.send({ event: 'list_subscriptions', id: 1 });
    await client.next('ack');
    expect(client.messages.map(({ event }) => event).filter((event) => event !== 'market_status')).toEqual([
      'connected',
      'subscriptions',
      'ack',
    ]);
  });

  it.each([
    [['deltastream.v1'], 'deltastream.v1'],
    [['other', 'deltastream.v1', 'bearer.secret'], 'deltastream.v1'],
    [[], ''],
  ])('agrees on a subprotocol if %j are offered', async (offered, agreed) => {
    expect((await open('', offered)).socket.protocol).toBe(agreed);
  });

  it('never repeats a token in the response', async () => {
    const { status, headers } = await upgrade(`${gateway.url}/ws`, {
      'Sec-WebSocket-Protocol': 'bearer.secret',
    });
    expect([status, headers['sec-websocket-protocol']]).toEqual([101, undefined]);
  });

  it('takes options in the query', async () => {
    const product = platform.product();
    const client = await open('?statuses=batch&token=x&sid=y&transport=polling&EIO=3');
    client.send({ event: 'subscribe', data: { type: 'product', symbol: product }, id: 1 });
    expect((await client.next('ack')).data).toMatchObject({ ok: true });
  });

  it.each<[string, string | Buffer, string, number | undefined]>([
    ['no JSON', '{', 'message', undefined],
    ['an empty text', '', 'message', undefined],
    ['a list', '["subscribe"]', 'message', undefined],
    ['null', 'null', 'message', undefined],
    ['binary data', Buffer.from('{}'), 'message', undefined],
    ['no event', '{"id":3}', 'event', 3],
    ['an event that is a number', '{"event":1,"id":3}', 'event', 3],
    ['an empty event', '{"event":"","id":3}', 'event', 3],
    ['an event of Socket.IO itself', '{"event":"disconnect","id":3}', 'event', 3],
    ['an id that is a text', '{"event":"get_products","id":"1"}', 'id', undefined],
    ['an id that is too large', '{"event":"get_products","id":1e300}', 'id', undefined],
    ['an id with a fraction', '{"event":"get_products","id":0.5}', 'id', undefined],
    [
      'deep nesting',
      `{"event":"subscribe","id":3,"data":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
      'data',
      3,
    ],
  ])('answers %s with an error, and goes on', async (_, input, field, id) => {
    const client = await open();
    client.socket.send(input);
    client.send({ event: 'list_subscriptions', id: 9 });
    await waitFor(() => client.messages.some((message) => message.id === 9));
    const error = client.messages.find(({ event }) => event === 'error')?.data;
    expect(error).toMatchObject({ code: 'INVALID_PAYLOAD', event: '', details: [{ field }] });
    expect(error.message).toContain('Send one as');
    const refusal = client.messages.find((message) => message.event === 'ack' && message.id === 3);
    expect(refusal?.data).toEqual(id === undefined ? undefined : { ok: false, error });
    expect(client.closed).toBeUndefined();
  });

  it('names the events if it knows none of this name', async () => {
    const client = await open();
    client.send({ event: 'nonsense', id: 1 });
    expect((await client.next('ack')).data.error).toMatchObject({ code: 'UNKNOWN_EVENT', event: 'nonsense' });
  });

  it('sends the same bytes of a payload as Socket.IO, plain and compressed', async () => {
    const product = platform.product();
    const request = { type: 'chain', symbol: product };
    const plain = [await open('', [], { perMessageDeflate: false }), await open()];
    const raw = [
      await RawWebSocket.connect(gateway.url),
      await RawWebSocket.connect(gateway.url, 'permessage-deflate'),
    ];
    expect(plain.map(({ socket }) => socket.extensions)).toEqual(['', 'permessage-deflate']);
    for (const client of plain) client.send({ event: 'subscribe', data: request });
    for (const client of raw) client.send(`42${JSON.stringify(['subscribe', request])}`);
    for (const client of plain) await client.next('subscribed');
    await waitFor(() => raw.every((client) => client.events('subscribed').length === 1));
    const padding = '₹'.repeat(2_000);
    for (const n of [1, 2, 3]) await platform.publish(OPTION_CHAIN, { ...chain(product, n), padding });
    const start = '{"event":"chain_update","data":';
    const ofPlain = (client: PlainClient) =>
      client.texts.filter((text) => text.startsWith(start)).map((text) => text.slice(start.length, -1));
    await waitFor(() => plain.every((client) => ofPlain(client).length === 3));
    await waitFor(() => raw.every((client) => client.events('chain_update').length === 3));
    const payloads = raw[0]!.events('chain_update').map(({ json }) => json);
    expect(payloads[0]).toContain(padding);
    for (const client of plain) expect(ofPlain(client)).toEqual(payloads);
    expect(raw[1]!.events('chain_update').map(({ json }) => json)).toEqual(payloads);
  });

  it.each<[string, Readonly<Record<string, string>>, string, number, unknown]>([
    ['no key', { 'Sec-WebSocket-Key': '' }, 'GET', 400, { code: 3, message: 'Bad request' }],
    ['another version', { 'Sec-WebSocket-Version': '7' }, 'GET', 400, { code: 3, message: 'Bad request' }],
    ['another method', {}, 'POST', 400, { code: 2, message: 'Bad handshake method' }],
  ])('rejects an upgrade with %s before it opens a WebSocket', async (_, headers, method, status, body) => {
    const response = await upgrade(`${gateway.url}/ws`, headers, method);
    expect([response.status, JSON.parse(response.body)]).toEqual([status, body]);
  });

  it('takes no other path, and no plain WebSocket on the path of Socket.IO', async () => {
    for (const path of ['/wss', '/ws/other', '/w']) {
      expect((await upgrade(`${gateway.url}${path}`)).status).toBe(404);
    }
    const { status, body } = await upgrade(`${gateway.url}/socket.io/?EIO=4&transport=plain-websocket`);
    expect([status, JSON.parse(body)]).toEqual([400, { code: 0, message: 'Transport unknown' }]);
  });

  it('says what is missing to a request that is no upgrade', async () => {
    const response = await fetch(`${gateway.url}/ws`);
    expect([response.status, response.headers.get('upgrade')]).toEqual([426, 'websocket']);
    expect(await response.json()).toMatchObject({
      statusCode: 426,
      message: expect.stringContaining('WebSocket'),
    });
  });
});

describe('a gateway that takes tokens', () => {
  const start = (AUTH_MODE: string) =>
    GatewayProcess.start({ REDIS_URL: redis.url, AUTH_MODE, JWT_SECRET, SECRET_KEY: JWT_SECRET });
  let gateway: GatewayProcess;
  let optional: GatewayProcess;
  beforeAll(
    async () => void ([gateway, optional] = await Promise.all([start('required'), start('optional')])),
  );
  afterAll(() => Promise.all([gateway.stop(), optional.stop()]));

  const user = { user_id: '42', role: 'user', expires_at: expect.any(Number) };

  it('takes a token in the list of subprotocols, in the header, and in the first message', async () => {
    const url = `${gateway.url}/ws`;
    const listed = await PlainClient.open(url, ['deltastream.v1', `bearer.${hs256()}`]);
    expect(listed.socket.protocol).toBe('deltastream.v1');
    const inHeader = await PlainClient.open(url, [], { headers: { Authorization: `Bearer ${hs256()}` } });
    const first = await PlainClient.open(url);
    first.send({ event: 'auth', data: { token: hs256() } });
    for (const client of [listed, inHeader, first]) {
      expect((await client.next('connected')).data.user).toEqual(user);
    }
  });

  it.each<[string, string[], object | undefined, string, number]>([
    [
      'a wrong token in the list of subprotocols',
      ['deltastream.v1', 'bearer.x'],
      undefined,
      'TOKEN_INVALID',
      1008,
    ],
    ['a wrong first token', [], { event: 'auth', data: { token: 'x' } }, 'TOKEN_INVALID', 1008],
    [
      'a token that is nested too deeply to be read',
      [],
      { event: 'auth', data: 'DEEP' },
      'TOKEN_INVALID',
      1008,
    ],
    ['a token that is not in an object', [], { event: 'auth', data: 'x' }, 'TOKEN_INVALID', 1008],
    [
      'an expired token',
      [],
      { event: 'auth', data: { token: hs256(claims({ exp: epoch(-60) })) } },
      'TOKEN_EXPIRED',
      CLOSINGS.TOKEN_EXPIRED.closeCode,
    ],
    ['a request instead of a token', [], { event: 'get_products', id: 1 }, 'AUTH_REQUIRED', 1008],
  ])('tells a client with %s why, and closes it', async (_, protocols, message, code, closeCode) => {
    const client = await PlainClient.open(`${gateway.url}/ws`, protocols);
    if (message) {
      client.send(JSON.stringify(message).replace('"DEEP"', `${'['.repeat(20_000)}${']'.repeat(20_000)}`));
    }
    const { data } = await client.next('connect_error');
    expect(data).toEqual({ code, message: expect.any(String) });
    await waitFor(() => client.closed !== undefined, 'it was not closed');
    expect(client.closed).toEqual({ code: closeCode, reason: code });
    expect(client.texts).toHaveLength(1);
  });

  it('takes the options of the query and of the first message together', async () => {
    const client = await PlainClient.open(`${gateway.url}/ws?general=off&token=x`);
    client.send({ event: 'auth', data: { token: hs256() } });
    expect((await client.next('connected')).data.rooms).toEqual([]);
  });

  it('continues the session of a client that sends another token', async () => {
    const client = await PlainClient.open(`${gateway.url}/ws`);
    client.send({ event: 'auth', data: { token: hs256(claims({ exp: epoch(100) })) } });
    await client.next('connected');
    client.send({ event: 'auth', data: { token: hs256(claims({ exp: epoch(900) })) }, id: 5 });
    const { data } = await client.next('ack');
    expect(data.expires_at - client.messages[0]!.data.user.expires_at).toBeGreaterThan(700);
  });

  it('lets the first message decide who the client is, if tokens are optional', async () => {
    const [anonymous, authenticated, wrong] = await Promise.all(
      [0, 1, 2].map(() => PlainClient.open(`${optional.url}/ws`)),
    );
    anonymous!.send({ event: 'list_subscriptions', id: 1 });
    authenticated!.send({ event: 'auth', data: { token: hs256() } });
    wrong!.send({ event: 'auth', data: { token: 'x' } });
    expect((await anonymous!.next('connected')).data.user).toBeNull();
    await anonymous!.next('ack');
    expect((await authenticated!.next('connected')).data.user).toEqual(user);
    await wrong!.next('connect_error');
  });

  it('closes a client that sends no token in time', async () => {
    const client = await PlainClient.open(`${gateway.url}/ws`);
    await waitFor(() => client.closed !== undefined, 'it was not closed', 30_000);
    expect(client.closed).toEqual({ code: 1008, reason: 'AUTH_REQUIRED' });
  });
});

describe('TRANSPORTS', () => {
  it('without plain-websocket has no /ws', async () => {
    const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, TRANSPORTS: 'websocket,polling' });
    expect((await upgrade(`${gateway.url}/ws`)).status).toBe(404);
    expect((await fetch(`${gateway.url}/ws`)).status).toBe(404);
    await gateway.stop();
  });

  it('with nothing else has only /ws', async () => {
    const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, TRANSPORTS: 'plain-websocket' });
    const client = await PlainClient.open(`${gateway.url}/ws`);
    await client.next('connected');
    for (const transport of ['websocket', 'polling']) {
      const { status } = await upgrade(`${gateway.url}/socket.io/?EIO=4&transport=${transport}`);
      expect(status).toBe(400);
    }
    await gateway.stop();
  });
});

it('a flood of pings or messages is closed with the documented code', async () => {
  const gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    EVENTS_PER_SECOND: '5',
    EVENT_BURST: '20',
  });
  for (const flood of [
    (client: PlainClient) => client.socket.ping(),
    (client: PlainClient) => client.send('nonsense'),
  ]) {
    const client = await PlainClient.open(`${gateway.url}/ws`);
    await client.next('connected');
    for (let n = 0; n < 100; n++) flood(client);
    expect((await client.next('closing')).data).toMatchObject({ code: 'RATE_LIMITED', reconnect: false });
    await waitFor(() => client.closed !== undefined, 'it was not closed');
    expect(client.closed).toEqual({ code: CLOSINGS.RATE_LIMITED.closeCode, reason: 'RATE_LIMITED' });
  }
  await gateway.stop();
});
