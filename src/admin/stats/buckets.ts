import type { Percentiles } from '../../contract/index.js';
import type { MetricValue } from '../../metrics/metrics-registry.js';

/**
 * How many samples a histogram has in each bucket, by the upper bound of the bucket, seconds. The
 * last bound is Infinity. Buckets without samples may be missing.
 */
export type Buckets = ReadonlyMap<number, number>;

/** The buckets in the form in which replicas send them; `null` is the bound Infinity. */
export type BucketList = readonly (readonly [bound: number | null, samples: number])[];

/** The most buckets that are read from a message. */
const MAX_BUCKETS = 100;

/** The buckets of a Prometheus histogram, of all its series together. */
export function bucketsOf(values: readonly MetricValue[]): Buckets {
  const upTo = new Map<number, number>();
  for (const { metricName, labels, value } of values) {
    if (!metricName?.endsWith('_bucket')) continue;
    const bound = labels.le === '+Inf' ? Infinity : Number(labels.le);
    upTo.set(bound, (upTo.get(bound) ?? 0) + value);
  }
  let before = 0;
  return new Map(
    [...upTo]
      .sort(([a], [b]) => a - b)
      .map(([bound, samples]) => {
        const own = samples - before;
        before = samples;
        return [bound, own];
      }),
  );
}

/** The samples that came after `before`. */
export function increase(now: Buckets, before: Buckets): Buckets {
  return new Map([...now].map(([bound, samples]) => [bound, samples - (before.get(bound) ?? 0)]));
}

export function sumOfBuckets(list: readonly Buckets[]): Buckets {
  const sum = new Map<number, number>();
  for (const buckets of list)
    for (const [bound, samples] of buckets) sum.set(bound, (sum.get(bound) ?? 0) + samples);
  return sum;
}

export function bucketList(buckets: Buckets): BucketList {
  return [...buckets].flatMap(([bound, samples]) =>
    samples > 0 ? [[bound === Infinity ? null : bound, samples] as const] : [],
  );
}

/** Reads the buckets of another replica; returns `undefined` if they are none. */
export function readBuckets(value: unknown): Buckets | undefined {
  if (!Array.isArray(value) || value.length > MAX_BUCKETS) return undefined;
  const buckets = new Map<number, number>();
  for (const entry of value as unknown[]) {
    if (!Array.isArray(entry)) return undefined;
    const [bound, samples] = entry as unknown[];
    if (bound !== null && !isCount(bound)) return undefined;
    if (!isCount(samples)) return undefined;
    buckets.set(bound ?? Infinity, samples);
  }
  return buckets;
}

/**
 * Estimates percentiles, as Prometheus does: within a bucket, samples are taken to be spread evenly.
 * Samples above the last finite bound count as that bound.
 */
export function percentilesOf(buckets: Buckets): Percentiles | undefined {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const samples = sorted.reduce((sum, [, own]) => sum + own, 0);
  if (samples <= 0) return undefined;
  const at = (share: number): number => {
    let [rank, lower] = [share * samples, 0];
    for (const [bound, own] of sorted) {
      if (own > 0 && rank <= own) return bound === Infinity ? lower : lower + ((bound - lower) * rank) / own;
      rank -= own;
      if (bound !== Infinity) lower = bound;
    }
    return lower;
  };
  return { p50_ms: ms(at(0.5)), p90_ms: ms(at(0.9)), p99_ms: ms(at(0.99)), samples };
}

function ms(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e3;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
