import { Controller, Get, HttpCode, Inject, Req, Res, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, type HealthCheckResult, type HealthIndicatorFunction } from '@nestjs/terminus';
import type { Request, Response } from 'express';
import { AdminAccess } from './admin-access.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { SharedWork } from '../common/shared-work.js';
import { GatewayConfig } from '../config/gateway-config.js';
import { AuthHealth } from './auth.health.js';
import { CapacityHealth } from './capacity.health.js';
import { FeedHealth } from './feed.health.js';
import { FreshnessHealth } from './freshness.health.js';
import { type BriefAnswer, combinedHealth, combinedReadiness, type HealthAnswer } from './health-answer.js';
import { PortfolioHealth } from './portfolio.health.js';
import { RedisHealth } from './redis.health.js';
import { type ReportKind, WORKER_REPORTS, type WorkerReport, type WorkerReports } from './worker-reports.js';

/** Health endpoints for operators, probes and load balancers. */
@Controller('health')
export class HealthController {
  private readonly overallCheck: SharedWork<HealthAnswer>;
  private readonly readinessCheck: SharedWork<HealthAnswer>;

  constructor(
    private readonly config: GatewayConfig,
    private readonly access: AdminAccess,
    private readonly health: HealthCheckService,
    private readonly feed: FeedHealth,
    private readonly redis: RedisHealth,
    private readonly capacity: CapacityHealth,
    private readonly freshness: FreshnessHealth,
    private readonly authentication: AuthHealth,
    private readonly portfolios: PortfolioHealth,
    @Inject(WORKER_REPORTS) workers: WorkerReports | null,
    @Inject(CLOCK) clock: Clock,
  ) {
    const overall = () =>
      this.check([
        () => this.feed.check(),
        () => this.redis.checkCache(),
        () => this.redis.checkAdapter(),
        () => this.freshness.check(),
        () => this.authentication.checkKeys(),
        () => this.authentication.checkRevocations(),
        () => this.portfolios.check(),
      ]);
    const readiness = () =>
      this.check([
        () => this.feed.checkReadiness(),
        () => this.capacity.check(),
        () => this.authentication.checkKeys(),
      ]);
    const ofAll = (
      of: ReportKind,
      own: () => Promise<HealthAnswer>,
      combine: (reports: readonly WorkerReport<HealthAnswer>[], service: string) => HealthAnswer,
    ) => {
      if (!workers) return new SharedWork(clock, own);
      const answers = new SharedWork(clock, own);
      workers.provide(of, () => answers.run());
      return new SharedWork(clock, async () => {
        const { workers: reports } = await workers.collect(of);
        return combine(reports as readonly WorkerReport<HealthAnswer>[], config.serviceName);
      });
    };
    this.overallCheck = ofAll('health', overall, combinedHealth);
    this.readinessCheck = ofAll('readiness', readiness, combinedReadiness);
  }

  /** 200 while the gateway works; 503 with the reason in `error` while it does not. */
  @Get()
  async overall(
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<BriefAnswer | HealthAnswer> {
    return this.answer(request, response, await this.overallCheck.run());
  }

  /** 200 while this replica accepts clients; 503 with the reason in `error` while it does not. */
  @Get('ready')
  async ready(
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<BriefAnswer | HealthAnswer> {
    return this.answer(request, response, await this.readinessCheck.run());
  }

  /**
   * 200 if the process and its event loop respond. It does not check Redis, because a restart of
   * the gateway would not repair Redis.
   */
  @Get('live')
  @HttpCode(200)
  live(): BriefAnswer {
    return { status: 'healthy', service: this.config.serviceName };
  }

  private answer(request: Request, response: Response, answer: HealthAnswer): BriefAnswer | HealthAnswer {
    const { status, service } = answer;
    response.status(status === 'healthy' ? 200 : 503);
    return this.access.of(request) === 'granted' ? answer : { status, service };
  }

  private async check(indicators: HealthIndicatorFunction[]): Promise<HealthAnswer> {
    const { serviceName: service } = this.config;
    const { clients } = this.capacity;
    try {
      const result = await this.health.check(indicators);
      return { ...result, status: 'healthy', service, clients };
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      const result = error.getResponse() as HealthCheckResult;
      return { ...result, status: 'unhealthy', service, clients };
    }
  }
}
