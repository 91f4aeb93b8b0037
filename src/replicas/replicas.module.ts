import { Module } from '@nestjs/common';
import { SocketIoModule } from '../transports/socket-io/socket-io.module.js';
import { ReplicaBus } from './replica-bus.js';
import { ReplicaCalls } from './replica-calls.js';
import { Roster } from './roster.js';

/** Which other replicas serve, and messages to them. */
@Module({
  imports: [SocketIoModule],
  providers: [ReplicaBus, ReplicaCalls, Roster],
  exports: [ReplicaBus, ReplicaCalls, Roster],
})
export class ReplicasModule {}
