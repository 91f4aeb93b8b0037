import { Module } from '@nestjs/common';
import { DrainModule } from '../../drain/drain.module.js';
import { AdminModule } from '../../operations/admin.module.js';
import { ReplicasModule } from '../../replicas/replicas.module.js';
import { SocketIoModule } from '../../transports/socket-io/socket-io.module.js';
import { AdminClientsModule } from '../clients/admin-clients.module.js';
import { AdminReplicasModule } from '../replicas/admin-replicas.module.js';
import { AdminStatsModule } from '../stats/admin-stats.module.js';
import { AdminDocsController } from './admin-docs.controller.js';
import { AuditLog } from './audit-log.js';
import { ClientsController } from './clients.controller.js';
import { Diagnostics } from './diagnostics.js';
import { DiagnosticsController } from './diagnostics.controller.js';
import { LoggingController } from './logging.controller.js';
import { ReplicasController } from './replicas.controller.js';
import { StatsController } from './stats.controller.js';

/** The HTTP API for operators, on the admin port. */
@Module({
  imports: [
    AdminClientsModule,
    AdminModule,
    AdminReplicasModule,
    AdminStatsModule,
    DrainModule,
    ReplicasModule,
    SocketIoModule,
  ],
  controllers: [
    AdminDocsController,
    ClientsController,
    DiagnosticsController,
    LoggingController,
    ReplicasController,
    StatsController,
  ],
  providers: [AuditLog, Diagnostics],
})
export class AdminApiModule {}
