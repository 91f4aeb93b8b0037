import { ADMIN_TOKEN, AdminClient } from '../../support/admin-client.js';
import { Browser } from '../../support/browser.js';
import { repeat } from '../../support/cleanup.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { LivePage, shows } from '../../support/live-page.js';
import { closedMarket, OPEN_MARKET, preOpenMarket } from '../../support/market-hours.js';
import { underlying } from '../../support/messages.js';
import { Platform, UNDERLYING } from '../../support/platform.js';
import { RedisServer } from '../../support/redis-server.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { layoutProblems } from '../../support/text-layout.js';
import { freePort, waitFor } from '../../support/wait.js';

let redis: RedisServer;
let browser: Browser;

beforeAll(async () => {
  redis = await RedisServer.start();
  browser = await Browser.launch();
});
afterEach(async () => {
  await browser.closePages();
  await redis.client.flushall();
});
afterAll(() => redis.stop());

async function start(env: Readonly<Record<string, string>> = {}) {
  const gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    LIVE_PAGE: 'on',
    PRODUCTS: 'NIFTY,AAPL',
    ...env,
  });
  await gateway.ready();
  return { gateway, platform: new Platform(redis, gateway) };
}

/** A price of now. */
const price = (platform: Platform, product: string, value: number, more: object = {}) =>
  platform.publish(UNDERLYING, {
    ...underlying(product, 0),
    price: value,
    timestamp: new Date().toISOString().replace('Z', ''),
    ...more,
  });

const isStale = (live: LivePage, product: string) =>
  live.row(product).evaluate((row) => (row as unknown as { className: string }).className.includes('stale'));

it('a price that has stopped is grey, with the reason, and is live again with the next price', async () => {
  const { gateway, platform } = await start({ STALE_AFTER_MS: '1500' });
  await price(platform, 'NIFTY', 100);
  const live = await (await LivePage.open(gateway.url, browser)).live();
  await shows(live.cell('NIFTY', 'reason'), 'feed stopped');
  expect(await isStale(live, 'NIFTY')).toBe(true);
  await shows(live.tile('feed'), 'Stopped');
  await shows(live.page.locator('.product-note'), /^The gateway gets no new prices of this product\./);
  await shows(live.cell('NIFTY', 'price'), '₹100.00'); // the last price stays
  const stop = repeat(() => price(platform, 'NIFTY', 101), 300);
  await shows(live.cell('NIFTY', 'reason'), '');
  await shows(live.tile('feed'), 'Live');
  await waitFor(async () => !(await isStale(live, 'NIFTY')), 'it stays grey');
  stop();
  await gateway.stop();
});

it('a lost connection is said at once, and the page comes back by itself with the newest prices', async () => {
  const PORT = `${await freePort()}`;
  const { gateway, platform } = await start({ PORT, REPLICA_NAME: 'first' });
  await price(platform, 'NIFTY', 100);
  const live = await (await LivePage.open(gateway.url, browser)).live();
  await shows(live.cell('NIFTY', 'price'), '₹100.00');
  await shows(live.fact('replica'), 'first');
  await gateway.stop('SIGKILL');
  await shows(live.banner, /^Connection lost, reconnecting\. Prices are not updated\./);
  await shows(live.cell('NIFTY', 'reason'), 'no connection');
  await shows(live.cell('AAPL', 'reason'), 'no connection');
  await shows(live.fact('state'), 'Reconnecting…');
  await shows(live.fact('replica'), '–');
  await shows(live.tile('feed'), 'Unknown');
  expect(await isStale(live, 'NIFTY')).toBe(true);
  expect(await layoutProblems(live.page)).toEqual([]);

  const again = await start({ PORT, REPLICA_NAME: 'second' });
  await price(again.platform, 'NIFTY', 103);
  await live.live();
  await shows(live.cell('NIFTY', 'price'), '₹103.00', 30_000);
  await shows(live.cell('NIFTY', 'reason'), '');
  await shows(live.fact('replica'), 'second');
  await shows(live.fact('reconnections'), '1');
  expect(await live.page.locator('#banner').isVisible()).toBe(false);
  expect(await live.log()).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/Connected again$/),
      expect.stringMatching(/Connection lost: /),
    ]),
  );
  await again.gateway.stop();
});

it('a drain is shown while it happens, and the page moves to the next replica without a gap', async () => {
  const first = await start({ DRAIN_TIMEOUT_MS: '600000' });
  await price(first.platform, 'NIFTY', 100);
  const live = await (await LivePage.open(first.gateway.url, browser)).live();
  await shows(live.cell('NIFTY', 'price'), '₹100.00');
  const stopped = first.gateway.stop('SIGTERM');
  await shows(
    live.banner,
    /^This replica hands the page over in (\d+ min )?\d+ s\. The page moves to another one/,
  );
  await shows(live.fact('state'), 'Moving to another replica');
  expect(await layoutProblems(live.page)).toEqual([]);
  await price(first.platform, 'NIFTY', 101);
  await shows(live.cell('NIFTY', 'price'), '₹101.00'); // data continues
  expect(await live.log()).toEqual([
    expect.stringMatching(/The replica is shutting down: moving to another one$/),
    expect.stringMatching(/Connected$/),
  ]);
  await live.page.close(); // it need not wait for its turn
  await stopped;
});

it('a page that reads too slowly is told so as it happens, and then has the newest prices', async () => {
  const { gateway, platform } = await start({
    CONFLATE_ABOVE_BYTES: '65536',
    COMPRESS_ABOVE_BYTES: '0', // the padding has to fill the buffers of the kernel
  });
  const conflated = () => gateway.metric('socket_gateway_conflated_total');
  const padding = 'x'.repeat(3_000_000); // so few of them that the page does not miss a heartbeat
  let value = 100;
  const fallBehind = async (live: LivePage, proxy: TcpProxy) => {
    await shows(live.cell('NIFTY', 'price'), `₹${value}.00`);
    await shows(live.fact('lagging'), 'no');

    const before = await conflated();
    proxy.freeze();
    await waitFor(async () => {
      value += 1;
      await price(platform, 'NIFTY', value, { padding });
      return (await conflated()) > before;
    }, 'the page is never behind');
    proxy.mend();

    await shows(
      live.banner,
      /^This page reads too slowly: it was .+ behind, and \d+ updates? (was|were) skipped/,
    );
    await shows(live.fact('lagging'), /^yes, \d+ skipped$/);
    expect(await layoutProblems(live.page)).toEqual([]);
    expect(await live.log()).toEqual([
      expect.stringMatching(/Lagging: the page was .+ behind, and \d+ updates? (was|were) skipped/),
      expect.stringMatching(/Connected$/),
    ]);
    await shows(live.cell('NIFTY', 'price'), `₹${value}.00`);
    // It has kept up since: the notice goes, and the connection was never lost.
    await shows(live.fact('lagging'), /^not now, \d+ skipped$/);
    await live.page.locator('#banner').waitFor({ state: 'hidden' });
    await shows(live.fact('reconnections'), '0');
    await price(platform, 'NIFTY', 7);
    await shows(live.cell('NIFTY', 'price'), '₹7.00');
  };

  for (let tries = 3; tries > 0; tries--) {
    await price(platform, 'NIFTY', value);
    const proxy = await TcpProxy.start(gateway.port);
    const live = await (await LivePage.open(`http://127.0.0.1:${proxy.port}`, browser)).live();
    try {
      await fallBehind(live, proxy);
      break;
    } catch (error) {
      // If the machine stalls while the proxy is frozen, the page misses heartbeats and reconnects.
      const reconnected = (await live.log()).some((line) => line.includes('Connection lost'));
      if (!reconnected || tries === 1) throw error;
    } finally {
      await live.page.close();
      await proxy.stop();
    }
  }
  await gateway.stop();
}, 180_000);

it('a notice of the operators is shown as text until it is closed, with its link', async () => {
  const { gateway } = await start({
    ADMIN_PORT: '0',
    ADMIN_TOKEN,
    SECRET_KEY: 'p8Wq2Lm5Zx7Rt1Vb4Nc6Jd9Fg3Hk0Sy2',
  });
  const live = await (await LivePage.open(gateway.url, browser)).live();
  const notices = live.page.locator('#notices .banner');
  const text = '<b>NIFTY</b> is halted.';
  const notice = { level: 'critical', text, link: 'https://status.example.com/x', to: { everyone: true } };
  await new AdminClient(gateway).post('notices', notice);
  await shows(notices.locator('p'), `${text} More`);
  expect(await notices.locator('a').getAttribute('href')).toBe('https://status.example.com/x');
  expect(await layoutProblems(live.page)).toEqual([]);
  await notices.locator('button').click();
  expect(await notices.count()).toBe(0);
  await gateway.stop();
});

it('a closed market is no fault: the last prices stay, and the page says when it opens', async () => {
  const { gateway, platform } = await start({ MARKET_HOURS: closedMarket() });
  await price(platform, 'NIFTY', 100);
  const live = await LivePage.open(gateway.url, browser);
  await shows(live.banner, 'Every market is closed. These are the last prices.');
  await shows(live.cell('NIFTY', 'price'), '₹100.00');
  await shows(live.cell('NIFTY', 'reason'), 'market closed');
  await shows(live.tile('market'), 'Closed');
  await shows(live.tileDetail('market'), /^opens \w+/);
  await shows(live.page.locator('#status .status-text'), 'Market closed');
  expect(browser.complaints).toEqual([]);
  await gateway.stop();
});

it('a market in its pre-open session is shown as such', async () => {
  const { gateway, platform } = await start({ MARKET_HOURS: preOpenMarket() });
  await price(platform, 'NIFTY', 100);
  const live = await LivePage.open(gateway.url, browser);
  await shows(live.cell('NIFTY', 'reason'), 'pre-open');
  await shows(live.cell('NIFTY', 'price'), '₹100.00');
  await shows(live.tile('market'), 'Pre-open');
  await gateway.stop();
});

it('a halted market is shown as halted', async () => {
  const { gateway, platform } = await start({
    MARKET_HOURS: OPEN_MARKET,
    MARKET_HOLIDAYS: 'halt UTC',
  });
  await price(platform, 'NIFTY', 100);
  const live = await LivePage.open(gateway.url, browser);
  await shows(live.cell('NIFTY', 'reason'), 'halted');
  await shows(live.tile('market'), 'Halted');
  await gateway.stop();
});

it('a gateway without a feed is shown as such', async () => {
  const own = await RedisServer.start();
  const gateway = await GatewayProcess.start({ REDIS_URL: own.url, LIVE_PAGE: 'on', PRODUCTS: 'NIFTY' });
  const live = await (await LivePage.open(gateway.url, browser)).live();
  await waitFor(async () => (await live.fact('health').textContent()) === 'live');
  await own.stop();
  await shows(live.banner, 'The gateway is cut off from the feed. Prices are not updated.', 30_000);
  await shows(live.cell('NIFTY', 'reason'), 'no feed');
  await shows(live.tile('feed'), 'Down');
  await shows(live.page.locator('#status .status-text'), 'No feed');
  await gateway.stop();
});
