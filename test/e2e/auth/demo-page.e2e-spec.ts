import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { Browser } from '../../support/browser.js';
import { cleanUp } from '../../support/cleanup.js';
import { Command } from '../../support/command.js';
import { claims, epoch, hs256, JWT_SECRET } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

const DEMO = join(__dirname, '../../../dist/tools/demo.js');
const STORED = `sessionStorage.getItem('deltastream-token')`;

/** The demo of `npm run demo` on an in-process broker, with its page in Chromium. */
async function demo(mode: 'off' | 'optional' | 'required'): Promise<{ browser: Browser; page: Page }> {
  const program = Command.spawn(process.execPath, [DEMO], {
    env: {
      PATH: '/nonexistent',
      PORT: '0',
      AUTH_MODE: mode,
      JWT_SECRET,
      SECRET_KEY: JWT_SECRET.toLowerCase(),
    },
  });
  cleanUp(() => program.end('SIGTERM'));
  await program.until(() => program.output.includes('Open http'));
  const browser = await Browser.launch();
  return { browser, page: await browser.open(/Open (\S+)/.exec(program.output)![1]!) };
}

async function enter(page: Page, token: string): Promise<void> {
  await page.getByLabel('Token', { exact: true }).fill(token);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
}

/** SCREENSHOT=folder stores what the page looks like in both colour schemes. */
async function screenshot(page: Page, name: string): Promise<void> {
  if (!process.env.SCREENSHOT) return;
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: join(process.env.SCREENSHOT, `${name}-${colorScheme}.png`) });
  }
}

describe('the token field of the demo page', () => {
  const field = (page: Page) => page.getByLabel('Token', { exact: true });
  const problem = (page: Page) => page.locator('#token-problem');
  const connected = (page: Page) => page.getByText(/^Connected as/).waitFor();

  it('asks for a token that the gateway requires, and keeps it for this tab only', async () => {
    const { browser, page } = await demo('required');
    await problem(page).getByText('This gateway requires a token. Enter yours.').waitFor();
    await page.getByText('A token is required').waitFor();
    expect(await page.getByRole('button', { name: 'without a token' }).isVisible()).toBe(false);
    await screenshot(page, 'required');

    const token = hs256(claims({ role: 'trader' }));
    await enter(page, `  Bearer ${token}\n`);
    await connected(page);
    await page.locator('#prices tbody tr', { hasText: '₹' }).first().waitFor();
    await page.getByText(/^User 42 \(trader\), token valid until /).waitFor();
    expect(await field(page).isVisible()).toBe(false);
    expect(await page.evaluate(`location.href + document.cookie`)).not.toContain(token);
    await screenshot(page, 'signed-in');

    await page.reload();
    await connected(page);
    const other = await browser.open(page.url());
    await field(other).waitFor();
    await other.close();

    await page.getByRole('button', { name: 'Sign out' }).click();
    await field(page).waitFor();
    expect(await page.evaluate(STORED)).toBeNull();
    expect(browser.complaints).toEqual([]);
  });

  it('says what is wrong with a token that is refused, and asks again', async () => {
    const { page } = await demo('required');
    await enter(page, 'rubbish');
    await problem(page)
      .getByText(/^The token is not a JSON Web Token.* \(TOKEN_INVALID\)$/)
      .waitFor();
    await page.getByText('The token was refused').waitFor();
    await screenshot(page, 'refused');
    await enter(page, hs256(claims({ exp: epoch(-100) })));
    await problem(page)
      .getByText(/expired.* \(TOKEN_EXPIRED\)$/)
      .waitFor();
    expect(await page.evaluate(STORED)).toBeNull();
    await enter(page, hs256());
    await connected(page);
  });

  it('asks for another token before the one in use expires, and when it has expired', async () => {
    const { page } = await demo('required');
    await enter(page, hs256(claims({ exp: epoch(20) })));
    await problem(page)
      .getByText(/^Your token expires in 1 min\. Enter a new one to stay connected\.$/)
      .waitFor();
    const id = await page.evaluate(`socket.id`);
    await enter(page, hs256(claims({ user_id: 43 })));
    await problem(page)
      .getByText(/\(TOKEN_INVALID\)$/)
      .waitFor();
    await enter(page, hs256(claims({ exp: epoch(5) })));
    await waitFor(async () => !(await field(page).isVisible()), 'the new token was not taken');
    expect(await page.evaluate(`socket.id`)).toBe(id);
    await problem(page)
      .getByText(/expired.* \(TOKEN_EXPIRED\)$/)
      .waitFor({ timeout: 60_000 });
    await page.locator('#prices tbody tr.stale').first().waitFor();
  });

  it('is there on demand if a token is optional, and a refused one can be left out', async () => {
    const { page } = await demo('optional');
    await connected(page);
    expect(await field(page).isVisible()).toBe(false);
    await page.getByRole('button', { name: 'Use a token' }).click();
    await enter(page, 'rubbish');
    await problem(page)
      .getByText(/\(TOKEN_INVALID\)$/)
      .waitFor();
    await page.getByRole('button', { name: 'Connect without a token' }).click();
    await connected(page);
    await page.getByRole('button', { name: 'Use a token' }).click();
    await enter(page, hs256());
    await page.getByText(/^User 42 /).waitFor();
  });

  it('says so if the gateway checks no tokens', async () => {
    const { page } = await demo('off');
    await connected(page);
    await page.getByRole('button', { name: 'Use a token' }).click();
    await enter(page, hs256());
    await problem(page).getByText('This gateway checks no tokens (AUTH_MODE=off)').waitFor();
    expect(await page.evaluate(STORED)).toBeNull();
  });
});
