import { portfolioEntryOf, portfolioEntryText, portfolioTable } from './portfolio-entry.js';

const TIME = '2026-11-29T10:00:00Z';
const kept = (portfolio: object, user = '42') => {
  const entry = portfolioEntryOf(
    { value: portfolioEntryText(user, { timestamp: TIME, ...portfolio }) },
    user,
  );
  return entry && Object.fromEntries(entry.numbers);
};

it('keeps the numbers, those in objects with dotted names, and no lists, texts or ids', () => {
  const portfolio = {
    user_id: 42,
    total: 1.5,
    name: 'long',
    open: true,
    nothing: null,
    margin: { used: -2, parts: { cash: 0 }, list: [1] },
    positions: [{ quantity: 1 }],
  };
  expect(kept(portfolio)).toEqual({ total: 1.5, 'margin.used': -2, 'margin.parts.cash': 0 });
});

it('bounds the numbers and their names', () => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`n${n}`, n]));
  expect(Object.keys(kept({ user_id: 42, ...many })!)).toEqual(Object.keys(many).slice(0, 64));
  expect(kept({ ['x'.repeat(65)]: 1, ['y'.repeat(64)]: 2 })).toEqual({ ['y'.repeat(64)]: 2 });
});

it('keeps names that have a meaning in JavaScript as they are', () => {
  const portfolio = JSON.parse('{"__proto__": 1, "constructor": {"prototype": 2}}') as object;
  const text = portfolioEntryText('42', Object.assign(portfolio, { timestamp: TIME }));
  const entry = portfolioEntryOf({ value: text }, '42');
  expect([...entry!.numbers]).toEqual([
    ['__proto__', 1],
    ['constructor.prototype', 2],
  ]);
});

it.each([
  ['of another user', portfolioEntryText('43', { timestamp: TIME })],
  ['without a user', `{"timestamp":"${TIME}","numbers":{}}`],
  ['without a time', '{"user_id":"42","numbers":{}}'],
  ['without numbers', `{"user_id":"42","timestamp":"${TIME}"}`],
  ['with a text for a number', `{"user_id":"42","timestamp":"${TIME}","numbers":{"a":"1"}}`],
  ['that is null', 'null'],
  ['that is no JSON', '{'],
])('reads no entry %s', (_, value) => {
  expect(portfolioEntryOf({ value }, '42')).toBeUndefined();
});

it('makes a table with a column for each name, in the order of first appearance', () => {
  const entry = (numbers: Record<string, number>) => ({
    timestamp: TIME,
    numbers: new Map(Object.entries(numbers)),
  });
  expect(portfolioTable([entry({ b: 1 }), entry({ a: 2, b: 3 })])).toEqual({
    columns: ['timestamp', 'b', 'a'],
    rows: [
      [TIME, 1, null],
      [TIME, 3, 2],
    ],
  });
  expect(portfolioTable([])).toEqual({ columns: ['timestamp'], rows: [] });
});

it('bounds the columns of a page, and the text of an entry', () => {
  const entries = Array.from({ length: 100 }, (_, n) => ({
    timestamp: TIME,
    numbers: new Map([
      ['pnl', n],
      [`order ${n}`, n],
    ]),
  }));
  const { columns, rows } = portfolioTable(entries);
  expect(columns).toHaveLength(65);
  expect(rows.map((row) => row[columns.indexOf('pnl')])).toEqual(entries.map((_, n) => n));
  const long = Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`${n}`.padStart(64, 'x'), Math.PI]));
  expect(portfolioEntryText('42', { timestamp: TIME, ...long }).length).toBeLessThan(2_200);
});
