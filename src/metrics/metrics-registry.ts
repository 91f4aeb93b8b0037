import { Injectable } from '@nestjs/common';
import {
  type Aggregator,
  AggregatorRegistry,
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue as PromValue,
  Registry,
} from 'prom-client';

/**
 * The labels of a counter, each with the values that are known when the process starts. A label
 * without known values has an empty list.
 */
export type KnownLabels<T extends string> = Readonly<Record<T, readonly string[]>>;

/** The metrics of one process in a form that can be sent to another. */
export type MetricsReport = readonly Omit<MetricObjectWithValues<PromValue<string>>, 'collect'>[];

/**
 * Metrics of Node.js of which neither the sum over the workers of one gateway nor what prom-client
 * chose tells anything. The slowest event loop counts.
 */
const DEFAULTS_BY_LARGEST = /^nodejs_eventloop_lag_(?!min_)/;
/** The start of the gateway is that of its first process, the primary. */
const DEFAULTS_BY_SMALLEST = /^process_start_time_/;

const PREFIX = 'socket_gateway_';

/** The types of metrics that only grow. */
const COUNTS: ReadonlySet<string> = new Set(['counter', 'histogram']);

/** The value of one series of a metric. `metricName` names the part of a histogram. */
export interface MetricValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number | undefined>>;
  readonly metricName?: string;
}

/** Sets gauges right before the metrics are read. */
export type Sampler = () => void | Promise<void>;

/**
 * Holds the Prometheus metrics of one gateway process. Each feature declares its own metrics and
 * registers them here. All names begin with `socket_gateway_`. Labels are kinds, such as an event,
 * a reason or a code. They are never rooms or clients, and never symbols except for configured
 * products, because the number of those is unlimited.
 */
@Injectable()
export class MetricsRegistry {
  private readonly registry = new Registry();
  private readonly samplers: Sampler[] = [];

  constructor() {
    // These are CPU, memory, file descriptors, garbage collection and event-loop lag of the
    // process.
    collectDefaultMetrics({ register: this.registry });
    for (const metric of this.registry.getMetricsAsArray()) {
      if (DEFAULTS_BY_LARGEST.test(metric.name)) metric.aggregator = 'max';
      if (DEFAULTS_BY_SMALLEST.test(metric.name)) metric.aggregator = 'min';
    }
  }

  readonly contentType = this.registry.contentType;

  /** @param aggregator how the workers of one gateway combine their values */
  gauge<T extends string>(
    name: string,
    help: string,
    labelNames: T[] = [],
    aggregator: Aggregator = 'sum',
  ): Gauge<T> {
    return new Gauge({ ...this.describe(name, help), labelNames, aggregator });
  }

  /**
   * Every series of known labels is there from the start, with 0. Prometheus' `rate()` needs that:
   * it does not see the first increment of a series that appears with 1.
   */
  counter<T extends string = never>(
    name: string,
    help: string,
    labels: KnownLabels<T> = {} as KnownLabels<T>,
  ): Counter<T> {
    const labelNames = Object.keys(labels) as T[];
    const counter = new Counter({ ...this.describe(name, help), labelNames });
    for (const series of seriesOf(labels)) counter.inc(series, 0);
    return counter;
  }

  histogram<T extends string = never>(
    name: string,
    help: string,
    buckets: number[],
    labels: KnownLabels<T> = {} as KnownLabels<T>,
  ): Histogram<T> {
    const labelNames = Object.keys(labels) as T[];
    const histogram = new Histogram({ ...this.describe(name, help), buckets, labelNames });
    for (const series of seriesOf(labels)) histogram.zero(series);
    return histogram;
  }

  /** Calls `sample` each time before the metrics are read. */
  onScrape(sample: Sampler): void {
    this.samplers.push(sample);
  }

  /** All metrics of this process, in the text format of Prometheus. */
  async text(): Promise<string> {
    await this.sample();
    return this.registry.metrics();
  }

  /**
   * The values of one metric, without a sample of anything.
   * @param name without the prefix `socket_gateway_`
   */
  async valuesOf(name: string): Promise<readonly MetricValue[]> {
    const metric = this.registry.getSingleMetric(`${PREFIX}${name}`);
    if (!metric) throw new Error(`There is no metric ${name}.`);
    return (await metric.get()).values;
  }

  /** All metrics of this process, for {@link combinedText}. */
  async report(): Promise<MetricsReport> {
    await this.sample();
    return await this.registry.getMetricsAsJSON();
  }

  private async sample(): Promise<void> {
    for (const sample of this.samplers) await sample();
  }

  private describe(name: string, help: string) {
    return { name: `${PREFIX}${name}`, help, registers: [this.registry] };
  }
}

/**
 * Combines the metrics of several processes into one text in the format of Prometheus. Counters and
 * histograms are added up, and gauges are combined as they declare.
 */
export function combinedText(reports: readonly MetricsReport[]): Promise<string> {
  return AggregatorRegistry.aggregate(reports as unknown as object[]).metrics();
}

/** Adds up the counters and histograms of several processes, and leaves out everything else. */
export function sumOfCounts(reports: readonly MetricsReport[]): MetricsReport {
  const counts = reports.map((report) => report.filter(({ type }) => COUNTS.has(String(type))));
  const sums = AggregatorRegistry.aggregate(counts).getMetricsAsArray() as unknown as MetricsReport;
  // Only data, because the sums are sent to another process.
  return sums.map(({ name, help, type, aggregator, values }) => ({ name, help, type, aggregator, values }));
}

/** Every combination of the known values; none if a label has no known values. */
function seriesOf<T extends string>(labels: KnownLabels<T>): Record<T, string>[] {
  let series: Record<string, string>[] = [{}];
  for (const [name, values] of Object.entries<readonly string[]>(labels)) {
    series = series.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
  }
  return series;
}
