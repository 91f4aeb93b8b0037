import { Module } from '@nestjs/common';
import { CacheModule } from '../cache/cache.module.js';
import { FreshnessModule } from '../freshness/freshness.module.js';
import { GatewayExceptionFilter } from './gateway-exception.filter.js';
import { MarketDataGateway } from './market-data.gateway.js';
import { TokenPipe } from './token.pipe.js';
import { SubscriptionPipe } from './subscription.pipe.js';

@Module({
  imports: [CacheModule, FreshnessModule],
  providers: [MarketDataGateway, SubscriptionPipe, TokenPipe, GatewayExceptionFilter],
})
export class GatewayModule {}
