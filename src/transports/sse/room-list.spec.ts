import { roomsOf } from './room-list.js';

const LIMITS = { maxSubscriptions: 10, maxSymbolsPerRequest: 3, eventBurst: 5 };
const POINT = 1_795_916_846_725_639;
const EXACT = '2026-11-29T01:47:26.725639Z';
const EARLIER = '2026-11-29T01:47:24.725639Z';

const requests = (text: string, point?: number) => {
  const rooms = roomsOf(text, point, LIMITS);
  return 'problem' in rooms ? rooms.problem : rooms.subscriptions;
};

it('makes one request of the rooms of a kind, and one of each expiry', () => {
  expect(
    requests('product:A,general,chain:A:2026-12-03,product:M&M,chain:B,heartbeat,chain:B:2026-12-03'),
  ).toEqual([
    { type: 'heartbeat' },
    { type: 'chain', symbols: ['A', 'B'], expiry: '2026-12-03' },
    { type: 'chain', symbols: ['B'] },
    { type: 'product', symbols: ['A', 'M&M'] },
    { type: 'general' },
  ]);
});

it('names each room once', () => {
  expect(requests('product:A,product:A')).toEqual([{ type: 'product', symbols: ['A'] }]);
});

it('splits what is too long for one request', () => {
  expect(requests('product:A,product:B,product:C,product:D')).toEqual([
    { type: 'product', symbols: ['A', 'B', 'C'] },
    { type: 'product', symbols: ['D'] },
  ]);
});

it.each([
  ['one product exactly', 'product:A', EXACT],
  ['one product and chains exactly, because chains have no ids', 'product:A,chain:B,heartbeat', EXACT],
  ['several products from a little earlier', 'product:A,product:B', EARLIER],
  ['a product and general from a little earlier', 'general,product:A', EARLIER],
])('resumes %s', (_, text, since) => {
  const subscriptions = requests(text, POINT) as readonly { type: string; since?: string }[];
  expect(subscriptions.map(({ type, since: asked }) => [type, asked])).toEqual(
    subscriptions.map(({ type }) => [type, type === 'product' || type === 'chain' ? since : undefined]),
  );
});

it.each([
  '',
  ',',
  'product:A,',
  'product',
  'product:',
  'product:-A',
  'product:A:2026-12-03',
  'chain:A:2026-02-30',
  'chain:A:2026-12-03:x',
  'general:A',
  'heartbeat:2000',
  'PRODUCT:A',
  ' product:A',
  `product:${'A'.repeat(33)}`,
  '__proto__',
])('says what is wrong with "%s"', (text) => {
  expect(requests(text)).toBe('must be a list such as product:NIFTY,chain:NIFTY:2026-12-03,general');
});

it('takes no more rooms and requests than a client may have', () => {
  const names = (count: number) => Array.from({ length: count }, (_, n) => `product:A${n}`).join();
  expect(requests(names(10))).toHaveLength(4);
  expect(requests(names(11))).toBe('must name at most 10 rooms');
  const expiries = (count: number) => Array.from({ length: count }, (_, n) => `chain:A:2026-12-1${n}`).join();
  expect(requests(expiries(5))).toHaveLength(5);
  expect(requests(expiries(6))).toBe('must name chains of at most 5 expiries, less if it names many rooms');
});
