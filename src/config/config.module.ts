import { type DynamicModule, Global, Module, type ValueProvider } from '@nestjs/common';
import { GatewayConfig } from './gateway-config.js';

/**
 * Provides the objects that exist before the application: the {@link GatewayConfig} and the `ports`
 * that it runs on.
 */
@Global()
@Module({})
export class ConfigModule {
  static forRoot(config: GatewayConfig, ports: readonly ValueProvider[]): DynamicModule {
    const providers = [{ provide: GatewayConfig, useValue: config }, ...ports];
    return { module: ConfigModule, providers, exports: providers.map(({ provide }) => provide) };
  }
}
