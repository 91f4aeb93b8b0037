import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/clock.js';
import {
  HEARTBEAT_INTERVALS_MS,
  type Heartbeat,
  JsonPayload,
  MIN_HEARTBEAT_MS,
  ServerEvent,
} from '../contract/index.js';
import { Frame } from '../fanout/frame.js';
import { Heartbeats } from '../fanout/heartbeats.js';
import { FEED_SOURCE, type FeedSource } from '../feed/feed-source.js';
import { fanoutClientOf, queueMsOf } from '../transports/socket-io/fanout-adapter.js';
import {
  type GatewayServer,
  type GatewaySocket,
  SOCKET_SERVER,
} from '../transports/socket-io/socket-server.js';
import { LivenessMetrics } from './liveness.metrics.js';
import { MarketStatusService } from './market-status.service.js';

/** Sends heartbeats to the clients that subscribed to them. */
@Injectable()
export class HeartbeatService implements OnApplicationShutdown {
  private readonly heartbeats: Heartbeats;

  constructor(
    @Inject(FEED_SOURCE) private readonly feed: FeedSource,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly markets: MarketStatusService,
    @Inject(CLOCK) private readonly clock: Clock,
    metrics: LivenessMetrics,
  ) {
    this.heartbeats = new Heartbeats({
      clock,
      frame: () =>
        Frame.ofEvent(
          ServerEvent.heartbeat,
          new JsonPayload<Heartbeat>(JSON.stringify(this.current), ServerEvent.heartbeat),
        ),
      state: () => this.feedState + this.marketState,
      written: (clients) => metrics.heartbeats.inc(clients),
    });
  }

  onApplicationShutdown(): void {
    this.heartbeats.stop();
  }

  /** The heartbeat of this moment. */
  get current(): Heartbeat {
    return {
      server_time: this.clock.wallNow() / 1_000,
      feed: this.feedState,
      market: this.marketState,
      queue_ms: Math.round(queueMsOf(this.server)),
    };
  }

  /**
   * Sends heartbeats to a client from now on, or changes their interval.
   * @returns the interval that it gets, ms
   */
  subscribe(client: GatewaySocket, everyMs: number): number {
    const granted = grantedHeartbeatMs(everyMs);
    const receiver = fanoutClientOf(client);
    if (receiver) this.heartbeats.add(receiver, granted);
    return granted;
  }

  unsubscribe(client: GatewaySocket): void {
    const receiver = fanoutClientOf(client);
    if (receiver) this.heartbeats.remove(receiver);
  }

  private get feedState(): Heartbeat['feed'] {
    const { up, silent } = this.feed.status;
    return up && !silent ? 'up' : 'down';
  }

  private get marketState(): Heartbeat['market'] {
    return this.markets.isAnyOpen ? 'open' : 'closed';
  }
}

/** The longest interval that is not above the one that a client asked for, ms. */
function grantedHeartbeatMs(everyMs: number): number {
  return HEARTBEAT_INTERVALS_MS.findLast((interval) => interval <= everyMs) ?? MIN_HEARTBEAT_MS;
}
