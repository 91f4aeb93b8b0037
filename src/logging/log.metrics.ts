import { Injectable } from '@nestjs/common';
import { MetricsGroup } from '../metrics/metrics-group.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import { standardOutput } from './log-output.js';

/** What became of the log. */
@Injectable()
export class LogMetrics extends MetricsGroup {
  private counted = 0;
  private readonly dropped = this.counter(
    'log_lines_dropped_total',
    'Log lines that could not be written: the disk is full, or nothing reads standard output.',
  );

  constructor(registry: MetricsRegistry) {
    super(registry);
    this.onScrape(() => {
      const { dropped } = standardOutput();
      this.dropped.inc(dropped - this.counted);
      this.counted = dropped;
    });
  }
}
