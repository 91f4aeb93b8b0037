import { Module } from '@nestjs/common';
import { DrainModule } from '../../drain/drain.module.js';
import { ReplicasModule } from '../../replicas/replicas.module.js';
import { SocketIoModule } from '../../transports/socket-io/socket-io.module.js';
import { AdminClientsModule } from '../clients/admin-clients.module.js';
import { ClientActions } from '../clients/client-actions.js';
import { ReplicaActions } from './replica-actions.js';

/** Does to this replica and its clients what operators ask for, also if another replica serves their request. */
@Module({
  imports: [AdminClientsModule, DrainModule, ReplicasModule, SocketIoModule],
  providers: [ClientActions, ReplicaActions],
})
export class AdminReplicasModule {}
