import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { Browser } from '../support/browser.js';
import { Command } from '../support/command.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Platform } from '../support/platform.js';
import { RedisServer } from '../support/redis-server.js';
import { waitFor } from '../support/wait.js';
import { Application, ROOT } from './support/package.js';

const VITE = join(ROOT, 'node_modules/vite/bin/vite.js');
const CLIENTS = 'socket_gateway_connections';

let redis: RedisServer;
let gateway: GatewayProcess;
let platform: Platform;
let product: string;
let application: Application;
/** Rises, because gateways drop an older update than the one that another gateway has stored. */
let price = 0;

/** The application of test/fixtures/react-app, with the packed package, built with Vite. */
beforeAll(async () => {
  redis = await RedisServer.start();
  application = await Application.install(undefined, ['react-dom', 'vite', '@vitejs']);
  await application.add('react-app');
  await application.node(VITE, 'build');
  await application.node(VITE, 'build', '--config', 'vite.server.config.mjs');
});
afterAll(() => redis.stop());

beforeEach(() => startGateway());
afterEach(() => gateway.stop());

async function startGateway(port = '0'): Promise<void> {
  gateway = await GatewayProcess.start({ REDIS_URL: redis.url, PORT: port });
  platform = new Platform(redis, gateway);
  product ??= platform.product();
  await platform.underlying(product, ++price);
  await platform.carried();
}

/** Starts a server of the application. Returns its address, which it prints. */
async function serve(...args: string[]): Promise<string> {
  const server = Command.spawn(process.execPath, args, {
    cwd: application.folder,
    env: { ...process.env, NO_COLOR: '1' },
  });
  const address = () => /http:\/\/127\.0\.0\.1:\d+/.exec(server.output)?.[0];
  await server.until(address);
  return address()!;
}

const vite = (...command: string[]) => serve(VITE, ...command, '--host', '127.0.0.1', '--port', '0');
const query = () => `?${gateway.url},${product}`;
const shows = (page: Page, text: string) => page.getByText(`${product} ${text}`).waitFor();

it('a page built with Vite shows prices, becomes stale without the gateway, and reconnects', async () => {
  const browser = await Browser.launch();
  const page = await browser.open(`${await vite('preview')}/${query()}`);
  await shows(page, `${price} live connected`);
  expect(browser.complaints).toEqual([]);

  const { port } = gateway;
  await gateway.stop('SIGKILL');
  await shows(page, `${price} stale reconnecting`);
  await startGateway(String(port));
  await shows(page, `${price} live connected`);
  await platform.underlying(product, ++price);
  await shows(page, `${price} live connected`);
  await browser.close();
});

it('hot reload of the module with the client closes the old connection', async () => {
  const browser = await Browser.launch();
  const page = await browser.open(`${await vite()}/${query()}`);
  await shows(page, `${price} live connected`);
  await page.evaluate(() => Object.assign(globalThis, { loadedOnce: true }));

  const file = join(application.folder, 'src/client.js');
  const source = await readFile(file, 'utf8');
  let reloads = 0;
  page.on('console', (message) => {
    if (message.text().startsWith('reloaded')) reloads += 1;
  });
  for (const round of [1, 2, 3]) {
    await writeFile(file, `${source}\nconsole.log('reloaded ${round}');\n`);
    await waitFor(() => reloads === round);
    await shows(page, `${price} live connected`);
  }
  expect(await page.evaluate(() => 'loadedOnce' in globalThis)).toBe(true);
  let connected = NaN;
  await waitFor(
    async () => (connected = await gateway.metric(CLIENTS)) === 1,
    () => `${connected} clients are connected`,
  );
  await writeFile(file, source);
  expect(browser.complaints).toEqual([]);
  await browser.close();
});

it.each(['string', 'stream'])(
  'a page rendered on a server as a %s hydrates without a mismatch, then shows prices',
  async (kind) => {
    const address = `${await serve('server.mjs')}/${kind}${query()}`;
    const html = await (await fetch(address)).text();
    expect(html.replaceAll('<!-- -->', '').replaceAll('&amp;', '&')).toContain(
      `<p>${product} none stale connecting</p>`,
    );
    expect(html).toMatch(/<\/html>\s*$/);
    // The server itself connects to no gateway.
    expect(await gateway.metric('socket_gateway_connections_total')).toBe(0);

    const browser = await Browser.launch();
    const page = await browser.open(address);
    await shows(page, `${price} live connected`);
    expect(browser.complaints).toEqual([]);
    await browser.close();
  },
);
