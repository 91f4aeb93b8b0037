import { chain, EXPIRY, timestampOf } from '../../test/support/messages.js';
import { OPTION_CHAIN } from '../../test/support/platform.js';
import { parseMessage } from '../feed/parse-message.js';
import type { ChainMessage } from '../feed/market-message.js';
import { openingRows, openingText } from './opening.js';

const leg = (strike: number, more: object = {}) => ({
  strike,
  open_interest: strike + 1,
  last: strike / 2,
  ...more,
});

const textOf = (message: object): string | undefined =>
  openingText(parseMessage(OPTION_CHAIN, JSON.stringify(message), { maxSize: 1e6 }) as ChainMessage);

function rowsOf(calls: object[], puts: object[]): unknown {
  const value = textOf({ ...chain('NIFTY', 1, EXPIRY), calls, puts });
  return value === undefined ? undefined : openingRows({ value });
}

it('keeps open interest and last price of both options of each strike', () => {
  expect(rowsOf([leg(100), leg(200)], [leg(200), leg(300)])).toEqual([
    [timestampOf(1), 100, 101, 50, null, null],
    [timestampOf(1), 200, 201, 100, 201, 100],
    [timestampOf(1), 300, null, null, 301, 150],
  ]);
});

it('keeps null for what the platform does not send', () => {
  expect(rowsOf([{ strike: 100 }], [leg(100, { last: null })])).toEqual([
    [timestampOf(1), 100, null, null, 101, null],
  ]);
});

it('takes no chain without open interest', () => {
  expect(rowsOf([], [])).toBeUndefined();
  expect(rowsOf([leg(100, { open_interest: null })], [{ strike: 100, last: 5 }])).toBeUndefined();
});

it('has at most 5,000 strikes', () => {
  const calls = Array.from({ length: 5_010 }, (_, n) => leg(n + 1));
  expect(rowsOf(calls, [])).toHaveLength(5_000);
});

it('takes the first of two options with one strike', () => {
  expect(rowsOf([leg(100, { last: 7 }), leg(100, { last: 8 })], [])).toEqual([
    [timestampOf(1), 100, 101, 7, null, null],
  ]);
});

it.each(['', 'x', '{}', '[]', '[1]', '["t"]', '["t",[1,2,3]]', '["t",[1,2,3,4,"5"]]', '["t",{}]', 'null'])(
  'does not take %j of another program for an opening',
  (value) => {
    expect(openingRows({ value })).toBeUndefined();
  },
);
