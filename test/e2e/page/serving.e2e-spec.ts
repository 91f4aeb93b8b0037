import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROOT } from '../../support/code-blocks.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { RedisServer } from '../../support/redis-server.js';

const ASSETS = join(ROOT, 'dist/web/assets');
const MAX_SCRIPT_BYTES = 120_000;

let redis: RedisServer;
let gateway: GatewayProcess;
beforeAll(async () => {
  redis = await RedisServer.start();
  gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    LIVE_PAGE: 'on',
    NODE_ENV: 'production',
    ADMIN_PORT: '0',
  });
});
afterAll(async () => {
  await gateway.stop();
  await redis.stop();
});

/** The addresses of the files that the page loads, relative to it. */
function assetsOf(page: string): string[] {
  return [...page.matchAll(/(?:src|href)="\.(\/[^"]+)"/g)].map(([, path]) => path!);
}

it('the page is at `/`, and is revalidated with each visit', async () => {
  const response = await gateway.get('/');
  expect([response.status, Object.fromEntries(response.headers)]).toEqual([
    200,
    expect.objectContaining({
      'content-type': 'text/html; charset=utf-8',
      'content-encoding': 'gzip',
      'cache-control': 'public, no-cache',
      'content-security-policy': expect.stringContaining("default-src 'none';script-src 'self'"),
      'x-content-type-options': 'nosniff',
      vary: expect.stringContaining('Accept-Encoding'),
    }),
  ]);
  expect(response.headers.get('content-security-policy')).not.toContain('unsafe');
  expect(await response.text()).toContain('<title>DeltaStream live</title>');
  // Without it, fetch would ask for the whole page.
  const known = { 'if-none-match': response.headers.get('etag')!, 'cache-control': 'max-age=0' };
  expect((await gateway.get('/', known)).status).toBe(304);
});

it('its assets never change under one name, so browsers keep them', async () => {
  const paths = assetsOf(await (await gateway.get('/')).text());
  expect(paths).toEqual(
    expect.arrayContaining([expect.stringMatching(/\.js$/), expect.stringMatching(/\.css$/)]),
  );
  for (const path of paths.filter((path) => path.startsWith('/assets/'))) {
    const response = await gateway.get(path);
    expect([path, response.status, response.headers.get('cache-control')]).toEqual([
      path,
      200,
      'public, max-age=31536000, immutable',
    ]);
    const content = readFileSync(join(ROOT, 'dist/web', path), 'utf8');
    expect(await response.text()).toBe(content);
  }
});

it('a client that takes no gzip gets the plain text', async () => {
  const response = await gateway.get('/', { 'accept-encoding': 'identity' });
  expect(response.headers.get('content-encoding')).toBeNull();
  expect(await response.text()).toContain('</html>');
});

it.each(['/assets/nothing.js', '/assets/..%2findex.html', '/assets/..%2f..%2fpackage.json', '/index.html'])(
  '%s is not found',
  async (path) => expect((await gateway.get(path)).status).toBe(404),
);

it('the documents and the client library stay where they are', async () => {
  for (const path of ['/docs', '/asyncapi.yaml', '/socket.io/deltastream-client.js', '/health/live'])
    expect([path, (await gateway.get(path)).status]).toEqual([path, 200]);
});

it('the admin port does not serve it', async () => {
  const [asset] = readdirSync(ASSETS);
  for (const path of ['/', '/icon.svg', `/assets/${asset}`])
    expect([path, (await fetch(gateway.adminUrl + path)).status]).toEqual([path, 404]);
});

it('is off by default: nothing is at `/`', async () => {
  const off = await GatewayProcess.start({ REDIS_URL: redis.url });
  for (const path of ['/', '/icon.svg', `/assets/${readdirSync(ASSETS)[0]}`])
    expect([path, (await off.get(path)).status]).toEqual([path, 404]);
  await off.stop();
});

it('another value than on or off is refused', async () => {
  const wrong = GatewayProcess.spawn({ REDIS_URL: redis.url, LIVE_PAGE: 'yes' });
  expect(await wrong.exit()).not.toBe(0);
  expect(JSON.stringify(wrong.logs) + wrong.stderr).toMatch(
    /LIVE_PAGE is .*yes.*, but must be one of on, off/,
  );
});

it('its scripts have at most 120 KB when they are compressed', () => {
  const scripts = readdirSync(ASSETS).filter((name) => name.endsWith('.js'));
  const bytes = scripts.map((name) => gzipSync(readFileSync(join(ASSETS, name)), { level: 9 }).length);
  expect(scripts.length).toBeGreaterThan(0);
  expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(MAX_SCRIPT_BYTES);
});
