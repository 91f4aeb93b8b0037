import 'reflect-metadata';
import { deserialize, serialize } from 'node:v8';
import { parsePrometheusText } from '../../test/support/prometheus-text.js';
import { combinedText, MetricsRegistry, type MetricsReport } from './metrics-registry.js';

/** The report of a process with these numbers, as it arrives at another process. */
async function reportOf(n: number): Promise<MetricsReport> {
  const registry = new MetricsRegistry();
  registry.counter('sent_total', 'h', { event: ['a', 'b'] }).inc({ event: 'a' }, n);
  registry.histogram('took_seconds', 'h', [1, 10]).observe(n);
  registry.gauge('clients', 'h').set(n);
  registry.gauge('up', 'h', [], 'min').set(n - 1);
  registry.gauge('stale', 'h', [], 'max').set(n);
  registry.gauge('build', 'h', ['version'], 'first').set({ version: '1' }, 1);
  return deserialize(serialize(await registry.report())) as MetricsReport;
}

it('combines the metrics of several processes, each as it declares', async () => {
  const text = await combinedText([await reportOf(1), await reportOf(20)]);
  const samples = parsePrometheusText(text);
  const of = (name: string) => samples.get(`socket_gateway_${name}`);
  expect(of('sent_total{event="a"}')).toBe(21);
  expect(of('sent_total{event="b"}')).toBe(0);
  expect(of('took_seconds_bucket{le="1"}')).toBe(1);
  expect(of('took_seconds_bucket{le="+Inf"}')).toBe(2);
  expect(of('took_seconds_sum')).toBe(21);
  expect(of('clients')).toBe(21);
  expect(of('up')).toBe(0);
  expect(of('stale')).toBe(20);
  expect(of('build{version="1"}')).toBe(1);
});

it('takes the slowest event loop and the earliest start, and adds up memory', async () => {
  const [first, second] = [await reportOf(1), await reportOf(1)];
  const set = (report: MetricsReport, name: string, value: number) => {
    report.find((metric) => metric.name === name)!.values[0]!.value = value;
  };
  for (const [name, a, b] of [
    ['nodejs_eventloop_lag_p99_seconds', 0.5, 0.1],
    ['nodejs_eventloop_lag_mean_seconds', 0.5, 0.1],
    ['nodejs_eventloop_lag_min_seconds', 0.5, 0.1],
    ['process_start_time_seconds', 5, 9],
    ['process_resident_memory_bytes', 100, 200],
  ] as const) {
    set(first, name, a);
    set(second, name, b);
  }
  const samples = parsePrometheusText(await combinedText([first, second]));
  expect(samples.get('nodejs_eventloop_lag_p99_seconds')).toBe(0.5);
  expect(samples.get('nodejs_eventloop_lag_mean_seconds')).toBe(0.5);
  expect(samples.get('nodejs_eventloop_lag_min_seconds')).toBe(0.1);
  expect(samples.get('process_start_time_seconds')).toBe(5);
  expect(samples.get('process_resident_memory_bytes')).toBe(300);
});
