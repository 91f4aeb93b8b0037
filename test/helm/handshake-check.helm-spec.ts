import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { makeCertificate } from '../support/certificate.js';
import { cleanUp, repeat } from '../support/cleanup.js';
import { Command } from '../support/command.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { underlying } from '../support/messages.js';
import { RedisServer } from '../support/redis-server.js';
import { claims, hs256, JWT_SECRET } from '../support/tokens.js';
import { freePort, waitFor } from '../support/wait.js';

const SECRET_KEY = 'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0iL';
const CHECK = join(__dirname, '../../scripts/handshake-check.mjs');

let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});

const start = (env: Record<string, string> = {}) => GatewayProcess.start({ REDIS_URL: redis.url, ...env });

async function check(args: string[], env: Record<string, string> = {}) {
  const command = Command.spawn(process.execPath, [CHECK, ...args], { env });
  return { code: await command.exit(), said: command.output.trim() };
}

it('connects, subscribes and receives an update', async () => {
  const gateway = await start();
  const stop = repeat(
    () => redis.client.publish('enriched:underlying', JSON.stringify(underlying('NIFTY', Date.now() % 1e9))),
    100,
  );
  const result = await check([`--url=${gateway.url}`, '--expect=data', '--timeout=20']);
  stop();
  expect(result).toEqual({
    code: 0,
    said: 'connected, subscribed to product:NIFTY, received underlying_update',
  });
});

it('accepts a freshness status if there is no price', async () => {
  const gateway = await start({ STALE_AFTER_MS: '300', PRODUCTS: 'QUIET' });
  expect(await check([`--url=${gateway.url}`, '--symbol=QUIET', '--expect=data', '--timeout=20'])).toEqual({
    code: 0,
    said: 'connected, subscribed to product:QUIET, received feed_status',
  });
});

it('accepts the confirmation if it should not wait for data, and finds the port by itself', async () => {
  const gateway = await start();
  expect(await check(['--symbol=SILENT'], { PORT: `${gateway.port}` })).toEqual({
    code: 0,
    said: 'connected, subscribed to product:SILENT',
  });
});

it('accepts a URL that ends with a slash, and rejects an invalid one', async () => {
  const gateway = await start();
  expect(await check([`--url=${gateway.url}/`, '--symbol=SILENT'])).toMatchObject({ code: 0 });
  expect(await check(['--url=gateway:8002'])).toEqual({ code: 1, said: '--url is "gateway:8002"' });
});

it('fails if it receives nothing', async () => {
  // This product is configured, but not stale yet.
  const gateway = await start({ PRODUCTS: 'SILENT' });
  expect(await check([`--url=${gateway.url}`, '--symbol=SILENT', '--expect=data', '--timeout=1'])).toEqual({
    code: 1,
    said: `${gateway.url} sent no price, chain or feed_status of SILENT within 1 s`,
  });
});

it('fails with a token that may not subscribe', async () => {
  const gateway = await start({ AUTH_MODE: 'required', JWT_SECRET, SECRET_KEY });
  const narrow = hs256(claims({ rooms: ['product:TSLA'] }));
  expect(await check([`--url=${gateway.url}`], { CHECK_TOKEN: narrow })).toEqual({
    code: 1,
    said: expect.stringContaining('FORBIDDEN'),
  });
});

const EVERY_WAY = '--ways=websocket,polling,plain-websocket,sse,rest';

it('tries every way in, one after the other', async () => {
  const gateway = await start();
  const stop = repeat(
    () => redis.client.publish('enriched:underlying', JSON.stringify(underlying('NIFTY', Date.now() % 1e9))),
    100,
  );
  const result = await check([`--url=${gateway.url}`, EVERY_WAY, '--expect=data', '--timeout=20']);
  stop();
  expect(result).toEqual({
    code: 0,
    said: [
      'connected, subscribed to product:NIFTY, received underlying_update',
      'polling: connected',
      '/ws: connected, subscribed to product:NIFTY, received underlying_update',
      '/sse: subscribed to product:NIFTY, received underlying_update',
      '/v1: answered',
    ].join('\n'),
  });
  await waitFor(async () => (await gateway.json<{ clients: number }>('/health')).clients === 0);
});

it.each([
  ['polling', { TRANSPORTS: 'websocket,plain-websocket' }, / with polling answered 400$/],
  ['plain-websocket', { TRANSPORTS: 'websocket' }, /\/ws answered 404$/],
  ['sse', { TRANSPORTS: 'websocket' }, /\/sse answered 404$/],
  ['rest', { REST_API: 'false' }, /\/v1\/products answered 404$/],
])('fails if %s is switched off', async (way, env, said) => {
  const gateway = await start(env);
  expect(await check([`--url=${gateway.url}`, `--ways=${way}`, '--symbol=SILENT'])).toEqual({
    code: 1,
    said: expect.stringMatching(said),
  });
});

it.each(['websocket', 'polling', 'plain-websocket', 'sse', 'rest'])(
  'with %s, sends its token or checks that the gateway requires one',
  async (way) => {
    const required = { AUTH_MODE: 'required', JWT_SECRET, SECRET_KEY };
    const [gateway, open] = await Promise.all([start(required), start()]);
    const args = [`--url=${gateway.url}`, `--ways=${way}`];
    const refused = '--expect-refusal=AUTH_REQUIRED';
    expect(await check(args, { CHECK_TOKEN: hs256(claims()) })).toMatchObject({ code: 0 });
    expect(await check(args)).toEqual({ code: 1, said: expect.stringMatching(/AUTH_REQUIRED| 401$/) });
    expect(await check([...args, refused])).toEqual({
      code: 0,
      said: expect.stringMatching(/refused with AUTH_REQUIRED, as it should be$/),
    });
    expect(await check([`--url=${open.url}`, `--ways=${way}`, refused])).toEqual({
      code: 1,
      said: expect.stringContaining('without a token'),
    });
  },
);

it('over TLS', async () => {
  const { cert, key } = await makeCertificate();
  const gateway = await start({ TLS_CERT: cert, TLS_KEY: key });
  expect(await check([EVERY_WAY], { PORT: `${gateway.port}`, TLS_CERT: cert })).toMatchObject({ code: 0 });
});

it('a full gateway fails helm test, but passes a health check', async () => {
  const gateway = await start({ MAX_CONNECTIONS: '1' });
  const first = new WebSocket(`${gateway.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
  cleanUp(() => first.terminate());
  await once(first, 'message');
  first.send('40');
  await once(first, 'message');
  const at = `--url=${gateway.url}`;
  expect(await check([at])).toEqual({ code: 1, said: expect.stringContaining('503') });
  expect(await check([at, '--allow-unready'])).toEqual({ code: 0, said: '' });
});

it('fails if nothing listens, if another server does, and if the gateway hangs', async () => {
  expect(await check([`--url=http://127.0.0.1:${await freePort()}`])).toEqual({
    code: 1,
    said: expect.stringContaining('ECONNREFUSED'),
  });
  const other = createServer((_, response) => response.writeHead(404).end()).listen(0, '127.0.0.1');
  cleanUp(() => void other.close());
  await once(other, 'listening');
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  expect(await check([`--url=${url}`])).toMatchObject({ code: 1 });
  const gateway = await start();
  process.kill(gateway.pid, 'SIGSTOP');
  expect(await check([`--url=${gateway.url}`, '--timeout=1'])).toEqual({
    code: 1,
    said: expect.stringContaining('did not answer within 1 s'),
  });
  process.kill(gateway.pid, 'SIGCONT');
});

it('names the invalid argument', async () => {
  expect(await check(['--wait=3'])).toEqual({ code: 1, said: '--wait=3 is not known' });
  expect(await check(['--expect=all'])).toEqual({ code: 1, said: '--expect is "all"' });
  expect(await check(['--ways=websocket,pigeon'])).toEqual({
    code: 1,
    said: '--ways has "pigeon", but knows websocket, polling, plain-websocket, sse, rest',
  });
});
