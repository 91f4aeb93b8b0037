import { totalmem } from 'node:os';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { CLOCK, type Clock, type Timer } from '../common/clock.js';
import { GatewayConfig } from '../config/gateway-config.js';
import { AdmissionMetrics } from './admission.metrics.js';
import { OverloadLimiter, type OverloadReason, rssLimit } from './overload-limiter.js';

/** Time between two measurements, ms. */
const MEASURE_MS = 2_000;
const RESOLUTION_MS = 10;

/** Measures the load of this process periodically and passes it to the {@link OverloadLimiter}. */
@Injectable()
export class OverloadWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly limiter: OverloadLimiter;
  private readonly delays: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private measuredAt = 0;
  private rssBytes = 0;
  private delayMs = 0;
  private timer: Timer | undefined;

  constructor(
    config: GatewayConfig,
    private readonly metrics: AdmissionMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @InjectPinoLogger(OverloadWatch.name) log: PinoLogger,
  ) {
    const container = process.constrainedMemory();
    const maxRssBytes = rssLimit(config.maxRssBytes, container, totalmem(), config.workers);
    const maxEventLoopDelayMs = config.maxEventLoopDelayMs || undefined;
    this.limiter = new OverloadLimiter({ maxEventLoopDelayMs, maxRssBytes }, (reason, overloaded, load) => {
      metrics.overloaded.set({ reason }, overloaded ? 1 : 0);
      if (overloaded) log.warn({ reason, ...load }, 'overloaded');
      else log.info({ reason, ...load }, 'overload_over');
    });
  }

  get reason(): OverloadReason | undefined {
    return this.limiter.reason;
  }

  /** The longest time that the event loop did not respond in the last measurement, ms. */
  get eventLoopDelayMs(): number {
    return this.delayMs;
  }

  onApplicationBootstrap(): void {
    for (const reason of ['event_loop_delay', 'memory'] as const) this.metrics.overloaded.set({ reason }, 0);
    this.delays.enable();
    this.measuredAt = this.clock.now();
    this.measureLater();
  }

  onApplicationShutdown(): void {
    this.timer?.cancel();
    this.delays.disable();
  }

  private measureLater(): void {
    this.timer = this.clock.after(MEASURE_MS, () => {
      this.measure();
      this.measureLater();
    });
    this.timer.unref?.();
  }

  private measure(): void {
    const now = this.clock.now();
    const lateMs = now - this.measuredAt - MEASURE_MS;
    // The histogram is empty if the event loop was blocked for the whole interval.
    const eventLoopDelayMs =
      this.delays.count > 0 ? Math.round(this.delays.max / 1e6) - RESOLUTION_MS : Math.round(lateMs);
    this.delayMs = eventLoopDelayMs;
    this.delays.reset();
    this.measuredAt = now;
    this.limiter.observe({ eventLoopDelayMs, rssBytes: this.measureRss() });
  }

  /**
   * Node reads the resident set size from a file, which fails if a flood of connections has used up
   * all file descriptors. In that case the previous value is used.
   */
  private measureRss(): number {
    try {
      this.rssBytes = process.memoryUsage.rss();
    } catch {
      // The next measurement tries again.
    }
    return this.rssBytes;
  }
}
