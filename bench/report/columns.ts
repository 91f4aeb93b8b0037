import type { Metric } from '../harness/measurement.js';

interface Column {
  readonly title: string;
  readonly text: (value: number) => string;
}

/** How each metric is displayed. The titles contain the units. */
export const COLUMNS = {
  rate: { title: 'messages/s', text: rounded(1) },
  deliveriesPerSecond: { title: 'deliveries/s', text: rounded(0) },
  cpuPercent: { title: 'CPU %', text: rounded(0) },
  busiestCpuPercent: { title: 'busiest node CPU %', text: rounded(0) },
  cpuUsPerDelivery: { title: 'CPU µs/delivery', text: significant },
  framesPerWrite: { title: 'messages/write', text: rounded(2) },
  cpuUsPerWrite: { title: 'CPU µs/write', text: significant },
  bytesPerDelivery: { title: 'bytes/delivery', text: rounded(0) },
  bytesPerClient: { title: 'bytes/client/s', text: rounded(0) },
  microseconds: { title: 'µs', text: significant },
  bytes: { title: 'bytes', text: rounded(0) },
  p50Ms: { title: 'p50 ms', text: significant },
  p99Ms: { title: 'p99 ms', text: significant },
  maxMs: { title: 'max ms', text: significant },
  rssMb: { title: 'RSS MB', text: rounded(0) },
  peakRssMb: { title: 'peak RSS MB', text: rounded(0) },
  rssKbPerClient: { title: 'RSS KB/client', text: rounded(1) },
  rssGrowthMb: { title: 'RSS growth MB', text: rounded(1) },
  p99BeforeMs: { title: 'p99 before ms', text: significant },
  seconds: { title: 'seconds', text: rounded(2) },
  cuts: { title: 'cuts', text: rounded(0) },
  arrivedPercent: { title: 'arrived %', text: rounded(1) },
  intactPercent: { title: 'whole clients %', text: rounded(1) },
  notRecovered: { title: 'not recovered', text: rounded(0) },
  catchUpP99Ms: { title: 'catch-up p99 ms', text: significant },
  redisReads: { title: 'Redis reads', text: rounded(0) },
  lost: { title: 'lost', text: rounded(0) },
  duplicated: { title: 'duplicated', text: rounded(0) },
  disordered: { title: 'disordered', text: rounded(0) },
  closed: { title: 'closed', text: rounded(0) },
  errors: { title: 'errors', text: rounded(0) },
  stale: { title: 'stale', text: rounded(0) },
} as const satisfies Record<Metric, Column>;

/** Metrics that are also shown as a multiple of the gateway's value. */
export const COMPARED: readonly { readonly metric: Metric; readonly title: string }[] = [
  { metric: 'cpuUsPerDelivery', title: 'CPU ÷ gateway' },
  { metric: 'cpuUsPerWrite', title: 'CPU ÷ gateway' },
  { metric: 'bytesPerDelivery', title: 'bytes ÷ gateway' },
  { metric: 'p99Ms', title: 'p99 ÷ gateway' },
  { metric: 'rssKbPerClient', title: 'RSS ÷ gateway' },
  { metric: 'rssGrowthMb', title: 'RSS growth ÷ gateway' },
  { metric: 'seconds', title: 'seconds ÷ gateway' },
];

function rounded(digits: number): (value: number) => string {
  return (value) => value.toLocaleString('en', { minimumFractionDigits: 0, maximumFractionDigits: digits });
}

/** Three significant digits, which is the precision of a run on a shared machine. */
export function significant(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}
