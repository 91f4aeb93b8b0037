import type { Page } from 'playwright-core';
import type { LiveChain, LiveSide } from './live-chains.js';

/** The column and the field of the feed that it shows, with the digits after the point. */
const FIELDS = {
  oi: ['open_interest', 0],
  volume: ['volume', 0],
  iv: ['iv', 2],
  last: ['last', 2],
  bid: ['bid', 2],
  ask: ['ask', 2],
  delta: ['delta', 3],
  gamma: ['gamma', 5],
  theta: ['theta', 2],
  vega: ['vega', 2],
} as const;
const CHANGES = { oi_change: ['open_interest', 0], change: ['last', 2] } as const;

/** A number as a reader of English sees it, with a minus sign as wide as a digit. */
function written(value: number | null | undefined, digits: number, sign: 'auto' | 'exceptZero'): string {
  if (value === null || value === undefined) return '–';
  const format = new Intl.NumberFormat('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    signDisplay: sign,
  });
  return format.format(value).replace('-', '−');
}

/** The texts of all cells of a chain, by strike, side and column: `21500 calls last`. */
export function expectedCells(chain: LiveChain, baseline: LiveChain): Map<string, string> {
  const cells = new Map<string, string>();
  const strikes = new Set([...chain.calls, ...chain.puts].map(({ strike }) => strike));
  for (const side of ['calls', 'puts'] as const) {
    for (const strike of strikes) {
      const leg = legOf(chain, side, strike);
      const before = legOf(baseline, side, strike);
      const name = `${strike} ${side}`;
      for (const [column, [field, digits]] of Object.entries(FIELDS)) {
        const value = leg?.[field] as number | null | undefined;
        const shown = field === 'iv' && typeof value === 'number' ? value * 100 : value;
        cells.set(`${name} ${column}`, written(shown, digits, 'auto'));
      }
      for (const [column, [field, digits]] of Object.entries(CHANGES)) {
        const [now, then] = [leg?.[field], before?.[field]];
        const change = typeof now === 'number' && typeof then === 'number' ? now - then : null;
        cells.set(`${name} ${column}`, written(change, digits, 'exceptZero'));
      }
    }
  }
  return cells;
}

function legOf(chain: LiveChain, side: LiveSide, strike: number) {
  return chain[side].find((leg) => leg.strike === strike);
}

const READ = `[...document.querySelectorAll('.chain-table tbody tr[data-strike]')].flatMap((row) =>
  [...row.querySelectorAll('td')].map((cell) =>
    [row.dataset.strike + ' ' + cell.dataset.side + ' ' + cell.dataset.column, cell.textContent]))`;

/** The cells of the rows that exist, and the marks that they have. */
export async function shownCells(page: Page): Promise<Map<string, string>> {
  return new Map(await page.evaluate<[string, string][]>(READ));
}

/** All cells of a ladder, which is scrolled from its beginning to its end. */
export async function scrolledCells(page: Page): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  const height = await page.evaluate<number>(`document.querySelector('.chain-scroll').scrollHeight`);
  for (let top = 0; top < height; top += 300) {
    await page.evaluate(`new Promise((done) => {
      document.querySelector('.chain-scroll').scrollTop = ${top};
      requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done)));
    })`);
    for (const [name, text] of await shownCells(page)) all.set(name, text);
  }
  return all;
}
