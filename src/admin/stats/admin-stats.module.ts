import { Module } from '@nestjs/common';
import { AdmissionModule } from '../../admission/admission.module.js';
import { FreshnessModule } from '../../freshness/freshness.module.js';
import { ReplicasModule } from '../../replicas/replicas.module.js';
import { SocketIoModule } from '../../transports/socket-io/socket-io.module.js';
import { StatsSampler } from './stats-sampler.js';
import { StatsWatch } from './stats-watch.js';

/** The state of all replicas, for the room `admin` and the admin API. */
@Module({
  imports: [AdmissionModule, FreshnessModule, ReplicasModule, SocketIoModule],
  providers: [StatsSampler, StatsWatch],
  exports: [StatsWatch],
})
export class AdminStatsModule {}
