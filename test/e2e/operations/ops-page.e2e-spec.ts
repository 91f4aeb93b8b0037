import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { GatewayProcess } from '../../support/gateway-process.js';
import { RedisServer } from '../../support/redis-server.js';

const BUILT = join(__dirname, '../../../dist/ops');
const SECRET_KEY = 'p8Wq2Lm5Zx7Rt1Vb4Nc6Jd9Fg3Hk0Sy2';
const TOKEN = 'b7d0c6a1f4e94c0d-admin';
const NOT_FOUND = { statusCode: 404, message: 'Not Found' };
const POLICY =
  "default-src 'none';script-src 'self';style-src 'self';img-src 'self';connect-src 'self';" +
  "base-uri 'none';form-action 'none';frame-ancestors 'none'";

let redis: RedisServer;
let gateway: GatewayProcess;
beforeAll(async () => {
  redis = await RedisServer.start();
  gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    ADMIN_PORT: '0',
    ADMIN_TOKEN: TOKEN,
    SECRET_KEY,
  });
});
afterAll(async () => {
  await gateway.stop();
  await redis.stop();
});

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(gateway.adminUrl + path, { headers, redirect: 'manual' });

/** The addresses of the files that the page loads. */
async function assets(): Promise<string[]> {
  const page = await (await get('/ops')).text();
  return [...page.matchAll(/(?:src|href)="(ops\/[^"]+)"/g)].map(([, address]) => `/${address}`);
}

it('is served on the admin port, needs no token, and is revalidated', async () => {
  const response = await get('/ops');
  expect([response.status, Object.fromEntries(response.headers)]).toEqual([
    200,
    expect.objectContaining({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': POLICY,
      'cache-control': 'no-cache',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    }),
  ]);
  // By default, Node's fetch would ask for a fresh copy.
  const again = await fetch(`${gateway.adminUrl}/ops`, {
    headers: { 'if-none-match': response.headers.get('etag')! },
    cache: 'force-cache',
  } as RequestInit);
  expect(again.status).toBe(304);
});

it('loads a script, a style sheet and an icon, which never change under their names', async () => {
  const addresses = await assets();
  expect(addresses.map((address) => address.replace(/-[0-9a-f]{12}\./, '-HASH.')).sort()).toEqual([
    '/ops/icon-HASH.svg',
    '/ops/main-HASH.js',
    '/ops/style-HASH.css',
  ]);
  for (const address of addresses) {
    const response = await get(address);
    expect([response.status, Object.fromEntries(response.headers)]).toEqual([
      200,
      expect.objectContaining({
        'content-encoding': 'gzip',
        'cache-control': 'public, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
        vary: expect.stringContaining('Accept-Encoding'),
      }),
    ]);
    const plain = await get(address, { 'accept-encoding': 'identity' });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.text()).toBe(await response.text());
  }
});

it('has a script of at most 60 KB, compressed, that loads nothing from elsewhere', () => {
  const names = readdirSync(BUILT);
  const scripts = names.filter((name) => name.endsWith('.js'));
  const text = scripts.map((name) => readFileSync(join(BUILT, name), 'utf8')).join('');
  expect(gzipSync(text).length).toBeLessThanOrEqual(60_000);
  const page = readFileSync(join(BUILT, 'index.html'), 'utf8');
  expect(page).not.toMatch(/(?:src|href)="(?:https?:|\/)/);
  expect(page).not.toMatch(/ style=|<style|<script(?! type="module" src=)/);
});

it('redirects /ops/, whose relative links would lead astray', async () => {
  const response = await get('/ops/');
  expect([response.status, response.headers.get('location')]).toEqual([308, '../ops']);
});

it.each([
  '/ops/index.html',
  '/ops/main.js',
  '/ops/..%2fpackage.json',
  '/ops/%2e%2e%2fsrc/main.js',
  '/ops/x/y',
])('has nothing at %s', async (path) => {
  const response = await get(path);
  expect([response.status, await response.json()]).toEqual([404, NOT_FOUND]);
});

it('is not on the main port, also for a request with the token', async () => {
  for (const path of ['/ops', ...(await assets())]) {
    const response = await gateway.get(path, { authorization: `Bearer ${TOKEN}` });
    expect([path, response.status, await response.json()]).toEqual([path, 404, NOT_FOUND]);
  }
});

it.each([
  ['ADMIN_TOKEN', { ADMIN_PORT: '0', SECRET_KEY }],
  ['ADMIN_PORT', { ADMIN_TOKEN: TOKEN, SECRET_KEY }],
  ['a SECRET_KEY of its own', { ADMIN_PORT: '0', ADMIN_TOKEN: TOKEN }],
])('is not there without %s', async (_, env: Record<string, string>) => {
  const other = await GatewayProcess.start({ REDIS_URL: redis.url, ...env });
  const url = env.ADMIN_PORT === undefined ? other.url : other.adminUrl;
  const response = await fetch(`${url}/ops`, { headers: { authorization: `Bearer ${TOKEN}` } });
  expect([response.status, await response.json()]).toEqual([404, NOT_FOUND]);
  await other.stop();
});
