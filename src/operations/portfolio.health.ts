import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { PortfolioService } from '../portfolio/portfolio.service.js';

/** Health of the portfolios of users. */
@Injectable()
export class PortfolioHealth {
  constructor(
    private readonly portfolios: PortfolioService,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /**
   * Reports that portfolios are not received; empty otherwise. It is never down, because all clients
   * must keep getting prices.
   */
  check(): HealthIndicatorResult {
    const { up, reason } = this.portfolios.status;
    return up
      ? {}
      : this.indicators.check('portfolios').up({ problem: reason ?? 'the subscription is down' });
  }
}
