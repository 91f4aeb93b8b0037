import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { GatewayProcess } from '../../support/gateway-process.js';
import { RawHttp } from '../../support/raw-http.js';
import { RawWebSocket } from '../../support/raw-websocket.js';
import { RedisServer } from '../../support/redis-server.js';
import { waitFor } from '../../support/wait.js';

let redis: RedisServer;
let gateway: GatewayProcess;

beforeAll(async () => {
  redis = await RedisServer.start();
  gateway = await GatewayProcess.start({ REDIS_URL: redis.url, ADMIN_PORT: '0' });
  await gateway.ready();
});

afterAll(async () => {
  await gateway?.stop();
  await redis?.stop();
});

/** What Java's HttpClient and `curl --http2` add to each request. */
const H2C = [
  'Connection: Upgrade, HTTP2-Settings',
  'Upgrade: h2c',
  'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA',
];
const WEBSOCKET = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

const requestOf = (method: string, path: string, headers: readonly string[], body = ''): string =>
  [
    `${method} ${path} HTTP/1.1`,
    'Host: x',
    ...headers,
    ...(body === '' ? [] : [`Content-Length: ${body.length}`]),
    '',
    body,
  ].join('\r\n');

/** Sends a request, and waits until what came back has `end` in it. */
async function answerTo(raw: RawHttp, request: string, end: string): Promise<string> {
  raw.answer = '';
  raw.tcp.write(request);
  await waitFor(
    () => raw.answer.includes(end) || raw.closed,
    () => `it was answered ${JSON.stringify(raw.answer)}`,
  );
  return raw.answer;
}

const SESSION = /"sid":"([^"]+)"/;
const POLLING = '/socket.io/?EIO=4&transport=polling';
const EIO4 = '/socket.io/?EIO=4&transport=websocket';

async function openPolling(): Promise<string> {
  return SESSION.exec(await (await fetch(gateway.url + POLLING)).text())![1]!;
}

describe('a request that offers an upgrade to another protocol than WebSocket', () => {
  it.each(['h2c', 'TLS/1.0', 'h2c, websocket', 'anything'])(
    'is served as plain HTTP/1.1, on both ports: Upgrade: %s',
    async (protocol) => {
      const headers = ['Connection: Upgrade', `Upgrade: ${protocol}`];
      for (const url of [gateway.url, gateway.adminUrl]) {
        const raw = await RawHttp.connect(url);
        const answer = await answerTo(raw, requestOf('GET', '/health', headers), '}');
        expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
        expect(answer).toContain('"status":"healthy"');
        // The connection stays, for requests and for upgrades that the gateway has.
        expect(await answerTo(raw, requestOf('GET', '/nothing', H2C), '}')).toMatch(/^HTTP\/1\.1 404 /);
        expect(raw.closed).toBe(false);
      }
    },
  );

  it('is served by curl --http2', async () => {
    for (const url of [gateway.url, gateway.adminUrl]) {
      const curl = promisify(execFile)('curl', [
        '-sS',
        '--http2',
        '-w',
        ' %{http_code}',
        `${url}/health/live`,
      ]);
      expect((await curl).stdout).toBe('{"status":"healthy","service":"socket-gateway"} 200');
    }
  });

  it('may be of a polling session, with a body, and the connection may become a WebSocket later', async () => {
    const raw = await RawHttp.connect(gateway.url);
    const handshake = await answerTo(raw, requestOf('GET', POLLING, H2C), '}');
    expect(handshake).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    const session = `${POLLING}&sid=${SESSION.exec(handshake)![1]}`;
    const text = 'Content-Type: text/plain';
    expect(await answerTo(raw, requestOf('POST', session, [...H2C, text], '40'), 'ok')).toMatch(
      /^HTTP\/1\.1 200 OK\r\n/,
    );
    expect(await answerTo(raw, requestOf('GET', session, H2C), '"connected"')).toContain('42["connected"');
    expect(await answerTo(raw, requestOf('GET', EIO4, WEBSOCKET), '"sid"')).toMatch(/^HTTP\/1\.1 101 /);
  });

  it('is no way to open a session by WebSocket', async () => {
    const answer = await RawHttp.exchange(gateway.url, requestOf('GET', EIO4, H2C));
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('a WebSocket that engine.io would not take', () => {
  const sessions: Readonly<Record<string, () => Promise<string>>> = {
    'of a new client': () => Promise.resolve(''),
    'of a session by polling': async () => `&sid=${await openPolling()}`,
    'of a session by WebSocket': async () => {
      const socket = await RawWebSocket.connect(gateway.url);
      const open = socket.texts().find((text) => text.startsWith('0'))!;
      return `&sid=${SESSION.exec(open)![1]}`;
    },
    'of a session that is being upgraded': async () => {
      const sid = await openPolling();
      const socket = await RawWebSocket.open(gateway.url, undefined, sid);
      expect(socket.head).toContain(' 101 ');
      socket.send('2probe');
      await waitFor(() => socket.texts().includes('3probe'));
      return `&sid=${sid}`;
    },
    'of an unknown session': () => Promise.resolve('&sid=unknown'),
  };

  it.each<[what: string, session: keyof typeof sessions, query: string, status: number, code: number]>([
    ['another protocol version', 'of a new client', 'EIO=3&transport=websocket', 400, 5],
    ['no protocol version', 'of a new client', 'transport=websocket', 400, 5],
    ['another transport', 'of a new client', 'EIO=4&transport=polling', 400, 3],
    ['an unknown transport', 'of a new client', 'EIO=4&transport=flashsocket', 400, 0],
    ['no transport', 'of a new client', 'EIO=4', 400, 0],
    ['another protocol version', 'of a session by polling', 'EIO=3&transport=websocket', 400, 5],
    ['another transport', 'of a session by polling', 'EIO=4&transport=polling', 400, 3],
    ['an unknown transport', 'of a session by polling', 'EIO=4&transport=flashsocket', 400, 0],
    ['a second upgrade', 'of a session by WebSocket', 'EIO=4&transport=websocket', 400, 3],
    ['a second upgrade', 'of a session that is being upgraded', 'EIO=4&transport=websocket', 400, 3],
    ['any query', 'of an unknown session', 'EIO=4&transport=websocket', 404, 1],
    ['another protocol version', 'of an unknown session', 'EIO=3&transport=websocket', 404, 1],
  ])('gets an HTTP answer before the upgrade: %s %s', async (_, session, query, status, code) => {
    const path = `/socket.io/?${query}${await sessions[session]!()}`;
    const answer = await RawHttp.exchange(gateway.url, requestOf('GET', path, WEBSOCKET));
    const [head, body] = answer.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(JSON.parse(body!)).toEqual({ code, message: expect.any(String) as string });
  });
});
