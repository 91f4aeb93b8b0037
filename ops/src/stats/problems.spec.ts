import { adminStats, replicaStats, TRAFFIC } from '../testing/sample-stats.js';
import { problemsOf } from './problems.js';

const texts = (stats: Parameters<typeof problemsOf>[0]) =>
  problemsOf(stats).map(({ severity, where, text }) => `${severity} ${where}: ${text}`);

it('finds nothing wrong with replicas that serve', () => {
  expect(problemsOf(adminStats([replicaStats('a'), replicaStats('b')]))).toEqual([]);
});

it('names what is wrong, the worst first', () => {
  const percentiles = { p50_ms: 10, p90_ms: 20, p99_ms: 2_500, samples: 9 };
  const stats = adminStats(
    [
      replicaStats('a', { redis_problems: { commands: 'Redis cannot be reached' }, feed: 'down', cpu: 0.95 }),
      replicaStats('b', { state: 'draining', refuses: 'draining', clients: 1, version: '1.1.0' }),
      replicaStats('c', { refuses: 'overloaded', event_loop_delay_ms: 400 }),
    ],
    {
      total: { ...TRAFFIC, lagging_clients: 6, latency: { end_to_end: percentiles } },
      missing: [{ replica: 'd', silent_ms: 12_000 }],
      products: ['A', 'B', 'C', 'D', 'E', 'F'].map((product) => ({ product, status: 'stale', age_ms: null })),
    },
  );
  expect(texts(stats)).toEqual([
    'critical d: Missing: silent for 12.0 s. It hangs, was killed, or cannot reach Redis.',
    'critical a: Redis cannot be reached (commands)',
    'critical a: It receives no feed, so its clients get no updates.',
    'warning a: Uses 95 % of a core.',
    'warning c: Refuses new clients: overloaded.',
    'warning c: Its event loop did not respond for 400 ms.',
    'warning gateway: 6 products without new prices: A, B, C, D, E and 1 more.',
    'warning gateway: 1 % of the updates take longer than 2.50 s from the producer.',
    'warning gateway: 6 clients of 100 read too slowly.',
    'notice b: Draining, with 1 client left.',
    'notice gateway: The replicas run different versions: 1.0.0, 1.1.0.',
  ]);
});

it('is critical if no replica accepts clients, and only a notice if few clients lag', () => {
  const stats = adminStats([replicaStats('a', { state: 'draining' })], {
    total: { ...TRAFFIC, lagging_clients: 5 },
  });
  expect(texts(stats)).toEqual([
    'critical gateway: No replica accepts new clients.',
    'notice a: Draining, with 100 clients left.',
    'notice gateway: 5 clients of 100 read too slowly.',
  ]);
});

it('keeps the key of a problem while its text changes', () => {
  const missing = (silent_ms: number) =>
    problemsOf(adminStats([], { missing: [{ replica: 'd', silent_ms }] })).map(({ key }) => key);
  expect(missing(2_000)).toEqual(missing(99_000));
});
