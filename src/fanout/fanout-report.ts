import { Inject, Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { CLOCK, type Clock } from '../common/clock.js';
import { RateLimitedLog } from '../logging/rate-limited-log.js';
import { FanoutMetrics } from './fanout.metrics.js';
import type { CloseReason, FanoutObserver, Flush, TimedUpdate } from './fanout-observer.js';

/** Records the fan-out engine's events in metrics and the log. */
@Injectable()
export class FanoutReport implements FanoutObserver {
  constructor(
    private readonly metrics: FanoutMetrics,
    private readonly faults: RateLimitedLog,
    @Inject(CLOCK) private readonly clock: Clock,
    @InjectPinoLogger(FanoutReport.name) private readonly log: PinoLogger,
  ) {}

  /**
   * Records at start how the engine writes to clients.
   * @param problem why it does not use the addon; undefined if it does
   */
  writesNatively(problem?: string): void {
    const used = problem === undefined;
    this.metrics.fanoutNative.set(used ? 1 : 0);
    this.log.info({ used, reason: problem }, 'fanout_native');
  }

  flushed({ durationMs, writes, frames, bytes, savedBytes }: Flush): void {
    this.metrics.writtenBytes.inc(bytes);
    this.metrics.deflateSavedBytes.inc(savedBytes);
    if (writes === 0) return;
    this.metrics.flushDuration.observe(durationMs / 1_000);
    this.metrics.framesPerWrite.observe(frames / writes);
  }

  written(updates: readonly TimedUpdate[]): void {
    const now = this.clock.wallNow();
    const monotonic = this.clock.now();
    for (const { event, producedAt, receivedAt } of updates) {
      this.metrics.relayLatency.observe({ event }, (monotonic - receivedAt) / 1_000);
      // A producer's clock may be ahead.
      this.metrics.endToEndLatency.observe({ event }, Math.max(0, now - producedAt) / 1_000);
    }
  }

  conflated(frames: number): void {
    this.metrics.conflated.inc(frames);
  }

  lagging(clients: number): void {
    this.metrics.laggingClients.set(clients);
  }

  closed(reason: CloseReason): void {
    this.metrics.slowClosed.inc({ reason });
    this.faults.warn('slow_client_closed', 'slow_client_closed', { reason });
  }

  degraded(problem: string): void {
    this.metrics.fanoutDegraded.set(1);
    this.log.error({ problem }, 'fanout_degraded');
  }
}
