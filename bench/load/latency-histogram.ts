/**
 * Each power of two of microseconds is divided into this many buckets, so percentiles have an error
 * of at most 0.8 %.
 */
const BUCKETS_PER_OCTAVE = 128;
const SIZE = 26 * BUCKETS_PER_OCTAVE;
const LONGEST_US = 2 ** 31 - 1;

/** The form in which a load generator sends a histogram. */
export interface LatencyCounts {
  readonly counts: Uint32Array;
  readonly maxUs: number;
}

/** Latencies in microseconds, in a fixed amount of memory. */
export class LatencyHistogram {
  private readonly buckets = new Uint32Array(SIZE);
  private maxUs = 0;

  add(us: number): void {
    const value = Math.min(LONGEST_US, Math.max(0, us));
    this.maxUs = Math.max(this.maxUs, value);
    this.buckets[bucketOf(value)]! += 1;
  }

  clear(): void {
    this.buckets.fill(0);
    this.maxUs = 0;
  }

  counts(): LatencyCounts {
    return { counts: this.buckets.slice(), maxUs: this.maxUs };
  }
}

/** Merges the latencies of several generators. */
export function mergeLatencies(all: readonly LatencyCounts[]): LatencyCounts {
  const counts = new Uint32Array(SIZE);
  for (const each of all) for (const [bucket, count] of each.counts.entries()) counts[bucket]! += count;
  return { counts, maxUs: Math.max(0, ...all.map(({ maxUs }) => maxUs)) };
}

/**
 * The latency in milliseconds that `share` (0 to 1) of all values do not exceed. NaN without
 * values.
 */
export function percentileMs({ counts, maxUs }: LatencyCounts, share: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return Number.NaN;
  let left = Math.ceil(total * share);
  for (const [bucket, count] of counts.entries()) {
    left -= count;
    if (left <= 0) return Math.min(maxUs, valueOf(bucket)) / 1000;
  }
  return maxUs / 1000;
}

function bucketOf(us: number): number {
  if (us < 2 * BUCKETS_PER_OCTAVE) return us;
  const shift = 24 - Math.clz32(us);
  return shift * BUCKETS_PER_OCTAVE + (us >>> shift);
}

/** The middle of a bucket. */
function valueOf(bucket: number): number {
  if (bucket < 2 * BUCKETS_PER_OCTAVE) return bucket;
  const shift = Math.floor(bucket / BUCKETS_PER_OCTAVE) - 1;
  return (bucket - shift * BUCKETS_PER_OCTAVE + 0.5) * 2 ** shift;
}
