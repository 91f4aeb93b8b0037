import { Module } from '@nestjs/common';
import { SocketIoModule } from '../transports/socket-io/socket-io.module.js';
import { AuthMetrics } from './auth.metrics.js';
import { AuthService } from './auth.service.js';
import { RevocationService } from './revocation.service.js';

/** Authenticates clients and decides what they may see. */
@Module({
  imports: [SocketIoModule],
  providers: [AuthMetrics, AuthService, RevocationService],
  exports: [AuthService, RevocationService],
})
export class AuthModule {}
