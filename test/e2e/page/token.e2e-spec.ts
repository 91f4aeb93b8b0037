import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { Browser } from '../../support/browser.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { LivePage, shows } from '../../support/live-page.js';
import { underlying } from '../../support/messages.js';
import { Platform, UNDERLYING } from '../../support/platform.js';
import { RedisServer } from '../../support/redis-server.js';
import { layoutProblems } from '../../support/text-layout.js';
import { claims, epoch, hs256, JWT_SECRET } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

const STORED = `sessionStorage.getItem('deltastream-token')`;

let redis: RedisServer;
let browser: Browser;
beforeAll(async () => {
  redis = await RedisServer.start();
  browser = await Browser.launch();
});
afterEach(() => browser.closePages());
afterAll(() => redis.stop());

async function open(mode: 'off' | 'optional' | 'required') {
  const gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    LIVE_PAGE: 'on',
    PRODUCTS: 'NIFTY',
    AUTH_MODE: mode,
    JWT_SECRET,
    SECRET_KEY: JWT_SECRET.toLowerCase(),
  });
  await gateway.ready();
  const platform = new Platform(redis, gateway);
  await platform.publish(UNDERLYING, { ...underlying('NIFTY', 1), price: 100 });
  await platform.carried();
  const live = await LivePage.open(gateway.url, browser);
  return { gateway, live, page: live.page };
}

const field = (page: Page) => page.getByLabel('Token', { exact: true });
const problem = (page: Page) => page.locator('#token-problem');

async function enter(page: Page, token: string): Promise<void> {
  await field(page).fill(token);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
}

/** SCREENSHOT=folder stores what the page looks like. */
async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOT;
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`) });
}

it('asks for a token that the gateway requires, and keeps it for this tab only', async () => {
  const { gateway, live, page } = await open('required');
  await shows(problem(page), 'This gateway requires a token. Enter yours.');
  await shows(live.banner, 'Not connected: the gateway needs a valid token.');
  expect(await page.getByRole('button', { name: 'without a token' }).isVisible()).toBe(false);
  expect(await layoutProblems(page)).toEqual([]);
  await screenshot(page, 'token-required');

  const token = hs256(claims({ role: 'trader' }));
  await enter(page, `  Bearer ${token}\n`);
  await live.live();
  await shows(live.cell('NIFTY', 'price'), '₹100.00');
  await shows(live.fact('user'), '42 (trader)');
  expect(await page.locator('#user').getAttribute('title')).toMatch(/^Token valid until /);
  expect(await field(page).isVisible()).toBe(false);
  expect(await page.evaluate(`location.href + document.cookie`)).not.toContain(token);

  await page.reload();
  await live.live();
  const other = await LivePage.open(gateway.url, browser);
  await field(other.page).waitFor();
  await other.page.close();

  await page.getByRole('button', { name: 'Sign out' }).click();
  await field(page).waitFor();
  expect(await page.evaluate(STORED)).toBeNull();
  expect(browser.complaints).toEqual([]);
  await gateway.stop();
});

it('says what is wrong with a token that is refused, and asks again', async () => {
  const { gateway, live, page } = await open('required');
  await field(page).waitFor();
  await enter(page, 'rubbish');
  await shows(problem(page), /^The token is not a JSON Web Token.* \(TOKEN_INVALID\)$/);
  await enter(page, hs256(claims({ exp: epoch(-100) })));
  await shows(problem(page), /expired.* \(TOKEN_EXPIRED\)$/);
  expect(await page.evaluate(STORED)).toBeNull();
  await enter(page, hs256());
  await live.live();
  await shows(live.cell('NIFTY', 'price'), '₹100.00');
  await gateway.stop();
});

it('asks for another token before the one in use expires, and when it has expired', async () => {
  const { gateway, live, page } = await open('required');
  await field(page).waitFor();
  await enter(page, hs256(claims({ exp: epoch(50) })));
  await shows(problem(page), 'Your token expires in 1 min. Enter a new one to stay connected.');
  const id = await live.fact('id').textContent();
  await enter(page, hs256(claims({ user_id: 43 })));
  await shows(problem(page), /\(TOKEN_INVALID\)$/);
  await enter(page, hs256(claims({ exp: epoch(20) })));
  // The gateway takes it, and announces at once that it expires too.
  await waitFor(async () => (await page.evaluate(STORED)) !== null);
  expect(await live.fact('id').textContent()).toBe(id);
  await shows(problem(page), /expired.* \(TOKEN_EXPIRED\)$/, 60_000);
  await shows(live.cell('NIFTY', 'reason'), 'no connection');
  await enter(page, hs256());
  await live.live();
  await shows(live.cell('NIFTY', 'reason'), '');
  await gateway.stop();
}, 150_000);

it('is there on demand if a token is optional, and a refused one can be left out', async () => {
  const { gateway, live, page } = await open('optional');
  await live.live();
  expect(await field(page).isVisible()).toBe(false);
  await page.getByRole('button', { name: 'Token' }).click();
  await enter(page, 'rubbish');
  await shows(problem(page), /\(TOKEN_INVALID\)$/);
  await page.getByRole('button', { name: 'Connect without a token' }).click();
  await live.live();
  await page.getByRole('button', { name: 'Token' }).click();
  await enter(page, hs256());
  await shows(live.fact('user'), /^42 /);
  await gateway.stop();
});

it('says so if the gateway checks no tokens', async () => {
  const { gateway, live, page } = await open('off');
  await live.live();
  await page.getByRole('button', { name: 'Token' }).click();
  await enter(page, hs256());
  await shows(problem(page), /^This gateway checks no tokens \(AUTH_MODE=off\)/);
  expect(await page.evaluate(STORED)).toBeNull();
  await gateway.stop();
});
