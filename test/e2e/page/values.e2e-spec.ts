import { Browser } from '../../support/browser.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { LivePage, shows } from '../../support/live-page.js';
import { chain, timestampOf, underlying } from '../../support/messages.js';
import { OPTION_CHAIN, Platform, UNDERLYING } from '../../support/platform.js';
import { RedisServer } from '../../support/redis-server.js';
import { waitFor } from '../../support/wait.js';

const NEAR = '2026-11-26';
const FAR = '2026-12-03';

let redis: RedisServer;
let gateway: GatewayProcess;
let platform: Platform;
let browser: Browser;

beforeAll(async () => {
  redis = await RedisServer.start();
  browser = await Browser.launch();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await redis.client.flushall();
  gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    LIVE_PAGE: 'on',
    PRODUCTS: 'NIFTY,AAPL,GOLD',
  });
  platform = new Platform(redis, gateway);
});
afterEach(async () => {
  await browser.closePages();
  await gateway.stop();
});

/** Publishes a price of a product. Times are in ms, and increase with each price. */
const price = (product: string, at: number, value: number) =>
  platform.publish(UNDERLYING, { ...underlying(product, at), price: value });

const publishChain = (product: string, at: number, expiry: string, change: object) =>
  platform.publish(OPTION_CHAIN, { ...chain(product, at, expiry), ...change });

it('every cell of the watchlist is what was published', async () => {
  await price('NIFTY', 1, 21_450.5);
  await price('AAPL', 1, 187.25);
  await platform.carried();
  const live = await (await LivePage.open(gateway.url, browser)).live();
  const trend = async (product: string) => {
    const paths = await live.row(product).locator('.trend path').all();
    return Promise.all(paths.map((path) => path.getAttribute('d')));
  };
  await shows(live.cell('NIFTY', 'price'), '₹21,450.50');
  await shows(live.cell('AAPL', 'price'), '$187.25');
  await shows(live.cell('GOLD', 'price'), '–');
  await shows(live.cell('GOLD', 'reason'), 'no price yet');
  await shows(live.cell('NIFTY', 'change'), '0.00');

  await price('NIFTY', 2_000, 21_471.95);
  await price('AAPL', 2_000, 185.3775);
  await shows(live.cell('NIFTY', 'price'), '₹21,471.95');
  await shows(live.cell('NIFTY', 'change'), '+21.45');
  await shows(live.cell('NIFTY', 'percent'), '+0.10%');
  await shows(live.cell('AAPL', 'price'), '$185.38');
  await shows(live.cell('AAPL', 'change'), '−1.87');
  await shows(live.cell('AAPL', 'percent'), '−1.00%');
  expect(await live.row('NIFTY').getAttribute('data-direction')).toBe('up');
  expect(await live.row('AAPL').getAttribute('data-direction')).toBe('down');
  // The sparklines begin at the base line of the first price, and end at the last one.
  await waitFor(async () => (await trend('AAPL'))[1] !== '');
  expect(await trend('NIFTY')).toEqual(['M0 19.0H64', 'M0.0 19.0L64.0 1.0']);
  expect(await trend('AAPL')).toEqual(['M0 1.0H64', 'M0.0 1.0L64.0 19.0']);
  // A product that the gateway did not know appears with its first price, without a currency.
  await price('M&M', 1, 3_100);
  await shows(live.cell('M&M', 'price'), '3,100.00');
  // Only the demo has a choice of scenarios.
  expect(await live.page.locator('#scenario').isVisible()).toBe(false);
  expect(live.browser.complaints).toEqual([]);
  expect(await live.violations()).toEqual([]);
});

it('changes are measured against the first price of the session, which comes from the history', async () => {
  await price('NIFTY', 0, 20_000);
  await price('NIFTY', 70_000, 20_100);
  await price('NIFTY', 140_000, 20_200);
  await platform.carried();
  const live = await (await LivePage.open(gateway.url, browser)).live();
  await shows(live.cell('NIFTY', 'change'), '+200.00');
  await shows(live.cell('NIFTY', 'percent'), '+1.00%');
  const title = await live.cell('NIFTY', 'percent').getAttribute('title');
  expect(title).toMatch(/^Since the first price of the session, /);
  await shows(live.page.locator('.product-note'), /^since the session's first price at /);
  const line = live.row('NIFTY').locator('.trend-line');
  await waitFor(async () => (await line.getAttribute('d'))?.match(/[ML]/g)?.length === 3);
});

it('without history, it says that changes are measured against the first price that it received', async () => {
  const without = await GatewayProcess.start({
    REDIS_URL: redis.url,
    LIVE_PAGE: 'on',
    PRODUCTS: 'NIFTY',
    HISTORY_SECONDS: '0',
    HISTORY_BAR_DAYS: '0',
  });
  const own = new Platform(redis, without);
  await own.publish(UNDERLYING, { ...underlying('NIFTY', 1), price: 100 });
  await own.carried();
  const live = await (await LivePage.open(without.url, browser)).live();
  await shows(live.cell('NIFTY', 'price'), '₹100.00');
  await own.publish(UNDERLYING, { ...underlying('NIFTY', 2), price: 101 });
  await shows(live.cell('NIFTY', 'percent'), '+1.00%');
  const title = await live.cell('NIFTY', 'percent').getAttribute('title');
  expect(title).toMatch(/^Since the first price that this page received, /);
  await shows(live.page.locator('.product-note'), /^since the first price seen here at /);
  await without.stop();
});

it('the first product is open on arrival, and every tile is what was published', async () => {
  await price('NIFTY', 1, 21_450.5);
  await publishChain('NIFTY', 1, NEAR, {
    spot_price: 21_451,
    pcr_oi: 0.9464,
    pcr_volume: 1.0259,
    max_pain_strike: 21_400,
    atm_straddle_price: 449.33,
    total_call_oi: 1_146_062,
    total_put_oi: 1_084_590,
  });
  await publishChain('NIFTY', 1, FAR, { pcr_oi: 2, max_pain_strike: 1 });
  await platform.carried();
  const live = await (await LivePage.open(gateway.url, browser)).live();
  await shows(live.page.locator('.product-name'), 'NIFTY');
  expect(await live.row('NIFTY').locator('button').getAttribute('aria-current')).toBe('true');
  await shows(live.tile('pcrOi'), '0.95');
  await shows(live.tile('pcrVolume'), '1.03');
  await shows(live.tile('maxPain'), '21,400');
  await shows(live.tileDetail('maxPain'), '−51 to spot');
  await shows(live.tile('straddle'), '₹449.33');
  await shows(live.tileDetail('straddle'), '±2.1 % of spot');
  await shows(live.tile('totalOi'), '2.23M');
  await shows(live.tileDetail('totalOi'), 'C 1.15M · P 1.08M');
  await shows(live.tile('feed'), 'Live');
  await shows(live.tile('market'), 'Open');

  await publishChain('NIFTY', 9_000, NEAR, {
    pcr_oi: 1.2051,
    pcr_volume: 0.5,
    max_pain_strike: 21_500,
    atm_straddle_price: null,
    total_call_oi: 500,
    total_put_oi: 400,
  });
  await shows(live.tile('pcrOi'), '1.21');
  await shows(live.tile('pcrVolume'), '0.50');
  await shows(live.tile('maxPain'), '21,500');
  await shows(live.tile('straddle'), '–');
  await shows(live.tile('totalOi'), '900');
  expect(live.browser.complaints).toEqual([]);
});

it('opens another product by a click or with the keyboard, and searches and sorts', async () => {
  await price('NIFTY', 1, 21_450);
  await price('AAPL', 1, 200);
  await price('GOLD', 1, 2_000);
  await platform.carried();
  const live = await (await LivePage.open(gateway.url, browser)).live();
  await shows(live.cell('GOLD', 'price'), '2,000.00');
  const { page } = live;
  const name = page.locator('.product-name');
  const order = () => page.locator('tbody .watch-open').allTextContents();
  await live.row('AAPL').click();
  await shows(name, 'AAPL');
  expect(await page.locator('.watch-row.open').count()).toBe(1);

  await live.row('AAPL').locator('button').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await shows(name, 'GOLD');
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  await shows(name, 'NIFTY');

  await page.keyboard.press('/');
  await page.keyboard.type('ol');
  await page.locator('.watch-row').nth(1).waitFor({ state: 'detached' });
  expect(await order()).toEqual(['GOLD']);
  await page.keyboard.press('Enter');
  await shows(name, 'GOLD');
  await page.getByLabel('Search products').fill('zz');
  await page.getByText('No product contains “zz”.').waitFor();
  await page.getByLabel('Search products').fill('');

  const sort = (by: string) => page.getByRole('button', { name: by, exact: true }).click();
  await sort('Last');
  await waitFor(async () => (await order()).join() === 'NIFTY,GOLD,AAPL');
  await sort('Last');
  await waitFor(async () => (await order()).join() === 'AAPL,GOLD,NIFTY');
  expect(await page.locator('th[aria-sort]').getAttribute('aria-sort')).toBe('ascending');
  await sort('Product');
  await shows(page.locator('tbody .watch-open').nth(2), 'NIFTY');
  expect(live.browser.complaints).toEqual([]);
});

it('counts the bytes and updates that the connection brings', async () => {
  let received = 0;
  const live = await LivePage.open('about:blank', browser);
  live.page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => (received += Buffer.byteLength(payload))),
  );
  await live.page.goto(gateway.url);
  await live.live();
  await price('NIFTY', 1, 1);
  await shows(live.cell('NIFTY', 'price'), '₹1.00');
  await shows(live.fact('updates'), /^\d+(\.\d)? \/ s$/);
  await shows(live.fact('latency'), /^[\d.]+ ms, median [\d.]+ ms$/);
  await shows(live.fact('heartbeat'), /^\d s ago$/);
  await shows(live.fact('queue'), /^[\d.]+ ms$/);
  const text = async () => (await live.fact('bytes').textContent())!;
  await shows(live.fact('bytes'), / in all$/);
  // The frames are counted until the page has drawn what it counted.
  const before = received;
  const shown = /, ([\d.]+) (B|kB) in all$/.exec(await text())!;
  const bytes = Number(shown[1]) * (shown[2] === 'kB' ? 1_000 : 1);
  expect(bytes).toBeGreaterThan(500);
  expect(bytes).toBeLessThanOrEqual(before + 50);
});

it('the times of the feed are not read as local times', async () => {
  const now = new Date().toISOString().replace('Z', '');
  await platform.publish(UNDERLYING, { ...underlying('NIFTY', 1), price: 5, timestamp: now });
  await platform.carried();
  const live = await (await LivePage.open(gateway.url, browser)).live();
  await shows(live.cell('NIFTY', 'age'), /^\d+ s$/);
  expect(timestampOf(0)).not.toContain('Z');
});
