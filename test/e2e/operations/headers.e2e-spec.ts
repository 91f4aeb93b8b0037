import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { Browser } from '../../support/browser.js';
import { cleanUp } from '../../support/cleanup.js';
import { Command } from '../../support/command.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { RedisServer } from '../../support/redis-server.js';

const DEMO = join(__dirname, '../../../dist/tools/demo.js');
const POLICY =
  "default-src 'none';script-src 'self';style-src 'self';img-src 'self';connect-src 'self';" +
  "base-uri 'none';form-action 'none';frame-ancestors 'none'";
const HSTS = 'max-age=31536000';

let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});

describe.each([
  ['development', null],
  ['production', HSTS],
])('in %s', (mode, hsts) => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await GatewayProcess.start({ REDIS_URL: redis.url, NODE_ENV: mode });
  });
  afterAll(() => gateway.stop());

  it.each(['/health', '/health/live', '/metrics', '/nothing', '/%zz'])('%s', async (path) => {
    const { headers } = await gateway.get(path);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(headers.get('strict-transport-security')).toBe(hsts);
    expect(headers.get('x-powered-by')).toBeNull();
  });

  it.each([
    ['the client library', '/socket.io/socket.io.js', 200],
    ['its source map', '/socket.io/socket.io.js.map', 200],
    ['a handshake', '/socket.io/?EIO=4&transport=polling', 200],
    ['a wrong handshake', '/socket.io/?EIO=4&transport=pigeon', 400],
    ['an unknown session', '/socket.io/?EIO=4&transport=polling&sid=x', 404],
  ])('%s', async (_, path, status) => {
    const response = await gateway.get(path);
    expect(response.status).toBe(status);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    expect(response.headers.get('strict-transport-security')).toBe(hsts);
    expect(response.headers.get('x-powered-by')).toBeNull();
  });
});

describe('in a browser', () => {
  let url: string;

  beforeAll(async () => {
    const demo = Command.spawn(process.execPath, [DEMO], {
      env: { PATH: '/nonexistent', PORT: '0', HOST: '127.0.0.1' },
    });
    await demo.until(() => demo.output.includes('Open http'));
    url = /Open (\S+)/.exec(demo.output)![1]!.replace('localhost', '127.0.0.1');
  });

  /** The violations of the page's policy that the browser reports. */
  const violations = (page: Page): Promise<string[]> =>
    page.evaluate(() => (globalThis as unknown as { violations: string[] }).violations);

  async function open(browser: Browser): Promise<Page> {
    return browser.open(url, () => {
      const seen: string[] = [];
      Object.assign(globalThis, { violations: seen });
      const page = globalThis as unknown as EventTarget;
      page.addEventListener('securitypolicyviolation', (event) =>
        seen.push((event as Event & { readonly effectiveDirective: string }).effectiveDirective),
      );
    });
  }

  it('the live page works under its policy, next to a client that polls, without a violation', async () => {
    const browser = await Browser.launch();
    const page = await open(browser);
    await page.locator('#status[data-state="live"]').waitFor();
    await page
      .locator('tr[data-product="BANKNIFTY"] .watch-price')
      .getByText(/^₹[\d,]+\.\d\d$/)
      .waitFor();
    // The element is hidden by a style, so the styles have been loaded.
    expect(await page.locator('h3.hidden').evaluate((node) => node.clientWidth)).toBe(1);
    await page.evaluate(`new Promise((resolve, reject) => {
      const library = document.createElement('script');
      library.src = '/socket.io/socket.io.js';
      library.onerror = reject;
      library.onload = () => io({ transports: ['polling'], forceNew: true }).once('connected', resolve);
      document.head.append(library);
    })`);
    expect(await violations(page)).toEqual([]);
    expect(browser.complaints).toEqual([]);
    expect([...browser.kinds]).toEqual(expect.arrayContaining(['sent subscribe', 'received chain_view']));
    await browser.close();
  });

  it('runs no script and loads no resource that was injected into the page', async () => {
    const other = createServer((_, response) => response.end('globalThis.foreign = true')).listen(
      0,
      '127.0.0.1',
    );
    await once(other, 'listening');
    cleanUp(() => void other.close());
    const foreign = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const browser = await Browser.launch();
    const page = await open(browser);
    await page.locator('#status[data-state="live"]').waitFor();
    await page.evaluate((from) => {
      const { document } = globalThis as unknown as {
        document: {
          body: { append(node: object): void; insertAdjacentHTML(where: string, html: string): void };
          createElement(tag: string): Record<string, unknown>;
        };
      };
      const script = (content: object) =>
        document.body.append(Object.assign(document.createElement('script'), content));
      script({ textContent: 'globalThis.inline = true' });
      script({ src: `${from}/evil.js` });
      document.body.insertAdjacentHTML(
        'beforeend',
        `<img src="${from}/x.png" onerror="globalThis.handler = true"><iframe src="${from}"></iframe>` +
          `<p id="styled" style="position: fixed">x</p><object data="${from}/x"></object>`,
      );
      globalThis.fetch(from).catch(() => undefined);
    }, foreign);
    const expected = [
      ...['script-src-elem', 'script-src-elem', 'script-src-attr', 'img-src', 'frame-src', 'style-src-attr'],
      ...['object-src', 'connect-src'],
    ].sort();
    await page.waitForFunction((count) => {
      const { violations: seen } = globalThis as unknown as { violations: string[] };
      return seen.length >= count;
    }, expected.length);
    expect((await violations(page)).sort()).toEqual(expected);
    const ran = await page.evaluate(() =>
      ['inline', 'foreign', 'handler'].filter((name) => name in globalThis),
    );
    expect(ran).toEqual([]);
    await browser.close();
  });

  it('a page of another origin can load the client library, but cannot frame the live page', async () => {
    const other = createServer((_, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(`<script src="${url}socket.io/socket.io.js"></script><iframe src="${url}"></iframe>`);
    }).listen(0, '127.0.0.1');
    await once(other, 'listening');
    cleanUp(() => void other.close());
    const browser = await Browser.launch();
    // Another host name makes this another site. Another port would only make it another origin.
    const page = await browser.open(`http://localhost:${(other.address() as AddressInfo).port}/`);
    expect(await page.evaluate(() => typeof (globalThis as { io?: unknown }).io)).toBe('function');
    await page.waitForLoadState('load');
    expect(browser.complaints).toEqual([expect.stringMatching(/frame-ancestors 'none'/)]);
    await browser.close();
  });
});
