import { Module } from '@nestjs/common';
import { AuthModule } from '../../auth/auth.module.js';
import { ReplicasModule } from '../../replicas/replicas.module.js';
import { SocketIoModule } from '../../transports/socket-io/socket-io.module.js';
import { Traces } from '../traces/traces.js';
import { ClientActions } from './client-actions.js';
import { ClientDirectory } from './client-directory.js';

/** Finds the clients of this replica, traces them, and does to them what operators ask for. */
@Module({
  imports: [AuthModule, ReplicasModule, SocketIoModule],
  providers: [ClientActions, ClientDirectory, Traces],
  exports: [ClientDirectory, Traces],
})
export class AdminClientsModule {}
