import { Global, Module } from '@nestjs/common';
import { ControlFrameLimiter } from './control-frame-limiter.js';
import { MessageLimiter } from './message-limiter.js';
import { WorkLimiter } from './work-limiter.js';

/** Bounds what each connected client may send and ask for. */
@Global()
@Module({
  providers: [ControlFrameLimiter, MessageLimiter, WorkLimiter],
  exports: [MessageLimiter, WorkLimiter],
})
export class LimitsModule {}
