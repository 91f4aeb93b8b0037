import { Controller, Get, HttpCode, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, type HealthCheckResult, type HealthIndicatorFunction } from '@nestjs/terminus';
import { GatewayConfig } from '../config/gateway-config.js';
import { AuthHealth } from './auth.health.js';
import { CapacityHealth } from './capacity.health.js';
import { FeedHealth } from './feed.health.js';
import { FreshnessHealth } from './freshness.health.js';
import { RedisHealth } from './redis.health.js';

interface HealthAnswer extends Omit<HealthCheckResult, 'status'> {
  readonly status: 'healthy' | 'unhealthy';
  readonly service: string;
  readonly clients: number;
}

/** What ops, probes and load balancers ask. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly config: GatewayConfig,
    private readonly health: HealthCheckService,
    private readonly feed: FeedHealth,
    private readonly redis: RedisHealth,
    private readonly capacity: CapacityHealth,
    private readonly freshness: FreshnessHealth,
    private readonly authentication: AuthHealth,
  ) {}

  /** 200 while the gateway does its work; 503 with the reason in `error` while it does not. */
  @Get()
  overall(): Promise<HealthAnswer> {
    return this.answer([
      () => this.feed.check(),
      () => this.redis.checkCache(),
      () => this.redis.checkAdapter(),
      () => this.freshness.check(),
      () => this.authentication.checkKeys(),
      () => this.authentication.checkRevocations(),
    ]);
  }

  /** 200 while clients may be sent here; 503 with the reason otherwise. */
  @Get('ready')
  ready(): Promise<HealthAnswer> {
    return this.answer([
      () => this.feed.check(),
      () => this.capacity.check(),
      () => this.authentication.checkKeys(),
    ]);
  }

  /** The process and its event loop answer. Never looks at Redis: a restart would not mend that. */
  @Get('live')
  @HttpCode(200)
  live(): { status: 'healthy'; service: string } {
    return { status: 'healthy', service: this.config.serviceName };
  }

  private async answer(indicators: HealthIndicatorFunction[]): Promise<HealthAnswer> {
    const { serviceName: service } = this.config;
    const { clients } = this.capacity;
    try {
      const result = await this.health.check(indicators);
      return { ...result, status: 'healthy', service, clients };
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      const result = error.getResponse() as HealthCheckResult;
      throw new ServiceUnavailableException({ ...result, status: 'unhealthy', service, clients });
    }
  }
}
