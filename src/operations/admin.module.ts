import { Module } from '@nestjs/common';
import { GatewayConfig } from '../config/gateway-config.js';
import { AdminAccess } from './admin-access.js';
import { AdminGuard } from './admin.guard.js';

/** Provides the access check for metrics and health details. */
@Module({
  providers: [
    {
      provide: AdminAccess,
      inject: [GatewayConfig],
      useFactory: ({ adminPort, adminToken }: GatewayConfig) =>
        new AdminAccess(adminPort !== undefined, adminToken),
    },
    AdminGuard,
  ],
  exports: [AdminAccess, AdminGuard],
})
export class AdminModule {}
