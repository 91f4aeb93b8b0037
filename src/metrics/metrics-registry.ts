import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

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
  }

  readonly contentType = this.registry.contentType;

  gauge<T extends string>(name: string, help: string, labelNames: T[] = []): Gauge<T> {
    return new Gauge({ ...this.describe(name, help), labelNames });
  }

  counter<T extends string>(name: string, help: string, labelNames: T[] = []): Counter<T> {
    return new Counter({ ...this.describe(name, help), labelNames });
  }

  histogram<T extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: T[] = [],
  ): Histogram<T> {
    return new Histogram({ ...this.describe(name, help), buckets, labelNames });
  }

  /** Calls `sample` each time before the metrics are read. */
  onScrape(sample: Sampler): void {
    this.samplers.push(sample);
  }

  /** All metrics, in the text format of Prometheus. */
  async text(): Promise<string> {
    for (const sample of this.samplers) await sample();
    return this.registry.metrics();
  }

  private describe(name: string, help: string) {
    return { name: `socket_gateway_${name}`, help, registers: [this.registry] };
  }
}
