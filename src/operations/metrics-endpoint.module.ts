import { Module } from '@nestjs/common';
import { MetricsController } from './metrics.controller.js';

/** Serves `/metrics`. */
@Module({ controllers: [MetricsController] })
export class MetricsEndpointModule {}
