import { Global, Module } from '@nestjs/common';
import { GatewayConfig } from '../config/gateway-config.js';
import { ClientAddresses } from './client-address.js';
import { FrameGuard } from './frame-guard.js';
import { HandshakeGate } from './handshake-gate.js';
import { MessageGuard } from './message-guard.js';
import { OverloadWatch } from './overload-watch.js';
import { TcpGuard } from './tcp-guard.js';
import { WorkLimiter } from './work-limiter.js';

/** Keeps away what would be too much for the clients that are here. */
@Global()
@Module({
  providers: [
    FrameGuard,
    HandshakeGate,
    MessageGuard,
    OverloadWatch,
    TcpGuard,
    WorkLimiter,
    {
      provide: ClientAddresses,
      inject: [GatewayConfig],
      useFactory: ({ trustProxy }: GatewayConfig) => new ClientAddresses(trustProxy),
    },
  ],
  exports: [HandshakeGate, MessageGuard, WorkLimiter, ClientAddresses],
})
export class LimitsModule {}
