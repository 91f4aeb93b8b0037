import { type DynamicModule, Global, Module } from '@nestjs/common';
import { GatewayConfig } from '../config/gateway-config.js';
import { type AdapterFactory, createSocketServer, SOCKET_SERVER } from './socket-server.js';

/** Provides the one Socket.IO server of the process. */
@Global()
@Module({})
export class FanoutModule {
  /** @param adapter what carries calls to other replicas; undefined for a process on its own */
  static forRoot(adapter: AdapterFactory | undefined): DynamicModule {
    return {
      module: FanoutModule,
      providers: [
        {
          provide: SOCKET_SERVER,
          inject: [GatewayConfig],
          useFactory: (config: GatewayConfig) => createSocketServer(config, adapter),
        },
      ],
      exports: [SOCKET_SERVER],
    };
  }
}
