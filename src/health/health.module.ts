import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { CapacityHealth } from './capacity.health.js';
import { FeedHealth } from './feed.health.js';
import { HealthController } from './health.controller.js';

@Module({
  // Terminus logs every failed check by itself, in a format of its own; the probes' answers say the same.
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController],
  providers: [FeedHealth, CapacityHealth],
})
export class HealthModule {}
