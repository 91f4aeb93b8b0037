import { Injectable } from '@nestjs/common';
import type { Counter, Gauge, Histogram } from 'prom-client';
import { MetricsRegistry, type Sampler } from './metrics-registry.js';

/** The metrics of one feature: a subclass declares each as a field, next to the feature's code. */
@Injectable()
export abstract class MetricsGroup {
  constructor(private readonly registry: MetricsRegistry) {}

  /** Calls `sample` each time the metrics are read, before they are. */
  onScrape(sample: Sampler): void {
    this.registry.onScrape(sample);
  }

  /** @param name without the prefix `socket_gateway_` that all have */
  protected gauge<T extends string>(name: string, help: string, labelNames: T[] = []): Gauge<T> {
    return this.registry.gauge(name, help, labelNames);
  }

  /** @param name without the prefix `socket_gateway_`, with the suffix `_total` */
  protected counter<T extends string>(name: string, help: string, labelNames: T[] = []): Counter<T> {
    return this.registry.counter(name, help, labelNames);
  }

  /** @param buckets upper bounds, in the unit that the name ends with */
  protected histogram<T extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: T[] = [],
  ): Histogram<T> {
    return this.registry.histogram(name, help, buckets, labelNames);
  }
}
