import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CLOCK, type Clock, type Timer } from '../common/clock.js';
import { GatewayConfig } from '../config/gateway-config.js';
import type { BoundedWebSocket } from '../transports/socket-io/bounded-websocket-server.js';
import { closeWebSocket } from '../transports/socket-io/close-client.js';
import { type GatewayServer, SOCKET_SERVER, UNCOUNTED_FRAME } from '../transports/socket-io/socket-server.js';
import { TransportMetrics } from '../transports/transport.metrics.js';
import { TokenBucket, type TokenRate } from '../common/token-bucket.js';

/** Time between two searches for buckets that are no longer needed, ms. */
const SWEEP_MS = 1_000;

/**
 * Limits the WebSocket frames that `MessageLimiter` does not see, because they are not packets of a
 * session: pings, pongs, and the probes of a WebSocket that is about to replace polling. A client
 * may send them at the same rate as messages. If it sends more, it is closed, because there is no
 * request that could be rejected first.
 *
 * A client that sends no such frames, like most browsers, costs nothing.
 */
@Injectable()
export class ControlFrameLimiter implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly rate: FrameRate<BoundedWebSocket>;

  constructor(
    config: GatewayConfig,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly metrics: TransportMetrics,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.rate = new FrameRate({
      clock,
      perSecond: config.eventsPerSecond,
      burst: config.eventBurst,
    });
  }

  onApplicationBootstrap(): void {
    this.server.engine.on(UNCOUNTED_FRAME, (websocket: BoundedWebSocket) => {
      // A WebSocket that is closing may still deliver frames that were read together with its last
      // one.
      if (websocket.readyState !== websocket.OPEN || this.rate.take(websocket)) return;
      this.metrics.closedClients.inc({ code: 'RATE_LIMITED' });
      closeWebSocket(websocket, 'RATE_LIMITED');
    });
  }

  onApplicationShutdown(): void {
    this.rate.stop();
  }
}

/** The sender of frames. `readyState` is that of a WebSocket. */
export interface FrameSource {
  readonly readyState: number;
  readonly OPEN: number;
}

/**
 * Limits the frame rate of each WebSocket. A WebSocket that has sent nothing has no bucket, and a
 * bucket that is full again is deleted.
 */
export class FrameRate<Source extends FrameSource> {
  private readonly buckets = new Map<Source, TokenBucket>();
  private timer: Timer | undefined;

  constructor(private readonly options: TokenRate & { readonly clock: Pick<Clock, 'now' | 'after'> }) {}

  /** Number of buckets. */
  get size(): number {
    return this.buckets.size;
  }

  /** Counts one frame. Returns false if it exceeds the limit. */
  take(source: Source): boolean {
    let bucket = this.buckets.get(source);
    if (!bucket) {
      bucket = new TokenBucket(this.options);
      this.buckets.set(source, bucket);
      this.timer ??= this.options.clock.after(SWEEP_MS, this.sweep);
    }
    return bucket.take() >= 0;
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private readonly sweep = (): void => {
    for (const [source, bucket] of this.buckets) {
      if (bucket.full || source.readyState !== source.OPEN) this.buckets.delete(source);
    }
    this.timer = this.buckets.size > 0 ? this.options.clock.after(SWEEP_MS, this.sweep) : undefined;
  };
}
