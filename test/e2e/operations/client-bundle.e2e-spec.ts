import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { version } from '../../../package.json';
import { Browser } from '../../support/browser.js';
import { cleanUp } from '../../support/cleanup.js';
import { Command } from '../../support/command.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { Platform } from '../../support/platform.js';
import { RedisServer } from '../../support/redis-server.js';

const ROOT = join(__dirname, '../../..');
const PRESENT = '/socket.io/deltastream-client.js';
const VERSIONED = `/socket.io/deltastream-client-${version}.js`;

let redis: RedisServer;
let gateway: GatewayProcess;
beforeAll(async () => {
  redis = await RedisServer.start();
  gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    NODE_ENV: 'production',
    CORS_ORIGINS: 'https://front-end.example',
  });
});
afterAll(async () => {
  await gateway.stop();
  await redis.stop();
});

it.each([
  ['the present client', PRESENT, 'text', 'public, max-age=0'],
  ['the client of one version', VERSIONED, 'text', 'public, max-age=31536000, immutable'],
  ["Socket.IO's own module", '/socket.io/socket.io.esm.min.js', 'text', 'public, max-age=0'],
  ['the source map of that version', `${VERSIONED}.map`, 'json', 'public, max-age=31536000, immutable'],
])('%s is served to every origin, and cached', async (_, path, kind, cacheControl) => {
  const response = await gateway.get(path, { origin: 'https://elsewhere.example' });
  const type = kind === 'json' ? 'application/json' : 'application/javascript';
  expect([response.status, Object.fromEntries(response.headers)]).toEqual([
    200,
    expect.objectContaining({
      'content-type': `${type}; charset=utf-8`,
      'content-encoding': 'gzip',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
      'cache-control': cacheControl,
      vary: expect.stringContaining('Accept-Encoding'),
    }),
  ]);
  expect(response.headers.get('access-control-allow-credentials')).toBeNull();
  await response.arrayBuffer();
  const known = { 'if-none-match': response.headers.get('etag')! };
  expect((await gateway.get(path, known)).status).toBe(304);
});

it('HEAD returns the headers only, and a client that takes no gzip gets the plain text', async () => {
  const ask = async (method: string) => {
    const request = httpRequest(`${gateway.url}${PRESENT}`, { method });
    const answered = once(request, 'response');
    request.end();
    const [response] = (await answered) as [import('node:http').IncomingMessage];
    const chunks = (await response.toArray()) as Buffer[];
    return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
  };
  const [get, head] = [await ask('GET'), await ask('HEAD')];
  expect([get.status, head.status]).toEqual([200, 200]);
  expect(get.headers['content-encoding']).toBeUndefined();
  expect(get.headers['content-length']).toBe(String(get.body.length));
  expect(head.headers['content-length']).toBe(get.headers['content-length']);
  expect(head.body).toHaveLength(0);
});

it('is only read: another method gets 405', async () => {
  const response = await fetch(`${gateway.url}${PRESENT}`, { method: 'POST', body: 'x' });
  expect(response.status).toBe(405);
  expect(response.headers.get('allow')).toContain('GET');
  expect(await response.json()).toEqual({ statusCode: 405, message: 'Method Not Allowed' });
});

it('in development a version is revalidated, because each build has another content', async () => {
  const development = await GatewayProcess.start({ REDIS_URL: redis.url, NODE_ENV: 'development' });
  const { headers } = await development.get(VERSIONED);
  expect(headers.get('cache-control')).toBe('public, max-age=0');
  await development.stop();
});

it.each(['9.9.9', '0.1', '%2e%2e%2fsecret', 'x'.repeat(300)])(
  'an unknown version is not found: %s',
  async (other) => {
    const response = await gateway.get(`/socket.io/deltastream-client-${other}.js`);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toContain('application/json');
    // The same as of any other path that is not there.
    expect(await response.json()).toEqual(await (await gateway.get('/nothing')).json());
  },
);

it('its source map resolves, has the sources of the client, and names no folder of the build', async () => {
  const text = await (await gateway.get(PRESENT)).text();
  const [, name] = /\n\/\/# sourceMappingURL=(\S+)\s*$/.exec(text)!;
  const address = new URL(name!, `${gateway.url}${PRESENT}`);
  const response = await fetch(address);
  expect([address.pathname, response.status]).toEqual([`${VERSIONED}.map`, 200]);
  const map = (await response.json()) as { readonly sources: string[]; readonly sourcesContent: string[] };
  const own = map.sources.findIndex((source) => source.endsWith('clients/typescript/src/client.ts'));
  expect(map.sourcesContent[own]).toContain('class SocketClient');
  expect(JSON.stringify(map.sources) + text).not.toContain(ROOT);
  expect(map.sources.filter((source) => /testing|react/.test(source))).toEqual([]);
});

describe('in Chromium', () => {
  it('a page of another site imports it, and shows a price', async () => {
    const open = await GatewayProcess.start({ REDIS_URL: redis.url });
    const platform = new Platform(redis, open);
    const product = platform.product();
    await platform.underlying(product, 7);
    await platform.carried();
    const site = createServer((_, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(`<link rel="icon" href="data:,"><body></body><script type="module">
        import { connect } from '${open.url}${PRESENT}';
        const client = connect('${open.url}');
        client.subscribe({ type: 'product', symbol: '${product}' }).on('update', ({ price }) => {
          document.body.textContent = 'price ' + price;
        });
      </script>`);
    }).listen(0, '127.0.0.1');
    await once(site, 'listening');
    cleanUp(() => void site.close());
    const browser = await Browser.launch();
    // Another host name makes this another site. Another port would only make it another origin.
    const page = await browser.open(`http://localhost:${(site.address() as AddressInfo).port}/`);
    await page.getByText('price 7').waitFor();
    expect(browser.complaints).toEqual([]);
    expect([...browser.kinds]).toEqual(expect.arrayContaining(['acknowledged subscribe']));
    await browser.close();
    await open.stop();
  });

  it('the policy of the live page allows it', async () => {
    const demo = Command.spawn(process.execPath, [join(ROOT, 'dist/tools/demo.js')], {
      env: { PATH: '/nonexistent', PORT: '0', HOST: '127.0.0.1' },
    });
    await demo.until(() => demo.output.includes('Open http'));
    const url = /Open (\S+)/.exec(demo.output)![1]!.replace('localhost', '127.0.0.1');
    const browser = await Browser.launch();
    const page = await browser.open(url);
    // A text, because the compiler of the tests would replace `import`.
    const price = await page.evaluate(`(async () => {
      const { connect } = await import('${PRESENT}');
      const client = connect(location.origin);
      for await (const { price } of client.subscribe({ type: 'product', symbol: 'NIFTY' })) {
        client.close();
        return price;
      }
    })()`);
    expect(price).toBeGreaterThan(0);
    expect(browser.complaints).toEqual([]);
    await browser.close();
  });
});
