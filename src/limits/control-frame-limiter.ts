import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CLOCK, type Clock, type Timer } from '../common/clock.js';
import { GatewayConfig } from '../config/gateway-config.js';
import type { BoundedWebSocket } from '../transports/socket-io/bounded-websocket-server.js';
import { closeWebSocket } from '../transports/socket-io/close-client.js';
import { type GatewayServer, SOCKET_SERVER, UNCOUNTED_FRAME } from '../transports/socket-io/socket-server.js';
import { TransportMetrics } from '../transports/transport.metrics.js';
import { TokenBucket, type TokenRate } from '../common/token-bucket.js';

/** Time between two looks for WebSockets that are closed or have been silent for long enough, ms. */
const SWEEP_MS = 1_000;

/**
 * Limits the WebSocket frames that `MessageLimiter` does not see, because they are no packets of a session: pings, pongs, and the probes of
 * a WebSocket that is to take over a session from polling. A client may send as many of them as messages, and is closed if it sends more:
 * there is no request that could be refused first.
 *
 * Costs a client nothing that sends none, as browsers do.
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
      // Of one that is being closed, what was read together with the last frame still comes.
      if (websocket.readyState !== websocket.OPEN || this.rate.take(websocket)) return;
      this.metrics.closedClients.inc({ code: 'RATE_LIMITED' });
      closeWebSocket(websocket, 'RATE_LIMITED');
    });
  }

  onApplicationShutdown(): void {
    this.rate.stop();
  }
}

/** What sends the frames; `readyState` is that of a WebSocket. */
export interface FrameSource {
  readonly readyState: number;
  readonly OPEN: number;
}

/** How many frames each WebSocket may send. One that sends none has no bucket, and a bucket that is full again is forgotten. */
export class FrameRate<Source extends FrameSource> {
  private readonly buckets = new Map<Source, TokenBucket>();
  private timer: Timer | undefined;

  constructor(private readonly options: TokenRate & { readonly clock: Pick<Clock, 'now' | 'after'> }) {}

  /** WebSockets that have a bucket now. */
  get size(): number {
    return this.buckets.size;
  }

  /** Counts one frame; false if it is more than there may be. */
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
