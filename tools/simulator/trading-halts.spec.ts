import { Random } from './random.js';
import { TradingHalts } from './trading-halts.js';

/** The halts of some time, in ticks of a tenth of a second: product, first and last second. */
function haltsOf(products: readonly string[], seed: number, seconds: number) {
  const halts = new TradingHalts(products, new Random(seed));
  const found: { product: string; from: number; to: number; reopened: string | undefined }[] = [];
  for (let tick = 1; tick <= seconds * 10; tick++) {
    const before = halts.halted;
    const reopened = halts.advance(0.1);
    if (halts.halted !== undefined && before === undefined)
      found.push({ product: halts.halted, from: tick / 10, to: Infinity, reopened: undefined });
    if (halts.halted === undefined && before !== undefined)
      Object.assign(found.at(-1)!, { to: tick / 10, reopened });
    if (halts.halted === before) expect(reopened).toBeUndefined();
  }
  return found;
}

it('halts each product for half a minute or more, one at a time, and soon', () => {
  const products = ['A', 'B', 'C', 'D'];
  const found = haltsOf(products, 7, 1000);
  expect(found[0]!.from).toBeCloseTo(5, 0);
  for (const [i, { product, from, to, reopened }] of found.slice(0, -1).entries()) {
    expect(reopened).toBe(product);
    expect(to - from).toBeGreaterThanOrEqual(29.9);
    expect(to - from).toBeLessThanOrEqual(45.2);
    const pause = found[i + 1]!.from - to;
    expect(pause).toBeGreaterThanOrEqual(9.9);
    expect(pause).toBeLessThanOrEqual(20.2);
  }
  const inTurn = found.map(({ product }) => product);
  expect(inTurn.slice(0, 4).sort()).toEqual(products);
  expect(inTurn.slice(4, 8).sort()).toEqual(products);
});

it('repeats with the same seed', () => {
  const products = ['A', 'B', 'C', 'D'];
  expect(haltsOf(products, 7, 500)).toEqual(haltsOf(products, 7, 500));
  expect(haltsOf(products, 7, 500)).not.toEqual(haltsOf(products, 8, 500));
});

it('works with one product', () => {
  expect(haltsOf(['A'], 7, 200).map(({ product }) => product)).toEqual(['A', 'A', 'A', 'A']);
});
