import { Browser } from '../../support/browser.js';
import { codeBlocks } from '../../support/code-blocks.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { chain, EXPIRY, timestampOf, underlying } from '../../support/messages.js';
import { Nginx } from '../../support/nginx.js';
import { OPTION_CHAIN, Platform, UNDERLYING } from '../../support/platform.js';
import { RawHttp } from '../../support/raw-http.js';
import { RawWebSocket } from '../../support/raw-websocket.js';
import { RedisServer } from '../../support/redis-server.js';
import { askForStream, SseClient, type SseOptions } from '../../support/sse-client.js';
import { TestClient } from '../../support/test-client.js';
import { claims, epoch, hs256, JWT_SECRET } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

/* The suites of limits, delivery, workers and TLS have event streams too. These are the tests of what
   only event streams have. */

const GZIP: SseOptions = { headers: { 'Accept-Encoding': 'gzip' } };

let redis: RedisServer;
beforeAll(async () => void (redis = await RedisServer.start()));
afterAll(() => redis.stop());

describe('a gateway without authentication', () => {
  let gateway: GatewayProcess;
  let platform: Platform;
  beforeAll(async () => {
    gateway = await GatewayProcess.start({
      REDIS_URL: redis.url,
      PING_INTERVAL_MS: '300',
      CACHE_WRITE_INTERVAL_MS: '50',
      CORS_ORIGINS: 'https://app.example.com',
    });
    platform = new Platform(redis, gateway);
  });
  afterAll(() => gateway.stop());

  const open = (rooms: string, options?: SseOptions) =>
    SseClient.open(gateway.url, `rooms=${encodeURIComponent(rooms)}`, options);

  it('begins with the time to reconnect after, `connected`, and the subscriptions', async () => {
    const product = platform.product();
    await platform.underlying(product, 1);
    await platform.chain(product, 1);
    await platform.carried();
    const client = await open(`product:${product},chain:${product}:${EXPIRY},heartbeat,general`);
    const price = await client.next('underlying_update');
    await client.next('subscribed', 4);
    expect(client.retry).toBeGreaterThanOrEqual(1_000);
    expect(client.retry).toBeLessThanOrEqual(5_000);
    expect(client.events[0]).toMatchObject({ event: 'connected', data: { rooms: [], user: null } });
    expect(client.all('subscribed').map(({ data }) => data.room)).toEqual([
      'heartbeat',
      `chain:${product}:${EXPIRY}`,
      `product:${product}`,
      'general',
    ]);
    expect(price).toMatchObject({ data: { product, price: 1 }, id: expect.stringMatching(/^\d{16}$/) });
    await client.next('heartbeat');
    expect((await client.next('chain_update')).id).toBeUndefined();
  });

  it('has the headers that keep proxies from holding it back, and those of other responses', async () => {
    const { response } = await open('general', { headers: { Origin: 'https://app.example.com' } });
    expect(response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-store, no-transform',
      'x-accel-buffering': 'no',
      'access-control-allow-origin': 'https://app.example.com',
      'x-content-type-options': 'nosniff',
      connection: 'close',
      date: expect.any(String),
    });
    expect(response.headers).not.toHaveProperty('transfer-encoding');
  });

  it('serves HTTP/1.0, and a connection that had another request before', async () => {
    const raw = await RawHttp.connect(gateway.url);
    raw.tcp.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
    await waitFor(() => raw.answer.includes('"healthy"'));
    raw.tcp.write('GET /sse?rooms=general HTTP/1.0\r\n\r\n');
    await waitFor(() => raw.answer.includes('event: subscribed\n'));
    const head = raw.answer.slice(raw.answer.indexOf('HTTP/1.1 200 OK\r\nContent-Type: text/event'));
    expect(head).toMatch(/^(.+\r\n)+\r\nretry: \d+\n\nevent: connected\ndata: /);
  });

  it('sends comments while nothing else is sent, and keeps the client', async () => {
    const impatient = await GatewayProcess.start({
      REDIS_URL: redis.url,
      PING_INTERVAL_MS: '300',
      PING_TIMEOUT_MS: '300',
    });
    const client = await SseClient.open(impatient.url, 'rooms=heartbeat');
    await waitFor(() => client.comments >= 5, 'no comments');
    expect(client.closed).toBe(false);
    await impatient.stop();
  });

  it('notices that a client has gone', async () => {
    const rooms = async () => (await gateway.json('/metrics')).total_clients as number;
    const before = await rooms();
    const client = await open('general');
    await client.next('subscribed');
    expect(await rooms()).toBe(before + 1);
    client.close();
    await waitFor(async () => (await rooms()) === before);
  });

  it('closes the connection of a client that sends more', async () => {
    const raw = await RawHttp.connect(gateway.url);
    raw.tcp.write('GET /sse?rooms=general HTTP/1.1\r\nHost: x\r\n\r\n');
    await waitFor(() => raw.answer.includes('event: subscribed\n'));
    raw.tcp.write('GET /sse?rooms=general HTTP/1.1\r\nHost: x\r\n\r\n');
    await waitFor(() => raw.closed);
  });

  it('sends the same bytes of a payload as Socket.IO, plain and compressed', async () => {
    const product = platform.product();
    const streams = [await open(`chain:${product}`), await open(`chain:${product}`, GZIP)];
    expect(streams.map(({ response }) => response.headers['content-encoding'])).toEqual([undefined, 'gzip']);
    const socketIo = await RawWebSocket.connect(gateway.url);
    socketIo.send(`42${JSON.stringify(['subscribe', { type: 'chain', symbol: product }])}`);
    await waitFor(() => socketIo.events('subscribed').length === 1);
    for (const stream of streams) await stream.next('subscribed');
    const padding = '₹'.repeat(2_000);
    for (const n of [1, 2, 3]) await platform.publish(OPTION_CHAIN, { ...chain(product, n), padding });
    for (const stream of streams) await stream.next('chain_update', 3);
    await waitFor(() => socketIo.events('chain_update').length === 3);
    const payloads = socketIo.events('chain_update').map(({ json }) => json);
    for (const stream of streams)
      expect(stream.all('chain_update').map(({ text }) => text)).toEqual(payloads);
  });

  it('sends messages that were published over several lines as one, with the same values', async () => {
    const product = platform.product();
    const client = await open(`product:${product}`);
    const stock = await TestClient.connect(gateway.url);
    await client.next('subscribed');
    for (const [n, end] of ['\n', '\r', '\r\n'].entries()) {
      const text = JSON.stringify({ ...underlying(product, n), note: 'a\nb' }, undefined, 1);
      await platform.publish(UNDERLYING, text.replaceAll('\n', end));
    }
    await client.next('underlying_update', 3);
    await platform.carried(stock);
    const received = stock.all('underlying_update').filter((update) => update.product === product);
    expect(client.all('underlying_update').map(({ data }) => data)).toEqual(received);
    stock.close();
  });

  it('resumes one product without a gap or a duplicate', async () => {
    const product = platform.product();
    const first = await open(`product:${product}`);
    await first.next('subscribed');
    for (const n of [1, 2]) await platform.underlying(product, n);
    await first.next('underlying_update', 2);
    first.close();
    for (const n of [3, 4]) await platform.underlying(product, n);
    await platform.carried();
    const again = await open(`product:${product}`, { headers: { 'Last-Event-ID': first.lastEventId } });
    expect((await again.next('subscribed')).data).toMatchObject({ recovered: true, replayed: 2 });
    await platform.underlying(product, 5);
    await again.next('underlying_update', 3);
    expect(again.all('underlying_update').map(({ data }) => data.price)).toEqual([3, 4, 5]);
    // A query does the same, for clients that cannot set the header.
    const query = `rooms=product:${encodeURIComponent(product)}&lastEventId=${first.lastEventId}`;
    const other = await SseClient.open(gateway.url, query);
    await other.next('underlying_update', 3);
    expect(other.all('underlying_update').map(({ data }) => data.price)).toEqual([3, 4, 5]);
  });

  it('resumes several products without a gap, and repeats at most the last two seconds', async () => {
    const products = [platform.product(), platform.product()];
    const rooms = products.map((product) => `product:${product}`).join();
    const at = (product: string, n: number, ms: number) => {
      const timestamp = new Date(Date.parse(`${timestampOf(0)}Z`) + ms).toISOString();
      return platform.publish(UNDERLYING, { ...underlying(product, n), timestamp });
    };
    const [one, other] = products as [string, string];
    const first = await open(rooms);
    await first.next('subscribed', 2);
    await at(one, 1, 0);
    await at(other, 1, 1_000);
    await at(one, 2, 5_000);
    await at(other, 2, 5_100);
    await first.next('underlying_update', 4);
    first.close();
    // Published later, although its time is earlier than the id of the client.
    await at(one, 3, 5_050);
    await at(other, 3, 6_000);
    await platform.carried();
    const again = await open(rooms, { headers: { 'Last-Event-ID': first.lastEventId } });
    await again.next('underlying_update', 4);
    const pricesOf = (product: string) =>
      again
        .all('underlying_update')
        .flatMap(({ data }) => (data.product === product ? [data.price as number] : []));
    expect(again.all('subscribed').map(({ data }) => data.recovered)).toEqual([true, true]);
    expect([pricesOf(one), pricesOf(other)]).toEqual([
      [2, 3],
      [2, 3],
    ]);
  });

  it.each(['', 'x', '-1', '99999999999999999999'])('ignores the id %j', async (id) => {
    const client = await open('heartbeat', { headers: { 'Last-Event-ID': id } });
    await client.next('subscribed');
  });

  it.each<[string, string, Record<string, string>, object]>([
    ['no rooms', '/sse', {}, { field: 'rooms' }],
    ['an empty list', '/sse?rooms=', {}, { field: 'rooms' }],
    ['a name that is no room', '/sse?rooms=product:NIFTY,x', {}, { field: 'rooms' }],
    ['a date that does not exist', '/sse?rooms=chain:NIFTY:2026-02-30', {}, { field: 'rooms' }],
    ['a body', '/sse?rooms=general', { 'Content-Length': '0010' }, { field: 'body' }],
  ])('refuses %s before the stream begins', async (_, path, headers, detail) => {
    const {
      status,
      headers: answered,
      body,
    } = await askForStream(gateway.url + path, {
      headers: { Origin: 'https://app.example.com', ...headers },
    });
    expect([status, answered['access-control-allow-origin']]).toEqual([400, 'https://app.example.com']);
    expect(JSON.parse(body)).toMatchObject({
      statusCode: 400,
      code: 'INVALID_PAYLOAD',
      details: [{ ...detail, problem: expect.stringContaining('must') }],
    });
  });

  it.each(['POST', 'PUT', 'DELETE', 'HEAD'])('answers %s with 405', async (method) => {
    const { status, headers } = await askForStream(`${gateway.url}/sse?rooms=general`, { method });
    expect([status, headers.allow]).toEqual([405, 'GET, OPTIONS']);
  });

  it('lets pages of other origins ask first', async () => {
    const { status, headers } = await askForStream(`${gateway.url}/sse`, {
      method: 'OPTIONS',
      headers: {
        Origin: 'https://app.example.com',
        'Access-Control-Request-Method': 'GET',
        'Access-Control-Request-Headers': 'authorization',
      },
    });
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example.com',
      'access-control-allow-headers': 'authorization',
    });
  });

  it('is no transport on the path of Socket.IO, and has no other path', async () => {
    const answer = await fetch(`${gateway.url}/socket.io/?EIO=4&transport=sse`);
    expect([answer.status, await answer.json()]).toEqual([400, { code: 0, message: 'Transport unknown' }]);
    for (const path of ['/sses', '/sse/other']) expect((await fetch(gateway.url + path)).status).toBe(404);
  });
});

describe('a gateway that takes tokens', () => {
  const start = (AUTH_MODE: string) =>
    GatewayProcess.start({
      REDIS_URL: redis.url,
      AUTH_MODE,
      JWT_SECRET,
      SECRET_KEY: JWT_SECRET,
      ROLE_ROOMS: 'anonymous=product:AAPL; user=*',
      MAX_CONNECTIONS_PER_USER: '2',
    });
  let gateway: GatewayProcess;
  let optional: GatewayProcess;
  beforeAll(
    async () => void ([gateway, optional] = await Promise.all([start('required'), start('optional')])),
  );
  afterAll(() => Promise.all([gateway.stop(), optional.stop()]));

  const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

  it.each<[string, string | undefined, string]>([
    ['no token', undefined, 'AUTH_REQUIRED'],
    ['a wrong token', 'x', 'TOKEN_INVALID'],
    ['an empty token', '', 'TOKEN_INVALID'],
    ['an expired token', hs256(claims({ exp: epoch(-60) })), 'TOKEN_EXPIRED'],
  ])('refuses %s with 401, and ignores a token in the URL', async (_, token, code) => {
    const url = `${gateway.url}/sse?rooms=general&token=${hs256()}`;
    const { status, headers, body } = await askForStream(url, token === undefined ? {} : bearer(token));
    expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer']);
    expect(JSON.parse(body)).toEqual({ statusCode: 401, code, message: expect.any(String) });
  });

  it('refuses a user with too many connections with 429', async () => {
    const token = bearer(hs256(claims({ user_id: 7, sub: '7' })));
    const clients = [0, 1].map(() => SseClient.open(gateway.url, 'rooms=general', token));
    for (const client of await Promise.all(clients)) await client.next('connected');
    const { status, headers, body } = await askForStream(`${gateway.url}/sse?rooms=general`, token);
    expect(status).toBe(429);
    const { retry_after_ms, ...rest } = JSON.parse(body) as { retry_after_ms: number };
    expect(rest).toMatchObject({ statusCode: 429, code: 'TOO_MANY_CONNECTIONS' });
    expect(Number(headers['retry-after'])).toBe(Math.ceil(retry_after_ms / 1_000));
  });

  it('lets anonymous clients in if tokens are optional, and says which rooms they may not have', async () => {
    const client = await SseClient.open(optional.url, 'rooms=product:AAPL,chain:AAPL,general');
    expect((await client.next('connected')).data.user).toBeNull();
    await client.next('error', 2);
    expect(client.all('error').map(({ data }) => data.code)).toEqual(['FORBIDDEN', 'FORBIDDEN']);
    expect(client.all('subscribed').map(({ data }) => data.room)).toEqual(['product:AAPL']);
    const { status } = await askForStream(`${optional.url}/sse?rooms=general`, bearer('x'));
    expect(status).toBe(401);
  });
});

it('EventSource of a browser prints each price once through a proxy, also when its replica is killed', async () => {
  const env = { REDIS_URL: redis.url, CACHE_WRITE_INTERVAL_MS: '50' };
  const replicas = [await GatewayProcess.start(env), await GatewayProcess.start(env)];
  // Its defaults: it buffers, and speaks HTTP/1.0 to the replicas.
  const proxy = await Nginx.run(
    (port) => `events {}
      http {
        upstream replicas { ${replicas.map((replica) => `server 127.0.0.1:${replica.port};`).join(' ')} }
        server { listen 127.0.0.1:${port}; location / { proxy_pass http://replicas; } }
      }`,
    '/health/live',
  );
  const page = await (await Browser.launch()).open(`${proxy.url}/health/live`);
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  const example = codeBlocks(['docs/server-sent-events.md']).find(({ heading }) => heading === 'Browser')!;
  await page.evaluate(example.code.replace('http://localhost:8002', proxy.url));

  let n = 0;
  const publish = async (count: number): Promise<void> => {
    for (let more = 0; more < count; more++) {
      await redis.client.publish(UNDERLYING, JSON.stringify(underlying('NIFTY', ++n)));
    }
  };
  const prices = () => said.filter((text) => text.startsWith('NIFTY ')).map((text) => Number(text.slice(6)));
  const clientsOf = (replica: GatewayProcess) => replica.metric('socket_gateway_connections');
  const served = () => Promise.all(replicas.map(clientsOf));
  await waitFor(async () => (await served()).includes(1), 'it does not connect');
  await publish(3);
  await waitFor(() => prices().length === 3, 'the proxy holds prices back');

  const [first, second] = (await clientsOf(replicas[0]!)) === 1 ? replicas : replicas.toReversed();
  process.kill(first!.pid, 'SIGKILL');
  await publish(3);
  await waitFor(async () => (await clientsOf(second!)) === 1, 'it does not return', 30_000);
  await publish(3);
  await waitFor(() => prices().length >= 9);
  expect(prices()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(said).toContain('reconnecting');

  const closed = second!.stop();
  await waitFor(() => said.includes('closing DRAINING'), 'it is not told why');
  await closed;
});

it('TRANSPORTS without sse has no /sse', async () => {
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, TRANSPORTS: 'websocket' });
  for (const method of ['GET', 'POST']) {
    expect((await fetch(`${gateway.url}/sse?rooms=general`, { method })).status).toBe(404);
  }
  await gateway.stop();
});

it('TRANSPORTS with nothing else has only /sse, and the limits of subscriptions are the usual ones', async () => {
  const gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    TRANSPORTS: 'sse',
    MAX_SUBSCRIPTIONS: '5',
    MAX_UNKNOWN_SUBSCRIPTIONS: '2',
    ADMIN_PORT: '0',
  });
  const client = await SseClient.open(gateway.url, 'rooms=product:A,product:B,product:C');
  expect((await client.next('error')).data).toMatchObject({ code: 'TOO_MANY_SUBSCRIPTIONS' });
  const many = 'ABCDEF'.split('').map((name) => `product:${name}`);
  const { status, body } = await askForStream(`${gateway.url}/sse?rooms=${many.join()}`);
  expect([status, body]).toEqual([400, expect.stringContaining('must name at most 5 rooms')]);
  for (const transport of ['websocket', 'polling']) {
    expect((await fetch(`${gateway.url}/socket.io/?EIO=4&transport=${transport}`)).status).toBe(400);
  }
  expect((await fetch(`${gateway.url}/ws`)).status).toBe(404);
  expect((await fetch(`${gateway.adminUrl}/sse?rooms=general`)).status).toBe(404);
  await gateway.stop();
});
