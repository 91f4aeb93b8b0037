import { GatewayProcess } from '../../support/gateway-process.js';
import { RawHttp } from '../../support/raw-http.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

/** The timeouts of src/http/http-server.ts, plus the possible delay of Node's check. */
const HEADERS_MS = 10_000;
const REQUEST_MS = 30_000;
const LATE_MS = 6_000;

let redis: RedisServer;
let gateway: GatewayProcess;

beforeAll(async () => {
  redis = await RedisServer.start();
  // With these settings a poll waits longer than a request may take.
  gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    ADMIN_PORT: '0',
    PING_INTERVAL_MS: '60000',
    LOG_LEVEL: 'trace',
  });
});

it('closes only the connections of clients that send too slowly', async () => {
  const clients = await Promise.all(
    Object.values(TRANSPORTS).map((options) => TestClient.connect(gateway.url, options)),
  );
  const handshake = await (await gateway.get('/socket.io/?EIO=4&transport=polling')).text();
  const { sid } = JSON.parse(handshake.slice(1)) as { sid: string };
  // Joins the namespace, because a session that does not join is closed earlier for another reason.
  const session = `${gateway.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`;
  expect((await fetch(session, { method: 'POST', body: '40' })).status).toBe(200);
  const started = performance.now();
  const cutAfter: Record<string, number> = {};

  const hold = async (name: string, url: string, start: string, piece: string): Promise<RawHttp> => {
    const raw = await RawHttp.connect(url);
    raw.tcp.on('close', () => (cutAfter[name] = performance.now() - started));
    raw.tcp.write(start);
    if (piece !== '') raw.dribble(piece, 500);
    return raw;
  };
  const post = [
    `POST /socket.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1`,
    'Host: x',
    'Content-Type: text/plain',
    'Content-Length: 60000\r\n\r\n4',
  ].join('\r\n');
  const idle = 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n';
  const held = {
    silent: await hold('silent', gateway.url, '', ''),
    'silent, admin port': await hold('silent, admin port', gateway.adminUrl, '', ''),
    'request line': await hold('request line', gateway.url, 'GET /', 'x'),
    headers: await hold('headers', gateway.url, 'GET / HTTP/1.1\r\nHost: x\r\n', 'X-a: b\r\n'),
    'headers, admin port': await hold(
      'headers, admin port',
      gateway.adminUrl,
      'GET / HTTP/1.1\r\nHost: x\r\n',
      'X-a: b\r\n',
    ),
    'headers of a second request': await hold(
      'headers of a second request',
      gateway.url,
      `${idle}GET / HTTP/1.1\r\n`,
      'X-a: b\r\n',
    ),
    body: await hold('body', gateway.url, post, 'x'),
  };
  const keptAlive = await hold('kept alive', gateway.url, idle, '');

  await waitFor(() => Object.values(held).every(({ closed }) => closed), 'not all were cut', 50_000);
  for (const [name, ms] of Object.entries(cutAfter)) {
    const limit = name === 'body' ? REQUEST_MS : HEADERS_MS;
    expect([name, ms > limit - 1_000, ms < limit + LATE_MS]).toEqual([name, true, true]);
  }
  expect(held.headers.answer).toMatch(/^HTTP\/1\.1 408 /);

  expect(keptAlive.closed).toBe(false);
  for (const client of clients) {
    await client.settled();
    expect(client.disconnects).toEqual([]);
    client.close();
  }
  expect(gateway.exitCode).toBeNull();
  expect(gateway.stderr).toBe('');
}, 90_000);

describe('an invalid request', () => {
  const SECRET = 'Hunter2Marker';
  const request = (...lines: string[]) => [...lines, '', ''].join('\r\n');
  const close = ['Host: x', 'Connection: close'];

  it.each([
    ['an unknown path', request(`GET /${SECRET} HTTP/1.1`, ...close), 404],
    ['a path below /metrics', request(`GET /metrics/${SECRET} HTTP/1.1`, ...close), 404],
    ['an unknown method', request(`BREW /${SECRET} HTTP/1.1`, ...close), 400],
    ['another method of a path', request('DELETE /health HTTP/1.1', ...close), 404],
    ['bad percent-encoding', request(`GET /%zz${SECRET}%E0%A4%A HTTP/1.1`, ...close), 400],
    ['bad percent-encoding in a query', request(`GET /health/live?x=%zz${SECRET} HTTP/1.1`, ...close), 200],
    ['a null byte', request(`GET /%00${SECRET} HTTP/1.1`, ...close), 404],
    ['a whole URL', request(`GET http://${SECRET}/socket.io/ HTTP/1.1`, ...close), 404],
    ['a tunnel', request(`CONNECT ${SECRET}:443 HTTP/1.1`, ...close), undefined],
    [
      'an upgrade of another path',
      request(`GET /${SECRET} HTTP/1.1`, 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket'),
      undefined,
    ],
    ['another version', request(`GET /${SECRET} HTTP/3.7`, ...close), 400],
    ['no HTTP', `\x16\x03\x01\x02\x00${SECRET}\r\n\r\n`, 400],
    ['a header without a name', request(`GET / HTTP/1.1`, `: ${SECRET}`, ...close), 400],
    ['two lengths', request('POST / HTTP/1.1', 'Content-Length: 1', 'Content-Length: 2', ...close), 400],
    [
      'a length and chunks',
      request('POST / HTTP/1.1', 'Content-Length: 5', 'Transfer-Encoding: chunked', ...close),
      400,
    ],
    ['headers too large', request('GET / HTTP/1.1', `X-a: ${SECRET.repeat(2_000)}`, ...close), 431],
    ['a path too long', request(`GET /${SECRET.repeat(2_000)} HTTP/1.1`, ...close), 431],
    ['an unknown transport', request(`GET /socket.io/?EIO=4&transport=${SECRET} HTTP/1.1`, ...close), 400],
    [
      'a prototype as transport',
      request('GET /socket.io/?EIO=4&transport=__proto__ HTTP/1.1', ...close),
      400,
    ],
    [
      'bad percent-encoding for engine.io',
      request(`GET /socket.io/%zz?EIO=4&transport=%zz${SECRET} HTTP/1.1`, ...close),
      400,
    ],
  ])('%s is answered without repeating its content', async (_, text, status) => {
    const answer = await RawHttp.exchange(gateway.url, text);
    if (status !== undefined) expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).not.toMatch(/Hunter2Marker|hunter2marker|node_modules|\.[jt]s:\d|Error/);
    expect(answer.length).toBeLessThan(1_200);
    expect(JSON.stringify(gateway.logs)).not.toContain(SECRET);
    expect(gateway.exitCode).toBeNull();
  });
});

it('closes a client that does not read its response', async () => {
  const quick = await GatewayProcess.start({
    REDIS_URL: redis.url,
    PING_INTERVAL_MS: '1000',
    PING_TIMEOUT_MS: '6000',
  });
  const polling = await TestClient.connect(quick.url, TRANSPORTS.polling);
  const files = () => quick.metric('process_open_fds');
  const before = await files();
  for (let n = 0; n < 20; n++) {
    const { tcp } = await RawHttp.connect(quick.url);
    tcp.pause();
    tcp.write('GET /socket.io/socket.io.js.map HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20));
  }
  await waitFor(async () => (await files()) >= before + 20, 'they were not there');
  // Node checks twice whether the client has read anything
  await waitFor(async () => (await files()) < before + 10, 'they were not cut', 90_000);
  await polling.settled();
  expect(polling.disconnects).toEqual([]);
  await quick.stop();
}, 120_000);

it('keeps no file open for clients that request the library repeatedly, read nothing and disconnect', async () => {
  const files = () => gateway.metric('process_open_fds');
  const ask = async () => {
    const { tcp } = await RawHttp.connect(gateway.url);
    tcp.pause();
    tcp.write('GET /socket.io/socket.io.js.map HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20));
    return tcp;
  };
  const before = await files();
  for (const tcp of await Promise.all(Array.from({ length: 20 }, ask))) {
    await new Promise((resolve) => setTimeout(resolve, 50)); // some responses are written
    tcp.destroy();
  }
  await waitFor(async () => (await files()) < before + 10, 'files stay open', 10_000);
});
