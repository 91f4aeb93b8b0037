import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { expectedCells, scrolledCells, shownCells } from '../../support/chain-cells.js';
import { repeat } from '../../support/cleanup.js';
import {
  expiryIn,
  type LiveChain,
  liveChain,
  type LiveChainOptions,
  pythonTime,
} from '../../support/live-chains.js';
import { ChainPage } from '../../support/chain-page.js';
import { waitFor } from '../../support/wait.js';

/** There is room for every column here, with and without the Greeks. px */
const WIDE = 2700;

let live: ChainPage;
let page: Page;
let n = 1;
/** The first chain of each expiry, which is the opening of the session. */
const openings = new Map<string, LiveChain>();

beforeAll(async () => {
  live = await ChainPage.start();
});
afterAll(() => live.stop());
afterEach(async () => {
  await page.evaluate('localStorage.clear()');
  await page.close();
});

async function publish(options: LiveChainOptions = {}): Promise<LiveChain> {
  const chain = liveChain(n++, options);
  await live.publishChain(chain);
  if (!openings.has(chain.expiry)) openings.set(chain.expiry, chain);
  return chain;
}

const button = (name: string) => page.locator('.chain').getByRole('button', { name, exact: true });
const rows = () => page.locator('.chain-table tbody tr[data-strike]');
const fact = (name: string) => page.locator(`[data-fact="${name}"]`);
const strikeInMiddle = `(() => {
  const box = document.querySelector('.chain-scroll').getBoundingClientRect();
  const head = document.querySelector('.chain-table thead').getBoundingClientRect();
  const y = (head.bottom + box.bottom) / 2;
  return document.elementFromPoint(box.left + 20, y - 1).closest('tr').dataset.strike;
})()`;

async function shows(chain: LiveChain, baseline = openings.get(chain.expiry)!): Promise<void> {
  const expected = expectedCells(chain, baseline);
  await waitFor(async () => {
    const shown = await shownCells(page);
    return shown.size > 0 && [...shown].every(([name, text]) => expected.get(name) === text);
  }, 'the page does not show the published chain');
}

it('shows every cell of a chain, and each change of it', async () => {
  const first = await publish({ strikes: 121 });
  page = await live.open(WIDE);
  await button('All').click();
  await button('Greeks').click();
  await shows(first, first);
  expect(Object.fromEntries(await scrolledCells(page))).toEqual(
    Object.fromEntries(expectedCells(first, first)),
  );
  const second = await publish({ strikes: 121 });
  await shows(second, first);
  expect(Object.fromEntries(await scrolledCells(page))).toEqual(
    Object.fromEntries(expectedCells(second, first)),
  );
  expect(live.browser.complaints).toEqual([]);
});

it('a changed cell flashes for a moment, unless the reader wants less motion', async () => {
  await publish();
  page = await live.open(WIDE);
  await rows().first().waitFor();
  const flashes = page.locator('.chain-table .flash-up');
  const last = rows().first().locator('td.last').first();
  let before = await last.textContent();
  await publish();
  await flashes.first().waitFor();
  await waitFor(async () => (await flashes.count()) === 0, 'the flash does not end');

  await page.emulateMedia({ reducedMotion: 'reduce' });
  before = await last.textContent();
  await page.evaluate(`window.flashed = 0; new MutationObserver((changes) => {
    window.flashed += changes.filter(({ target }) => /flash/.test(target.className)).length;
  }).observe(document.querySelector('.chain-table'), { subtree: true, attributeFilter: ['class'] });`);
  await publish();
  await waitFor(async () => (await last.textContent()) !== before, 'the chain does not change');
  expect(await page.evaluate('window.flashed')).toBe(0);
});

it('marks the money, max pain, the walls and what is in the money', async () => {
  const chain = await publish({ spot: 21_510, strikes: 21 });
  page = await live.open(WIDE);
  const row = (strike: number) => page.locator(`tr[data-strike="${strike}"]`);
  await row(21_500).waitFor();
  await waitFor(async () => (await fact('Spot').textContent()) === '₹21,510.00');
  await expect(row(21_500).getAttribute('class')).resolves.toContain('atm');
  expect(await row(21_500).locator('.atm').isVisible()).toBe(true);
  expect(await row(21_400).locator('.mp').isVisible()).toBe(true);
  expect(await row(21_500).getAttribute('class')).toContain('below');
  expect(await row(21_550).getAttribute('class')).toContain('above');
  const highest = chain.calls.at(-1)!.strike;
  expect(await row(highest).getAttribute('class')).toContain('calls-wall');
  expect(await row(chain.puts.at(-1)!.strike).getAttribute('class')).toContain('puts-wall');
  expect(await fact('Max pain').textContent()).toBe('21,400');
  const bars = `[...document.querySelectorAll('.chain-table tbody tr[data-strike]')].map((row) => [
    Number(row.dataset.strike),
    ...[...row.querySelectorAll('td.oi')].map((cell) => cell.style.getPropertyValue('--bar')),
  ])`;
  const [calls, puts] = [chain.calls, chain.puts].map(
    (legs) => new Map(legs.map(({ strike, open_interest }) => [strike, Number(open_interest ?? 0)])),
  );
  const largest = Math.max(...calls!.values(), ...puts!.values());
  const lengthOf = (oi = 0) => `${Math.round((oi / largest) * 100)}%`;
  const strikes = [...new Set([...calls!.keys(), ...puts!.keys()])].sort((a, b) => a - b);
  expect(await page.evaluate(bars)).toEqual(
    strikes.map((strike) => [strike, lengthOf(calls!.get(strike)), lengthOf(puts!.get(strike))]),
  );
});

it('keeps the strike at the money in the middle, until the reader scrolls', async () => {
  await publish({ strikes: 201, spot: 21_510 });
  page = await live.open(1400, 700);
  await button('All').click();
  const middle = async () => Number(await page.evaluate(strikeInMiddle));
  await waitFor(async () => (await middle()) === 21_500, 'it is not in the middle');
  await publish({ strikes: 201, spot: 22_010 });
  await waitFor(async () => (await middle()) === 22_000, 'it does not follow');

  await page.locator('.chain-scroll').hover();
  await page.mouse.wheel(0, -1_500);
  await waitFor(async () => (await button('Centre').getAttribute('aria-pressed')) === 'false');
  // It sticks to the edge.
  expect(await page.locator('tr[data-strike="22000"]').isVisible()).toBe(true);
  await publish({ strikes: 201, spot: 22_510 });
  await waitFor(async () => /22,510/.test((await fact('Spot').textContent()) ?? ''));
  expect(await middle()).not.toBe(22_500);
  await button('Centre').click();
  await waitFor(async () => (await middle()) === 22_500, 'it is not in the middle again');
});

it('asks the gateway for no more strikes and columns than it shows, and says what they cost', async () => {
  await publish();
  const asked: string[] = [];
  page = await live.browser.open('about:blank');
  page.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => {
      const [, view] = /"type":"chain".*"view":(\{[^}]*\})/.exec(String(payload)) ?? [];
      if (view) asked.push(view);
    }),
  );
  await page.setViewportSize({ width: 390, height: 600 });
  await page.goto(live.gateway.url);
  await rows().first().waitFor();
  const last = () => JSON.parse(asked.at(-1)!) as unknown;
  await waitFor(
    () => asked.some((view) => view.includes('quote')),
    () => asked.join(),
  );
  await button('±5').click();
  await waitFor(async () => (await rows().count()) === 11, 'there are not 11 strikes');
  expect(last()).toMatchObject({ strikes: 5 });
  await page.setViewportSize({ width: 1920, height: 900 });
  await waitFor(
    () => JSON.stringify(last()) === '{"mode":"full","strikes":5}',
    () => asked.join(),
  );
  const stop = repeat(() => publish(), 200);
  await waitFor(async () => /kB\/s, [3-9]\.\d updates\/s/.test((await fact('Cost').textContent()) ?? ''));
  stop();
});

it('changes between the expiries with the keyboard', async () => {
  const [near, far] = [expiryIn(3), expiryIn(10)];
  const first = await publish({ expiry: near });
  const other = await publish({ expiry: far });
  page = await live.open(WIDE);
  const tab = (expiry: string) => page.locator(`[role=tab][data-expiry="${expiry}"]`);
  await shows(first);
  await tab(near).press('ArrowRight');
  await waitFor(async () => (await tab(far).getAttribute('aria-selected')) === 'true');
  await shows(other);
  expect(await page.getByRole('tabpanel').getAttribute('aria-labelledby')).toBe(
    await tab(far).getAttribute('id'),
  );
});

it('a strike is chosen with the keyboard, and the open interest chart shows it', async () => {
  await publish({ spot: 21_510, strikes: 41 });
  page = await live.open(WIDE);
  const strike = (value: number) => page.locator(`tr[data-strike="${value}"] button`);
  await strike(21_500).waitFor();
  await strike(21_500).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await waitFor(async () => (await strike(21_600).getAttribute('aria-pressed')) === 'true');
  const focused = () => page.evaluate(`Number(document.activeElement.closest('tr').dataset.strike)`);
  expect(await focused()).toBe(21_600);
  const chart = page.getByRole('figure', { name: 'Open interest by strike' });
  await chart.scrollIntoViewIfNeeded();
  await waitFor(async () => /21,600 {2}Calls/.test((await chart.getAttribute('aria-label')) ?? ''));
  await strike(21_600).focus();
  await page.keyboard.press('End');
  expect(await focused()).toBe(22_500);
});

it('is a table with headings for its rows and columns, and tells how long it is', async () => {
  await publish({ strikes: 201 });
  page = await live.open(WIDE);
  await button('All').click();
  const table = page.getByRole('table', { name: 'Option chain of NIFTY' });
  await waitFor(async () => (await table.getAttribute('aria-rowcount')) === '203');
  expect(await table.locator('thead th[scope=col]').count()).toBe(17);
  expect(await table.locator('thead th[scope=colgroup]').allTextContents()).toEqual(['Calls', 'Puts']);
  const middle = rows().nth(8);
  expect(await middle.locator('th[scope=row]').count()).toBe(1);
  expect(Number(await middle.getAttribute('aria-rowindex'))).toBeGreaterThan(2);
  expect(await page.locator('.chain [aria-live]').count()).toBe(0);
});

it('remembers the columns and the strikes', async () => {
  await publish();
  page = await live.open(WIDE);
  await rows().first().waitFor();
  await page.locator('.chain-columns summary').click();
  await page.getByRole('checkbox', { name: 'Volume' }).uncheck();
  await page.keyboard.press('Escape');
  await button('±10').click();
  await page.reload();
  await rows().first().waitFor();
  expect(await page.locator('.chain-table thead th.volume').count()).toBe(0);
  expect(await page.locator('.chain-table thead th.bid').count()).toBe(2);
  await waitFor(async () => (await rows().count()) === 21);
});

it('saves the chain as CSV', async () => {
  const chain = await publish({ strikes: 21 });
  page = await live.open(WIDE);
  await page.locator('.chain-reset').click();
  await shows(chain, chain);
  const [download] = await Promise.all([page.waitForEvent('download'), button('CSV').click()]);
  expect(download.suggestedFilename()).toMatch(/^NIFTY-\d{4}-\d\d-\d\d-\d{8}T\d{6}Z\.csv$/);
  const [head, ...lines] = readFileSync(await download.path(), 'utf8')
    .trim()
    .split('\r\n');
  const names = head!.split(',');
  expect(lines).toHaveLength(21);
  const values = lines[4]!.split(',').map((text) => (text === '' ? null : Number(text)));
  const row = Object.fromEntries(names.map((name, at) => [name, values[at]]));
  expect(row).toMatchObject({
    strike: chain.calls[4]!.strike,
    call_last: chain.calls[4]!.last,
    call_iv: chain.calls[4]!.iv,
    put_open_interest: chain.puts[4]!.open_interest,
    put_last_change: 0,
  });
});

it('changes are relative to the chain that the reader chooses', async () => {
  page = await live.open(WIDE);
  const chain = await publish();
  await shows(chain);
  await page.reload();
  await shows(chain);
  await page.locator('.chain-reset').click();
  await shows(chain, chain);
  const next = await publish();
  await shows(next, chain);
  await page.reload();
  await shows(next, chain);
});

it('a browser that opens later shows the changes since the opening of the session', async () => {
  const expiry = expiryIn(24);
  const [opening] = [await publish({ expiry }), await publish({ expiry })];
  const key = `history:opening:NIFTY:${expiry}`;
  await waitFor(async () => (await live.redis.client.xlen(key)) === 1);
  page = await live.open(WIDE);
  await page.locator(`[role=tab][data-expiry="${expiry}"]`).click();
  const chain = await publish({ expiry });
  await shows(chain, opening);
  const since = await fact('Changes since').textContent();
  expect(since).toMatch(/\d:\d\d:\d\d/);
  const title = page.locator('.chain-table thead th.oi_change').first();
  expect(await title.getAttribute('title')).toBe(`Change in open interest since ${since}`);
});

it('without history, a tab that is opened later shows the changes since the first chain of the day', async () => {
  const without = await ChainPage.start({ HISTORY_SECONDS: '0' });
  try {
    const [first, second] = [liveChain(n++), liveChain(n++)];
    await without.publishChain(first);
    page = await without.open(WIDE);
    await shows(first, first);
    await page.close();
    page = await without.open(WIDE);
    await without.publishChain(second);
    await shows(second, first);
    await page.close();
  } finally {
    await without.stop();
    page = await live.open(WIDE);
  }
});

it('a page that stays open compares with the first chain of the new day', async () => {
  const [near, expiry] = [expiryIn(3), expiryIn(17)];
  await publish({ expiry: near });
  const yesterday = liveChain(n++, { expiry });
  await live.publishChain({ ...yesterday, timestamp: pythonTime(Date.now() - 86_400_000) });
  page = await live.open(WIDE);
  await page.locator(`[role=tab][data-expiry="${expiry}"]`).click();
  await shows(yesterday, yesterday);
  const today = await publish({ expiry });
  await shows(today, today);
  const later = await publish({ expiry });
  await shows(later, today);
});

it('shows the newest of many chains with 500 strikes, with no more rows than are in view', async () => {
  await publish({ strikes: 500 });
  page = await live.open(WIDE);
  await button('All').click();
  await rows().first().waitFor();
  let newest: LiveChain | undefined;
  const stop = repeat(async () => (newest = await publish({ strikes: 500 })), 100);
  await waitFor(async () => /(9|10)\.\d updates/.test((await fact('Cost').textContent()) ?? ''));
  stop();
  await waitFor(async () => {
    const cells = await shownCells(page);
    const expected = expectedCells(newest!, newest!);
    return [...cells].every(([name, text]) => /change/.test(name) || expected.get(name) === text);
  }, 'the last chain is not shown');
  expect(await rows().count()).toBeLessThan(60);
});

it('says that the connection is lost, and shows the next chain when it is back', async () => {
  const first = await publish();
  page = await live.open(WIDE);
  await shows(first);
  await page.context().setOffline(true);
  await page.locator('.chain.stale .chain-notice', { hasText: 'No connection' }).waitFor();
  await page.context().setOffline(false);
  await waitFor(async () => (await page.locator('.chain.stale').count()) === 0);
  const second = await publish();
  await shows(second);
});
