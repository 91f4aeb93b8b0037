import fc from 'fast-check';
import { readReport } from './replica-report.js';
import { sumOf } from './stats-sum.js';

const report = {
  replica: 'another',
  version: '1.0.0',
  node: '24.0.0',
  started_at: 1_764_410_400,
  state: 'draining',
  refuses: 'draining',
  feed: 'up',
  clients: 3,
  lagging_clients: 1,
  rooms: [{ room: 'general', clients: 3 }],
  stale_products: ['NIFTY'],
  redis_problems: { commands: 'Redis cannot be reached' },
  cpu: 0.25,
  rss_bytes: 1_000,
  event_loop_delay_ms: 12,
  rates: {
    feed_messages: 1,
    client_messages: 2,
    broadcasts: 3,
    deliveries: 4,
    written_bytes: 5,
    conflated: 6,
    connections: 7,
    disconnections: 8,
  },
  counts: {
    conflated: 6,
    disconnections: { 'ping timeout': 1 },
    closed: {},
    slow_closed: { stalled: 2 },
    handshakes_refused: { origin: 3 },
    requests_refused: { INVALID_SYMBOL: 4 },
  },
  latency: { end_to_end: [[0.1, 2]], relay: [[0.01, 2]], flush: [] },
};

it('is read as it was sent, under the name of the replica that sent it', () => {
  const { latency, ...rest } = readReport('a', report)!;
  expect(rest).toEqual({ ...report, replica: 'a', latency: undefined });
  expect([...latency.end_to_end]).toEqual([[0.1, 2]]);
});

it.each([
  ['of another version, with fewer fields', { rates: {}, counts: {}, latency: {} }],
  [
    'with fields of other types',
    {
      ...report,
      version: 7,
      refuses: {},
      clients: 'many',
      cpu: NaN,
      rooms: ['general', { room: 7 }, null],
      stale_products: ['../x', 7],
      redis_problems: [1],
      latency: { end_to_end: 'x', relay: [[1]], flush: {} },
    },
  ],
])('can be read if it is %s', (_, body) => {
  const read = readReport('a', body)!;
  expect(read).toMatchObject({ version: 'unknown', clients: 0, cpu: 0, rooms: [], stale_products: [] });
  expect(read).not.toHaveProperty('refuses');
  expect(sumOf([{ report: read, recent: [read.latency] }]).latency).toEqual({});
});

it.each([
  ['null', null],
  ['text', 'x'],
  ['a list', []],
  ['no numbers', { rates: 7, counts: {}, latency: {} }],
])('is none if it is %s', (_, body) => expect(readReport('a', body)).toBeUndefined());

it('is read without an exception and with bounded lists, whatever it contains', () => {
  fc.assert(
    fc.property(
      fc.record({
        rates: fc.object(),
        counts: fc.object(),
        latency: fc.object(),
        rooms: fc.anything(),
        stale_products: fc.anything(),
        redis_problems: fc.anything(),
        clients: fc.anything(),
      }),
      (body) => {
        const read = readReport('a', JSON.parse(JSON.stringify(body)))!;
        const sum = sumOf([{ report: read, recent: [read.latency] }]);
        expect(Number.isFinite(sum.clients)).toBe(true);
        expect(sum.rooms.length).toBeLessThanOrEqual(20);
      },
    ),
  );
});

it('is added up with those of other replicas', () => {
  const [a, b] = [readReport('a', report)!, readReport('b', report)!];
  const sum = sumOf([
    { report: a, recent: [a.latency] },
    { report: b, recent: [b.latency, b.latency] },
  ]);
  expect(sum).toMatchObject({
    clients: 6,
    lagging_clients: 2,
    rooms: [{ room: 'general', clients: 6 }],
    rates: { written_bytes: 10, disconnections: 16 },
    counts: { slow_closed: { stalled: 4 }, requests_refused: { INVALID_SYMBOL: 8 } },
    latency: { end_to_end: { samples: 6, p50_ms: 50 }, relay: { samples: 6 } },
  });
  expect(sum.latency).not.toHaveProperty('flush');
});
