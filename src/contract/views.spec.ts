import { baseRoom, grantedView, parseViewName, roomAddress, roomKind, roomName, viewName } from './index.js';

it.each([
  [{}, { mode: 'full' }],
  [{ mode: 'quote', strikes: 10, max_rate: 2 } as const, { mode: 'quote', strikes: 10, max_rate: 2 }],
  [
    { strikes: 39, max_rate: 3.9 },
    { mode: 'full', strikes: 20, max_rate: 2 },
  ],
  [
    { strikes: 1, max_rate: 0.01 },
    { mode: 'full', strikes: 5, max_rate: 0.2 },
  ],
  [
    { strikes: 1_000, max_rate: 1e300 },
    { mode: 'full', strikes: 40, max_rate: 10 },
  ],
  [{ max_rate: 0.9 }, { mode: 'full', max_rate: 0.2 }],
])('grants the next cheaper step of a chain: %j', (asked, granted) => {
  expect(grantedView('chain', asked)).toEqual(granted);
});

it('grants a rate of prices, or no view', () => {
  expect(grantedView('product', { max_rate: 7 })).toEqual({ max_rate: 4 });
  expect(grantedView('general', { max_rate: 0.2 })).toEqual({ max_rate: 0.2 });
  expect(grantedView('product', {})).toBeUndefined();
});

it.each([
  ['full', { mode: 'full' }],
  ['ltp.5', { mode: 'ltp', strikes: 5 }],
  ['quote.10hz', { mode: 'quote', max_rate: 10 }],
  ['quote.10.2hz', { mode: 'quote', strikes: 10, max_rate: 2 }],
  ['greeks.40.0.2hz', { mode: 'greeks', strikes: 40, max_rate: 0.2 }],
  ['0.2hz', { max_rate: 0.2 }],
] as const)('names a view %s', (name, view) => {
  expect(viewName(view)).toBe(name);
  expect(parseViewName(name)).toEqual(view);
});

it.each(['', '.', 'quote.', '.2hz', 'quote.7', 'quote.2hz.10', '10', '3hz', 'Quote', 'quote.10.2hz@ltp'])(
  'knows no view "%s"',
  (name) => expect(parseViewName(name)).toBeUndefined(),
);

it.each([
  ['general@1hz', 'general', 'general'],
  ['product:M&M@0.2hz', 'product:M&M', 'product'],
  ['chain:NIFTY@full', 'chain:NIFTY', 'chain'],
  ['chain:NIFTY:2026-11-26@quote.10.2hz', 'chain:NIFTY:2026-11-26', 'chain'],
])('reads the name of the room %s', (room, base, kind) => {
  const address = roomAddress(room)!;
  expect(roomName(address)).toBe(room);
  expect(baseRoom(address)).toBe(base);
  expect(roomKind(room)).toBe(kind);
});

it.each(['general@full', 'product:A@ltp', 'product:A@ltp.2hz', 'chain:A@2hz', 'chain:A@', 'chain:A@ltp@ltp'])(
  'knows no room %s',
  (room) => expect(roomAddress(room)).toBeUndefined(),
);
