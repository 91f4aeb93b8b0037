/** All metrics. Each scenario measures those that are meaningful for it. */
export type Metric =
  | 'rate'
  | 'deliveriesPerSecond'
  | 'cpuPercent'
  | 'busiestCpuPercent'
  | 'cpuUsPerDelivery'
  | 'framesPerWrite'
  | 'cpuUsPerWrite'
  | 'bytesPerDelivery'
  | 'bytesPerClient'
  | 'microseconds'
  | 'bytes'
  | 'p50Ms'
  | 'p99Ms'
  | 'maxMs'
  | 'rssMb'
  | 'peakRssMb'
  | 'rssKbPerClient'
  | 'rssGrowthMb'
  | 'p99BeforeMs'
  | 'seconds'
  | 'cuts'
  | 'arrivedPercent'
  | 'intactPercent'
  | 'notRecovered'
  | 'catchUpP99Ms'
  | 'redisReads'
  | Fault;

/**
 * The metrics that count failures. They are summed over the runs, whereas the others are the
 * median.
 */
export const FAULTS = ['lost', 'duplicated', 'disordered', 'closed', 'errors', 'stale'] as const;
export type Fault = (typeof FAULTS)[number];

export type Measurement = Readonly<Partial<Record<Metric, number>>>;

const FAULT_NAMES: ReadonlySet<string> = new Set(FAULTS);

/** Combines several runs: the median of each metric, and the sum of the failures. */
export function combine(runs: readonly Measurement[]): Measurement {
  const metrics = new Set(runs.flatMap((run) => Object.keys(run)));
  const combined = [...metrics].map((metric): [string, number] => {
    const values = runs
      .flatMap((run) => Object.entries(run))
      .flatMap(([name, value]) => (name === metric && value !== undefined ? [value] : []));
    const sum = values.reduce((total, value) => total + value, 0);
    return [metric, FAULT_NAMES.has(metric) ? sum : median(values)];
  });
  return Object.fromEntries(combined);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}
