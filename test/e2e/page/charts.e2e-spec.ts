import type { Locator, Page } from 'playwright-core';
import { repeat } from '../../support/cleanup.js';
import { liveChain, pythonTime } from '../../support/live-chains.js';
import { ChainPage } from '../../support/chain-page.js';
import { waitFor } from '../../support/wait.js';

const MINUTE = 60_000;
const PRICE = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** The tests ask for the history again and again until it has what they wait for. */
const POLLED = { WORK_PER_SECOND: '10000000', WORK_BURST: '100000000', EVENTS_PER_SECOND: '100000' };

let page: Page;
afterEach(() => page.close());

const chart = (name: string) => page.getByRole('figure', { name });
/** The newest values, as a screen reader gets them. */
const label = async (figure: Locator) => (await figure.getAttribute('aria-label')) ?? '';

/** The last row of a page of history: time, open, high, low, close, count. */
async function lastBar(live: ChainPage): Promise<number[]> {
  const response = await live.gateway.get('/v1/history/prices/NIFTY?resolution=1m');
  const { bars } = (await response.json()) as { bars: number[][] };
  return bars.at(-1)!;
}

function candle([, open, high, low, close]: readonly number[]): string {
  const [o, h, l, c] = [open, high, low, close].map((value) => PRICE.format(value!));
  return `O ${o}  H ${h}  L ${l}  C ${c}`;
}

describe('with history', () => {
  let live: ChainPage;
  beforeAll(async () => {
    live = await ChainPage.start(POLLED);
    const now = Date.now();
    for (let n = 0; n < 30; n++)
      await live.publishPrice(21_500 + ((n * 7) % 11), pythonTime(now - 10 * MINUTE + n * 18_000));
    await live.publishChain(liveChain(1));
    await waitFor(async () => (await live.gateway.get('/v1/history/prices/NIFTY')).status === 200);
  });
  afterAll(() => live.stop());

  it('the last candle equals the bar of the history, and then follows each price', async () => {
    page = await live.open();
    const price = chart('Price of NIFTY');
    await waitFor(
      async () => (await label(price)).endsWith(candle(await lastBar(live))),
      () => 'no bar',
    );
    for (const value of [21_700, 21_400, 21_550.25]) {
      await live.publishPrice(value);
      await waitFor(async () => {
        const bar = await lastBar(live);
        return bar[4] === value && (await label(price)).endsWith(candle(bar));
      }, `the candle does not follow ${value}`);
    }
    expect(live.browser.complaints).toEqual([]);
  });

  it('the arrow keys read the candles one by one', async () => {
    page = await live.open();
    const price = chart('Price of NIFTY');
    const slider = price.getByRole('slider');
    const values = async () => (await slider.getAttribute('aria-valuetext')) ?? '';
    await waitFor(async () => /O 21/.test(await label(price)), 'no candle');
    await slider.press('Home');
    const response = await live.gateway.get('/v1/history/prices/NIFTY?resolution=1m');
    const { bars } = (await response.json()) as { bars: number[][] };
    expect(bars.length).toBeGreaterThan(8);
    await waitFor(async () => (await values()).endsWith(candle(bars[0]!)), values.toString());
    await slider.press('ArrowRight');
    await waitFor(async () => (await values()).endsWith(candle(bars[1]!)));
    expect(await price.locator('.chart-readout').textContent()).toBe(await values());
    await slider.press('Escape');
    await waitFor(async () =>
      (await price.locator('.chart-readout').textContent())!.endsWith(candle(await lastBar(live))),
    );
  });

  it('another length of the candles is read from the history', async () => {
    page = await live.open();
    const price = chart('Price of NIFTY');
    await price.getByRole('button', { name: '1h' }).click();
    const response = await live.gateway.get('/v1/history/prices/NIFTY?resolution=1h');
    const { bars } = (await response.json()) as { bars: number[][] };
    await waitFor(async () => (await label(price)).endsWith(candle(bars.at(-1)!)));
  });

  it('PCR and straddle begin with the history, and then follow each chain', async () => {
    for (let n = 2; n < 6; n++) await live.publishChain(liveChain(n));
    const history = async () => {
      const { expiry } = liveChain(0);
      const response = await live.gateway.get(`/v1/history/chains/NIFTY/${expiry}`);
      return response.text();
    };
    // Until the last of them is in it.
    await waitFor(async () => (await history()).includes('0.95,1.15,'), 'there is no history');
    page = await live.open();
    const pcr = chart('Put/call ratio');
    const straddle = chart('Straddle at the money');
    await straddle.scrollIntoViewIfNeeded();
    await waitFor(
      async () => /OI 0\.9500 {2}Volume 1\.1500$/.test(await label(pcr)),
      () => 'no PCR',
    );
    await waitFor(async () => /280\.50$/.test(await label(straddle)));
    await live.publishChain(liveChain(33));
    await waitFor(async () => /OI 1\.2300 {2}Volume 1\.4300$/.test(await label(pcr)));
    await waitFor(async () => /283\.30$/.test(await label(straddle)));
  });

  it('open interest and implied volatility are those of the chain', async () => {
    const chain = liveChain(50, { spot: 21_510 });
    await live.publishChain(chain);
    page = await live.open();
    const interest = chart('Open interest by strike');
    const smile = chart('Implied volatility by strike');
    await smile.scrollIntoViewIfNeeded();
    const [call, put] = [chain.calls, chain.puts].map((legs) =>
      legs.find(({ strike }) => strike === 21_500)!,
    );
    const count = (value: unknown) => Number(value).toLocaleString('en-US');
    const expected = `21,500  Calls ${count(call!.open_interest)}  Puts ${count(put!.open_interest)}`;
    await waitFor(
      async () => (await label(interest)).endsWith(expected),
      () => expected,
    );
    const percent = (value: unknown) => PRICE.format(Number(value) * 100);
    const volatility = `21,500  Calls ${percent(call!.iv)}  Puts ${percent(put!.iv)}`;
    await waitFor(
      async () => (await label(smile)).endsWith(volatility),
      () => volatility,
    );
  });

  it('a click on a strike of the open interest chart chooses it in the ladder', async () => {
    await live.publishChain(liveChain(60, { spot: 21_510, strikes: 21 }));
    page = await live.open();
    const interest = chart('Open interest by strike');
    await interest.scrollIntoViewIfNeeded();
    await waitFor(async () => /21,500/.test(await label(interest)));
    await interest.getByRole('slider').press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.locator('tr.selected[data-strike="21550"]').waitFor();
    await interest.locator('.u-over').click({ position: { x: 40, y: 60 } });
    await waitFor(async () => (await page.locator('tr.selected').getAttribute('data-strike')) !== '21550');
  });

  it('is drawn again when the scheme changes, and when the window does', async () => {
    page = await live.open(1920);
    const canvas = chart('Price of NIFTY').locator('canvas');
    await canvas.waitFor();
    const pixels = () => page.evaluate<string>(`document.querySelector('.chart canvas').toDataURL()`);
    const light = await pixels();
    await page.emulateMedia({ colorScheme: 'dark' });
    await waitFor(async () => (await pixels()) !== light);
    const width = async () => (await canvas.boundingBox())!.width;
    const before = await width();
    await page.setViewportSize({ width: 1000, height: 900 });
    await waitFor(async () => (await width()) !== before);
    await page.setViewportSize({ width: 390, height: 800 });
    await canvas.scrollIntoViewIfNeeded(); // what cannot be seen is not drawn
    await waitFor(async () => (await width()) <= 390 && (await width()) > 250);
  });
});

it('says that there is no history, and begins with live data', async () => {
  const live = await ChainPage.start({ HISTORY_SECONDS: '0' });
  await live.publishChain(liveChain(1));
  page = await live.open();
  await page.getByText('The gateway keeps no history. The chart begins with live prices.').waitFor();
  await chart('Straddle at the money').scrollIntoViewIfNeeded();
  await page.getByText('The gateway keeps no history. The chart begins with live data.').first().waitFor();
  const stop = repeat(() => live.publishPrice(21_512.5), 50);
  await waitFor(async () => /O 21,512\.50 {2}H 21,512\.50/.test(await label(chart('Price of NIFTY'))));
  stop();
  // One candle is a candle, and not a line in a chart of a day.
  const hits = `(() => {
    const canvas = document.querySelector('.chart canvas');
    const { data, width } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let most = 0;
    for (let y = 0; y < canvas.height; y++) {
      let run = 0;
      for (let x = 0; x < width; x++) {
        const at = 4 * (y * width + x);
        const [red, green, blue, alpha] = data.slice(at, at + 4);
        const isGreen = alpha > 200 && green > red + 60 && green > blue + 20;
        run = isGreen ? run + 1 : 0;
        most = Math.max(most, run);
      }
    }
    return most;
  })()`;
  await live.publishPrice(21_530);
  await waitFor(async () => (await page.evaluate<number>(hits)) >= 4, 'the candle has no width');
  await live.publishChain(liveChain(7));
  await waitFor(async () => /280\.70$/.test(await label(chart('Straddle at the money'))));
  await live.stop();
});
