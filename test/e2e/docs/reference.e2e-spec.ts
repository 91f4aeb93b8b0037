import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClientEvent, ServerEvent } from '../../../src/contract/index.js';
import { Browser } from '../../support/browser.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { Nginx } from '../../support/nginx.js';
import { RedisServer } from '../../support/redis-server.js';
import { JWT_SECRET } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

const SECRET = 'p8Wq2Lm5Zx7Rt1Vb4Nc6Jd9Fg3Hk0Sy2';
const read = (file: string) => readFileSync(join(__dirname, '../../..', file), 'utf8');

let redis: RedisServer;
let gateway: GatewayProcess;

beforeAll(async () => {
  redis = await RedisServer.start();
  gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    AUTH_MODE: 'required',
    JWT_SECRET,
    SECRET_KEY: SECRET,
    ADMIN_PORT: '0',
    ADMIN_TOKEN: SECRET,
  });
});

afterAll(async () => {
  await gateway?.stop();
  await redis?.stop();
});

/** Uses Node's own client, because `fetch` asks for an uncached response if we send a condition. */
async function statusOf(path: string, etag: string): Promise<number | undefined> {
  const asked = request(gateway.url + path, { headers: { 'if-none-match': etag } }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

describe.each([
  ['/asyncapi.json', 'application/json; charset=utf-8', 'docs/asyncapi.json'],
  ['/asyncapi.yaml', 'application/yaml; charset=utf-8', 'docs/asyncapi.yaml'],
  ['/openapi.json', 'application/json; charset=utf-8', 'docs/openapi.json'],
  ['/openapi.yaml', 'application/yaml; charset=utf-8', 'docs/openapi.yaml'],
])('%s', (path, type, file) => {
  it('is the committed document, and public', async () => {
    const response = await gateway.get(path);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.headers.get('cache-control')).toBe('public, no-cache');
    expect(response.headers.get('vary')).toContain('Accept-Encoding');
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(await response.text()).toBe(read(file));
  });

  it('is sent uncompressed to a client that does not accept compression', async () => {
    const response = await gateway.get(path, { 'accept-encoding': 'identity' });
    expect(response.headers.get('content-encoding')).toBeNull();
    expect(response.headers.get('content-length')).toBe(String(Buffer.byteLength(read(file))));
    expect(await response.text()).toBe(read(file));
  });

  it('is not sent again to a client that has it', async () => {
    const etag = (await gateway.get(path)).headers.get('etag')!;
    expect(await statusOf(path, etag)).toBe(304);
    expect(await statusOf(path, 'W/"other"')).toBe(200);
  });

  it('answers HEAD', async () => {
    const response = await fetch(gateway.url + path, { method: 'HEAD' });
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      200,
      type,
      '',
    ]);
  });

  it('rejects every method that writes', async () => {
    expect((await fetch(gateway.url + path, { method: 'POST' })).status).toBe(404);
  });
});

it('serves no other file', async () => {
  for (const path of [
    '/docs/index.html',
    '/docs/page',
    '/docs/asyncapi.json',
    '/docs/asyncapi.yaml',
    '/docs/openapi.json',
    '/docs/openapi.yaml',
    '/docs/package.json',
    '/docs/..%2fmain.js',
    '/docs/__proto__',
    '/docs/constructor',
  ]) {
    expect([path, (await gateway.get(path)).status]).toEqual([path, 404]);
  }
});

it('the renderer is shipped with its licences', async () => {
  expect(await (await gateway.get('/docs/LICENSE')).text()).toContain('Apache License');
  expect(await (await gateway.get('/docs/renderer.js.LICENSE.txt')).text()).toContain('@license');
});

/** A proxy that serves the gateway under a path. */
const below = (path: string) => (port: number) => `
  events {}
  http {
    access_log off;
    error_log stderr;
    server {
      listen 127.0.0.1:${port};
      location ${path} { proxy_pass ${gateway.url}/; }
    }
  }`;

it('/docs/ redirects to /docs, also under a path', async () => {
  const { status, headers } = await fetch(`${gateway.url}/docs/`, { redirect: 'manual' });
  expect([status, headers.get('location')]).toEqual([308, '../docs']);
});

it.each([
  ['/docs', () => gateway.url],
  ['/docs below a path', async () => (await Nginx.run(below('/market/'), '/market/docs')).url + '/market'],
])('%s shows every event of the contract, and loads nothing from other servers', async (_, start) => {
  const url = await start();
  const browser = await Browser.launch();
  const page = await browser.open('about:blank');
  const requests: string[] = [];
  page.on('request', (made) => requests.push(made.url()));
  await page.goto(`${url}/docs`);
  const text = () => page.locator('#reference').innerText();
  await waitFor(
    async () => /operations/i.test(await text()),
    () => `not rendered: ${browser.complaints.join('\n')}`,
  );
  const shown = await text();
  for (const event of [...Object.values(ClientEvent), ...Object.values(ServerEvent)])
    expect(shown).toContain(event);
  expect(requests.length).toBeGreaterThan(4);
  expect(requests.filter((asked) => !asked.startsWith(`${url}/`))).toEqual([]);
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT, fullPage: false });
  expect(browser.complaints).toEqual([]);
  await browser.close();
});

it('/docs labels each operation by its sender, and has the fonts and colours of the reader', async () => {
  const browser = await Browser.launch();
  const page = await browser.open('about:blank');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto(`${gateway.url}/docs`);
  const subscribe = page.locator('#operation-reply-subscribe');
  await subscribe.waitFor({ timeout: 30_000 });
  expect(await subscribe.innerText()).toContain('CLIENT SENDS');
  expect(await page.locator('#operation-send-snapshot').innerText()).toContain('GATEWAY SENDS');
  const style = (selector: string, property: string, part = '') =>
    page.evaluate<string>(
      `getComputedStyle(document.querySelector('${selector}'), '${part}').getPropertyValue('${property}')`,
    );
  expect(await style('#reference .prose p', 'font-family')).toContain('system-ui');
  expect(await style('#reference .prose code', 'content', '::before')).toBe('none');
  expect(await style('html', 'filter')).toContain('invert');
  // The renderer shows summaries as plain text.
  expect(await subscribe.innerText()).toContain('The gateway sends subscribed for each room');
  const texts = await page.locator('#reference').innerText();
  expect(texts.split('\n').filter((line) => line.includes('`') && !line.includes('"message"'))).toEqual([]);
  // Examples are dark in both themes.
  expect(await style('#reference .examples', 'filter')).toContain('invert');
  await page.setViewportSize({ width: 1700, height: 900 });
  const entry = page.locator('.sidebar a[href="#operation-reply-list_subscriptions"]');
  await entry.waitFor();
  await waitFor(
    async () => (await page.evaluate<number>('scrollTo(0, 3000); scrollY')) === 3_000,
    'the page is too short',
  );
  const { y, height } = (await entry.boundingBox())!;
  expect(y).toBeGreaterThan(0); // The sidebar has not scrolled away with the page.
  expect(height).toBeLessThan(30);
  // The labels are not cut, and the names are not broken.
  const cut = await page.evaluate<number>(
    `[...document.querySelectorAll('.sidebar a[href^="#operation-"] > *')]
      .filter((part) => part.scrollHeight > part.clientHeight + 1 || part.getClientRects().length > 1).length`,
  );
  expect(cut).toBe(0);
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
  await browser.close();
});

describe('the fragment of an address', () => {
  /** Opens /docs with `hash`, and waits until it is rendered. */
  async function shown(hash: string) {
    const browser = await Browser.launch();
    const page = await browser.open(`${gateway.url}/docs${hash}`);
    await page.locator('#operation-send-token_expiring').waitFor({ timeout: 30_000 });
    const scroll = (script: string) => page.evaluate<number>(`${script}; scrollY`);
    /** How far the page is scrolled, after the scroll position changed. */
    const offset = async () => {
      await page.evaluate("document.getElementById('reference').append('.')");
      await sleep(200);
      return scroll('');
    };
    return { browser, scroll, offset };
  }

  it('is scrolled to once the page is rendered, and not again', async () => {
    const { browser, scroll, offset } = await shown('#operation-send-token_expiring');
    await waitFor(async () => (await offset()) > 0, 'it is not scrolled to');
    await scroll('scrollTo(0, 0)');
    expect(await offset()).toBe(0);
    await browser.close();
  });

  it('does not pull back a reader who followed a link and scrolled on', async () => {
    const { browser, scroll, offset } = await shown('');
    await scroll("location.hash = '#operation-send-token_expiring'");
    await waitFor(async () => (await scroll('')) > 0, 'the link leads nowhere');
    await scroll('scrollTo(0, 0)');
    expect(await offset()).toBe(0);
    await browser.close();
  });

  it('may be malformed', async () => {
    const { browser, offset } = await shown('#50%');
    expect(await offset()).toBe(0);
    expect(browser.complaints).toEqual([]);
    await browser.close();
  });
});
