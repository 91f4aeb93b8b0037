import { LISTED, nextOrder, ordered } from './order.js';

const product = (symbol: string, price?: number, changeFraction?: number, at = 0) => ({
  symbol,
  price,
  changeFraction,
  at,
});
const PRODUCTS = [product('NIFTY', 200, 0.01, 5), product('AAPL', 100, -0.02, 9), product('GOLD', undefined)];
const names = (list: readonly { readonly symbol: string }[]) => list.map(({ symbol }) => symbol).join();

it('sorts names upwards and numbers downwards first, and a third click ends the sorting', () => {
  expect(nextOrder(LISTED, 'product')).toEqual({ key: 'product', descending: false });
  const first = nextOrder(LISTED, 'price');
  expect(first).toEqual({ key: 'price', descending: true });
  const second = nextOrder(first, 'price');
  expect(second).toEqual({ key: 'price', descending: false });
  expect(nextOrder(second, 'price')).toEqual(LISTED);
  expect(nextOrder(second, 'change')).toEqual({ key: 'change', descending: true });
});

it.each([
  ['listed', false, 'NIFTY,AAPL,GOLD'],
  ['product', false, 'AAPL,GOLD,NIFTY'],
  ['product', true, 'NIFTY,GOLD,AAPL'],
  ['price', true, 'NIFTY,AAPL,GOLD'],
  ['price', false, 'AAPL,NIFTY,GOLD'],
  ['change', true, 'NIFTY,AAPL,GOLD'],
  ['age', true, 'GOLD,NIFTY,AAPL'],
] as const)('by %s, descending %s: products without a value are last', (key, descending, expected) => {
  expect(names(ordered(PRODUCTS, { key, descending }, ''))).toBe(expected);
});

it('finds a part of a name, whatever its case', () => {
  expect(names(ordered(PRODUCTS, LISTED, ' ol '))).toBe('GOLD');
  expect(names(ordered(PRODUCTS, LISTED, 'x'))).toBe('');
});
