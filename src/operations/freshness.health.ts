import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { FreshnessService } from '../freshness/freshness.service.js';

const MAX_NAMES = 20;

/**
 * Which products and option chains stand still. Never down: one dead product is no reason to take a replica that serves the others out of
 * service, and a dead feed stands still on every replica alike.
 */
@Injectable()
export class FreshnessHealth {
  constructor(
    private readonly freshness: FreshnessService,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /** Nothing while nothing is stale. */
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
