import { isExpiry, isSymbol, parseTimestamp, roomKind, roomName, timestampProblem } from './index.js';

describe('isSymbol', () => {
  it.each(['NIFTY', 'M&M', 'BAJAJ-AUTO', 'BRK.B', 'nifty', '3M', 'A'.repeat(32)])('accepts %s', (symbol) => {
    expect(isSymbol(symbol)).toBe(true);
  });

  it.each([
    '',
    '*',
    'NIF*',
    'N?',
    '[A]',
    'A B',
    'A:B',
    'NIFTY\n',
    '-A',
    '&',
    'A'.repeat(33),
    'A'.repeat(5000),
    'é',
    5,
    null,
    ['A'],
  ])('rejects %p', (symbol) => {
    expect(isSymbol(symbol)).toBe(false);
  });
});

describe('isExpiry', () => {
  it.each([
    ['2026-11-26', true],
    ['2028-02-29', true],
    ['2027-02-29', false],
    ['2026-13-01', false],
    ['2026-11-26T00:00:00', false],
    ['26-11-2026', false],
    [20261126, false],
  ])('%p: %p', (value, expected) => {
    expect(isExpiry(value)).toBe(expected);
  });
});

describe('parseTimestamp', () => {
  const second = Date.UTC(2026, 10, 22, 4, 43, 39) * 1000;

  it.each([
    ['2026-11-22T04:43:39', 0],
    ['2026-11-22T04:43:39Z', 0],
    ['2026-11-22 04:43:39', 0],
    ['2026-11-22T04:43:39.5', 500_000],
    ['2026-11-22T04:43:39.333273', 333_273],
    ['2026-11-22T04:43:39.333273999', 333_273],
    ['2026-11-22T10:13:39.000001+05:30', 1],
    ['2026-11-21T23:43:39.000001-0500', 1],
  ])('%s is %d microseconds past the second', (text, micros) => {
    expect(parseTimestamp(text)).toBe(second + micros);
  });

  it.each([
    '',
    'now',
    '2026-11-22',
    '2026-04-31T00:00:00',
    '2026-13-01T00:00:00',
    '2026-00-01T00:00:00',
    '2026-01-01T00:00:60',
    '2026-11-22T24:00:00',
    '2026-11-22T04:60:00',
    '2026-11-22T04:43',
    1e9,
    null,
  ])('rejects %p', (value) => {
    expect(parseTimestamp(value)).toBeUndefined();
  });

  it.each([
    ['2026-11-22T04:43:39+99:99', /offset/],
    ['2026-11-22T04:43:39+05:60', /offset/],
    ['2026-11-22T04:43:39-14:01', /offset/],
    ['2026-11-22T04:43:39+1500', /offset/],
    ['0000-01-01T00:00:00', /before 1970/],
    ['0001-01-01T00:00:00', /before 1970/],
    ['0099-12-31T23:59:59Z', /before 1970/],
    ['1900-01-01T09:15:00', /before 1970/],
    ['2026-02-30T00:00:00', /exists/],
    ['now', /ISO 8601/],
    [5, /ISO 8601/],
  ])('rejects %p and says why', (value, why) => {
    expect(parseTimestamp(value)).toBeUndefined();
    expect(timestampProblem(value)).toMatch(why);
  });

  it.each(['2026-11-22T18:43:39+14:00', '2026-11-21T16:43:39-12:00', '2026-11-22T04:43:39'])(
    'accepts %s, whose offset exists',
    (value) => {
      expect(parseTimestamp(value)).toBe(second);
      expect(timestampProblem(value)).toBeUndefined();
    },
  );
});

it('builds the names of rooms, and recognises them', () => {
  expect(roomName({ type: 'general' })).toBe('general');
  expect(roomName({ type: 'product', symbol: 'M&M' })).toBe('product:M&M');
  expect(roomName({ type: 'chain', symbol: 'NIFTY' })).toBe('chain:NIFTY');
  expect(roomName({ type: 'chain', symbol: 'NIFTY', expiry: '2026-11-26' })).toBe('chain:NIFTY:2026-11-26');
  expect(['general', 'product:X', 'chain:X:2026-01-01', 'BvK3x'].map(roomKind)).toEqual([
    'general',
    'product',
    'chain',
    undefined,
  ]);
});
