import { Injectable } from '@nestjs/common';
import type { Aggregator, Counter, Gauge, Histogram } from 'prom-client';
import { type KnownLabels, MetricsRegistry, type Sampler } from './metrics-registry.js';

/** Base class for the metrics of one feature. A subclass declares each metric as a field. */
@Injectable()
export abstract class MetricsGroup {
  constructor(private readonly registry: MetricsRegistry) {}

  /** Calls `sample` each time before the metrics are read. */
  onScrape(sample: Sampler): void {
    this.registry.onScrape(sample);
  }

  /**
   * @param name without the prefix `socket_gateway_`, which every metric has
   * @param aggregator how the workers of one gateway combine their values, if the sum says nothing
   */
  protected gauge<T extends string>(
    name: string,
    help: string,
    labelNames: T[] = [],
    aggregator?: Aggregator,
  ): Gauge<T> {
    return this.registry.gauge(name, help, labelNames, aggregator);
  }

  /** @param name without the prefix `socket_gateway_`, but with the suffix `_total` */
  protected counter<T extends string = never>(
    name: string,
    help: string,
    labels?: KnownLabels<T>,
  ): Counter<T> {
    return this.registry.counter(name, help, labels);
  }

  /** @param buckets upper bounds, in the unit at the end of the name */
  protected histogram<T extends string = never>(
    name: string,
    help: string,
    buckets: number[],
    labels?: KnownLabels<T>,
  ): Histogram<T> {
    return this.registry.histogram(name, help, buckets, labels);
  }
}
