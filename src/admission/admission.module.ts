import { Module } from '@nestjs/common';
import { GatewayConfig } from '../config/gateway-config.js';
import { ClientAddresses } from '../http/client-address.js';
import { SocketIoModule } from '../transports/socket-io/socket-io.module.js';
import { AdmissionMetrics } from './admission.metrics.js';
import { HandshakeGate } from './handshake-gate.js';
import { OverloadWatch } from './overload-watch.js';
import { TcpConnectionLimiter } from './tcp-connection-limiter.js';

/** Decides which connections the gateway accepts. */
@Module({
  imports: [SocketIoModule],
  providers: [
    AdmissionMetrics,
    HandshakeGate,
    OverloadWatch,
    TcpConnectionLimiter,
    {
      provide: ClientAddresses,
      inject: [GatewayConfig],
      useFactory: ({ trustProxy }: GatewayConfig) => new ClientAddresses(trustProxy),
    },
  ],
  exports: [HandshakeGate, ClientAddresses, OverloadWatch],
})
export class AdmissionModule {}
