import { Counter, Histogram, Registry } from 'prom-client';
import { bucketList, bucketsOf, increase, percentilesOf, readBuckets, sumOfBuckets } from './buckets.js';

async function histogram(samples: Record<string, number[]>) {
  const registers = [new Registry()];
  const metric = new Histogram({
    name: 'x',
    help: 'x',
    buckets: [0.01, 0.1, 1],
    labelNames: ['event'],
    registers,
  });
  for (const [event, list] of Object.entries(samples)) for (const one of list) metric.observe({ event }, one);
  return bucketsOf((await metric.get()).values);
}

it('reads the buckets of all series of a histogram together', async () => {
  const buckets = await histogram({ a: [0.005, 0.05, 0.06, 5], b: [0.001, 0.5] });
  expect([...buckets]).toEqual([
    [0.01, 2],
    [0.1, 2],
    [1, 1],
    [Infinity, 1],
  ]);
});

it('reads nothing from another metric', async () => {
  const counter = new Counter({ name: 'x', help: 'x', registers: [new Registry()] });
  expect(bucketsOf((await counter.get()).values).size).toBe(0);
});

it('subtracts, adds up and sends buckets', async () => {
  const before = await histogram({ a: [0.005, 0.05] });
  const now = await histogram({ a: [0.005, 0.05, 0.06, 7] });
  const new_ = increase(now, before);
  expect(bucketList(new_)).toEqual([
    [0.1, 1],
    [null, 1],
  ]);
  const received = readBuckets(JSON.parse(JSON.stringify(bucketList(new_))))!;
  expect(bucketList(sumOfBuckets([received, new_]))).toEqual([
    [0.1, 2],
    [null, 2],
  ]);
});

it.each([
  ['nothing', [], undefined],
  ['one sample', [[0.1, 1]], { p50_ms: 50, p90_ms: 90, p99_ms: 99, samples: 1 }],
  [
    'samples of two buckets',
    [
      [0.01, 50],
      [0.1, 50],
    ],
    { p50_ms: 10, p90_ms: 82, p99_ms: 98.2, samples: 100 },
  ],
  [
    'a bucket in any order',
    [
      [1, 0],
      [0.1, 10],
      [0.01, 0],
    ],
    { p50_ms: 55, p90_ms: 91, p99_ms: 99.1, samples: 10 },
  ],
  [
    'samples above the last bound',
    [
      [0.1, 1],
      [Infinity, 9],
    ],
    { p50_ms: 100, p90_ms: 100, p99_ms: 100, samples: 10 },
  ],
] as [string, [number, number][], object | undefined][])(
  'estimates percentiles of %s',
  (_, list, expected) => {
    expect(percentilesOf(new Map(list))).toEqual(expected);
  },
);

it.each([
  ['text', 'x'],
  ['an object', {}],
  ['entries that are no lists', [7]],
  ['a negative number of samples', [[0.1, -1]]],
  ['samples that are no number', [[0.1, 'x']]],
  ['a bound that is no number', [['x', 1]]],
  ['too many entries', Array.from({ length: 101 }, (_, n) => [n, 1])],
])('reads no buckets from %s', (_, value) => expect(readBuckets(value)).toBeUndefined());
