import { Module } from '@nestjs/common';
import { AuthModule } from '../../auth/auth.module.js';
import { ReplicasModule } from '../../replicas/replicas.module.js';
import { SocketIoModule } from '../../transports/socket-io/socket-io.module.js';
import { Traces } from '../traces/traces.js';
import { ClientDirectory } from './client-directory.js';

/** Finds the clients of this replica, and traces them. */
@Module({
  imports: [AuthModule, ReplicasModule, SocketIoModule],
  providers: [ClientDirectory, Traces],
  exports: [ClientDirectory, Traces],
})
export class AdminClientsModule {}
