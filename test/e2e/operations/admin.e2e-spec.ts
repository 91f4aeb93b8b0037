import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { cleanUp } from '../../support/cleanup.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { HANDSHAKES } from '../../support/handshake.js';
import { RawHttp } from '../../support/raw-http.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

const TOKEN = 'b7d0c6a1f4e94c0d-admin';
const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };
const BRIEF = { status: 'healthy', service: 'socket-gateway' };
const FULL = { ...BRIEF, clients: 0, info: expect.anything(), error: {}, details: expect.anything() };
const LIVE = { status: 200, body: BRIEF };
const METRICS = { status: 200, body: { total_clients: 0, rooms: {} } };
const NOT_FOUND = { status: 404, body: { statusCode: 404, message: 'Not Found' } };
const UNAUTHORIZED = { status: 401, body: { statusCode: 401, message: 'Unauthorized' } };

type Port = 'main' | 'admin';
type Sees = 'everything' | 'a summary, and no metrics' | 'a summary, and requires a token';

let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});

const start = (env: Record<string, string>) => GatewayProcess.start({ REDIS_URL: redis.url, ...env });

describe.each<{ settings: string[]; expected: [Port, withToken: boolean, Sees][] }>([
  {
    settings: [],
    expected: [
      ['main', false, 'everything'],
      ['main', true, 'everything'],
    ],
  },
  {
    settings: ['ADMIN_TOKEN'],
    expected: [
      ['main', false, 'a summary, and requires a token'],
      ['main', true, 'everything'],
    ],
  },
  {
    settings: ['ADMIN_PORT'],
    expected: [
      ['main', false, 'a summary, and no metrics'],
      ['main', true, 'a summary, and no metrics'],
      ['admin', false, 'everything'],
      ['admin', true, 'everything'],
    ],
  },
  {
    settings: ['ADMIN_PORT', 'ADMIN_TOKEN'],
    expected: [
      ['main', false, 'a summary, and no metrics'],
      ['main', true, 'a summary, and no metrics'],
      ['admin', false, 'a summary, and requires a token'],
      ['admin', true, 'everything'],
    ],
  },
])('with $settings set', ({ settings, expected }) => {
  let gateway: GatewayProcess;

  beforeAll(async () => {
    const values: Record<string, string> = { ADMIN_PORT: '0', ADMIN_TOKEN: TOKEN };
    gateway = await start(Object.fromEntries(settings.map((name) => [name, values[name]!])));
    await gateway.ready();
  });
  afterAll(() => gateway.stop());

  it.each(expected)('the %s port (token: %s) shows %s', async (port, withToken, sees) => {
    const url = port === 'main' ? gateway.url : gateway.adminUrl;
    // Clients can forge these headers, so they must not decide which port was used.
    const claims = { 'x-forwarded-port': '9000', 'x-forwarded-host': new URL(gateway.url).host };
    const headers = { ...claims, ...(withToken && AUTHORIZED) };
    const ask = async (path: string) => {
      const response = await fetch(url + path, { headers });
      return { status: response.status, body: await response.json() };
    };
    const all = sees === 'everything';
    for (const path of ['/health', '/health/ready']) {
      expect([path, await ask(path)]).toEqual([path, { status: 200, body: all ? FULL : BRIEF }]);
    }
    expect(await ask('/health/live')).toEqual(LIVE);
    const metrics = all ? METRICS : sees === 'a summary, and no metrics' ? NOT_FOUND : UNAUTHORIZED;
    for (const accept of ['application/json', 'text/plain']) {
      const response = await fetch(`${url}/metrics`, { headers: { ...headers, accept } });
      expect(response.status).toBe(metrics.status);
      expect(response.headers.get('www-authenticate')).toBe(metrics.status === 401 ? 'Bearer' : null);
      const text = await response.text();
      if (!all) expect(JSON.parse(text)).toEqual(metrics.body);
      else if (accept === 'text/plain') expect(text).toContain('socket_gateway_connections 0');
      else expect(JSON.parse(text)).toEqual(metrics.body);
    }
    expect((await fetch(`${url}/metrics`, { method: 'HEAD', headers })).status).toBe(metrics.status);
  });

  it('accepts clients only on its main port', async () => {
    const client = await TestClient.connect(gateway.url);
    await client.settled();
    client.close();
    await waitFor(async () => {
      const url = settings.includes('ADMIN_PORT') ? gateway.adminUrl : gateway.url;
      const response = await fetch(`${url}/metrics`, { headers: AUTHORIZED });
      return ((await response.json()) as { total_clients: number }).total_clients === 0;
    });
    if (!settings.includes('ADMIN_PORT')) return;
    for (const handshake of Object.values(HANDSHAKES)) {
      expect(await handshake(gateway.adminUrl)).toMatchObject({
        status: 404,
        body: JSON.stringify(NOT_FOUND.body),
      });
    }
    expect((await fetch(`${gateway.adminUrl}/socket.io/socket.io.js`)).status).toBe(404);
  });

  it('tells only authorized callers why it is not ready, and all others that it is not', async () => {
    const full = await start({
      ...Object.fromEntries(settings.map((name) => [name, name === 'ADMIN_PORT' ? '0' : TOKEN])),
      MAX_CONNECTIONS: '1',
    });
    await full.ready();
    await TestClient.connect(full.url);
    for (const [port, withToken, sees] of expected) {
      const response = await fetch(`${port === 'main' ? full.url : full.adminUrl}/health/ready`, {
        headers: withToken ? AUTHORIZED : {},
      });
      expect(response.status).toBe(503);
      const body: unknown = await response.json();
      if (sees === 'everything') expect(body).toMatchObject({ error: { capacity: { clients: 1 } } });
      else expect(body).toStrictEqual({ status: 'unhealthy', service: 'socket-gateway' });
    }
    await full.stop();
  });
});

it('logs how many tokens it rejected, and never a token itself', async () => {
  const gateway = await start({ ADMIN_TOKEN: TOKEN, LOG_LEVEL: 'trace' });
  for (const token of ['guess-one', TOKEN.slice(1)]) {
    await gateway.get('/metrics', { authorization: `Bearer ${token}` });
  }
  await waitFor(() => gateway.logged('admin_token_refused'));
  await gateway.stop();
  expect(gateway.logged('admin_token_refused')).toMatchObject({ level: 40 });
  expect(JSON.stringify(gateway.logs)).not.toMatch(/guess-one|b7d0c6a1|7d0c6a1f/);
});

it('lets no page of another origin read responses of the admin port', async () => {
  const gateway = await start({ ADMIN_PORT: '0', CORS_ORIGINS: '*' });
  const allowed = async (url: string, method = 'GET'): Promise<string | null> => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'GET' };
    return (await fetch(url, { method, headers })).headers.get('access-control-allow-origin');
  };
  for (const method of ['GET', 'OPTIONS']) {
    expect(await allowed(`${gateway.adminUrl}/metrics`, method)).toBeNull();
    expect(await allowed(`${gateway.url}/health`, method)).toBe('*');
  }
  await gateway.stop();
});

it('rejects requests to the admin port under a host name that an attacker controls', async () => {
  const gateway = await start({ ADMIN_PORT: '0', ADMIN_HOSTS: 'gateway.example.com' });
  await gateway.ready();
  const { port } = new URL(gateway.adminUrl);
  const ask = (path: string, host: string) =>
    RawHttp.exchange(gateway.adminUrl, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  for (const path of ['/metrics', '/health', '/health/ready', '/health/live', '/nothing']) {
    const answer = await ask(path, `evil.example:${port}`);
    expect(answer).toMatch(/^HTTP\/1\.1 421 /);
    expect(answer.split('\r\n\r\n')[1]).toContain('{"statusCode":421,"message":"Misdirected Request"}');
  }
  const hosts = [`127.0.0.1:${port}`, `[::1]:${port}`, 'localhost', 'gateway', 'gateway-admin.ns.svc:80'];
  for (const host of [...hosts, 'gateway.example.com']) {
    expect(await ask('/metrics', host)).toMatch(/^HTTP\/1\.1 200 /);
  }
  expect(await RawHttp.exchange(gateway.adminUrl, 'GET /health/ready HTTP/1.0\r\n\r\n')).toMatch(
    /^HTTP\/1\.1 200 /,
  );
  // The main port is public under any name.
  expect(
    await RawHttp.exchange(
      gateway.url,
      'GET /health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
    ),
  ).toMatch(/^HTTP\/1\.1 200 /);
  await gateway.stop();
});

it('reports the drain to probes on the admin port, and closes that port when it ends', async () => {
  const gateway = await start({ ADMIN_PORT: '0', DRAIN_TIMEOUT_MS: '600000' });
  await gateway.ready();
  const clients = [await TestClient.connect(gateway.url), await TestClient.connect(gateway.url)];
  process.kill(gateway.pid, 'SIGTERM');
  await waitFor(async () => {
    const response = await fetch(`${gateway.adminUrl}/health/ready`);
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    return response.status === 503 && JSON.stringify(error).includes('draining');
  });
  expect((await fetch(`${gateway.adminUrl}/metrics`)).status).toBe(200);
  for (const client of clients) client.close();
  expect(await gateway.exit()).toBe(0);
});

describe('a start that cannot succeed', () => {
  const sentence = async (env: Record<string, string>): Promise<string> => {
    const gateway = GatewayProcess.spawn({ REDIS_URL: redis.url, ...env });
    expect(await gateway.exit()).toBe(1);
    await waitFor(() => gateway.stderr.endsWith('\n'));
    return gateway.stderr;
  };

  it('ADMIN_PORT that is in use', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanUp(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expect(await sentence({ ADMIN_PORT: `${port}` })).toBe(
      `socket-gateway cannot start: ADMIN_PORT is "${port}", but that port is in use.\n`,
    );
  });

  it.each([
    [{ PORT: '9123', ADMIN_PORT: '9123' }, 'ADMIN_PORT is "9123", but must differ from PORT.'],
    [{ ADMIN_TOKEN: 'short' }, 'ADMIN_TOKEN is "***", but must be at least 16 letters, digits or signs'],
    [{ ADMIN_TOKEN: `${TOKEN}\n` }, 'ADMIN_TOKEN is "***", but must be'],
  ])('%j', async (env, says) => {
    expect(await sentence(env)).toContain(`socket-gateway cannot start: ${says}`);
  });
});

describe('ADMIN_HOST', () => {
  it('binds the admin port to an interface of its own, and leaves the main port on HOST', async () => {
    const gateway = await start({ HOST: '127.0.0.1', ADMIN_PORT: '0', ADMIN_HOST: '127.0.0.2' });
    const { port, host } = gateway.logs.find(({ msg }) => msg === 'admin_listening')!;
    expect(host).toBe('127.0.0.2');
    const live = (address: string) => fetch(`http://${address}:${String(port)}/health/live`);
    expect((await live('127.0.0.2')).status).toBe(200);
    await expect(live('127.0.0.1')).rejects.toThrow('fetch failed');
    expect((await gateway.get('/health/live')).status).toBe(200);
  });

  it('is named by the error if the machine has no such address', async () => {
    const gateway = GatewayProcess.spawn({ REDIS_URL: redis.url, ADMIN_PORT: '0', ADMIN_HOST: '192.0.2.1' });
    await waitFor(() => gateway.exitCode !== null);
    expect(gateway.stderr).toContain('ADMIN_HOST is "192.0.2.1", but must be an address of this machine');
  });
});
