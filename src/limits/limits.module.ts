import { Global, Module } from '@nestjs/common';
import { FrameGuard } from './frame-guard.js';
import { MessageGuard } from './message-guard.js';
import { WorkLimiter } from './work-limiter.js';

/** Bounds what each connected client may send and ask for. */
@Global()
@Module({
  providers: [FrameGuard, MessageGuard, WorkLimiter],
  exports: [MessageGuard, WorkLimiter],
})
export class LimitsModule {}
