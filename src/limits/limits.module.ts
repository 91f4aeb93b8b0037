import { Module } from '@nestjs/common';
import { SocketIoModule } from '../transports/socket-io/socket-io.module.js';
import { ControlFrameLimiter } from './control-frame-limiter.js';
import { LimitMetrics } from './limit.metrics.js';
import { MessageLimiter } from './message-limiter.js';
import { WorkLimiter } from './work-limiter.js';

/** Limits what each connected client may send and request. */
@Module({
  imports: [SocketIoModule],
  providers: [LimitMetrics, ControlFrameLimiter, MessageLimiter, WorkLimiter],
  exports: [MessageLimiter, WorkLimiter],
})
export class LimitsModule {}
