import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { CacheService } from '../cache/cache.service.js';
import { GatewayConfig } from '../config/gateway-config.js';
import { FEED_SOURCE, type FeedSource } from '../feed/feed-source.js';

/** Health of the subscription to the enriched channels. */
@Injectable()
export class FeedHealth {
  constructor(
    private readonly config: GatewayConfig,
    private readonly cache: CacheService,
    @Inject(FEED_SOURCE) private readonly feed: FeedSource,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /**
   * Whether clients may be sent here: also without the feed, if `READY_WITH_STALE_DATA` is set and
   * there are messages to send. The clients are told by `feed_status` and `chain_status` what is
   * stale.
   */
  checkReadiness(): HealthIndicatorResult {
    const { up, reason } = this.feed.status;
    if (up || !this.config.readyWithStaleData || !this.cache.holdsMessages) return this.check();
    return this.indicators.check('feed').up({ stale: true, reason });
  }

  check(): HealthIndicatorResult {
    const { up, reason } = this.feed.status;
    const indicator = this.indicators.check('feed');
    return up ? indicator.up() : indicator.down({ reason });
  }
}
