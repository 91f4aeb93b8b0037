import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { FEED_SOURCE, type FeedSource } from '../feed/feed-source.js';

/** Health of the subscription to the enriched channels. */
@Injectable()
export class FeedHealth {
  constructor(
    @Inject(FEED_SOURCE) private readonly feed: FeedSource,
    private readonly indicators: HealthIndicatorService,
  ) {}

  check(): HealthIndicatorResult {
    const { up, reason } = this.feed.status;
    const indicator = this.indicators.check('feed');
    return up ? indicator.up() : indicator.down({ reason });
  }
}
