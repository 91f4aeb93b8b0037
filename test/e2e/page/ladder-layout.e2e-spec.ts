import type { Page } from 'playwright-core';
import { liveChain } from '../../support/live-chains.js';
import { ChainPage } from '../../support/chain-page.js';
import { textProblems } from '../../support/text-layout.js';
import { waitFor } from '../../support/wait.js';

let live: ChainPage;
let page: Page;

beforeAll(async () => {
  live = await ChainPage.start();
  for (let n = 0; n < 5; n++) await live.publishPrice(21_500 + n);
  await live.publishChain(liveChain(1));
  page = await live.open(1400);
  await page.locator('.chain-table tbody tr[data-strike]').first().waitFor();
});
afterAll(() => live.stop());

/** The headings of the columns that are shown, those of the calls first. */
const headings = () => page.locator('.chain-table thead tr:last-child th').allTextContents();

describe.each(['light', 'dark'] as const)('in the %s scheme', (colorScheme) => {
  it.each([390, 768, 1400, 1920])('at %i px, no text is cut or covers another one', async (width) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: width < 500 ? 844 : 1000 });
    let problems: string[] = [];
    await waitFor(
      async () => {
        problems = await textProblems(page);
        return problems.length === 0;
      },
      () => problems.slice(0, 10).join('\n'),
      8_000,
    );
    expect(await headings()).toEqual(expect.arrayContaining(['OI', 'LTP', 'LTP', 'OI']));
  });
});

it('a phone shows the strike, the last price and the open interest of both sides', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await waitFor(async () => (await headings()).join() === 'OI,LTP,LTP,OI');
  const box = await page.locator('.chain-table').boundingBox();
  expect(box!.x).toBeGreaterThanOrEqual(0);
  expect(box!.x + box!.width).toBeLessThanOrEqual(390);
});
