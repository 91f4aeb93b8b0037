import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { FreshnessService } from '../freshness/freshness.service.js';

const MAX_NAMES = 20;

/**
 * Reports stale products and option chains. It is never down: the replica still serves all other
 * products, and if the whole feed is dead, it is dead on every replica.
 */
@Injectable()
export class FreshnessHealth {
  constructor(
    private readonly freshness: FreshnessService,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /** Empty while nothing is stale. */
  check(): HealthIndicatorResult {
    const products = this.freshness.stale();
    const chains = this.freshness.staleChains();
    if (products.length === 0 && chains.length === 0) return {};
    return this.indicators.check('freshness').up({
      stale_products: products.length,
      products: products.slice(0, MAX_NAMES),
      ...(chains.length > 0 && { stale_chains: chains.length, chains: chains.slice(0, MAX_NAMES) }),
    });
  }
}
