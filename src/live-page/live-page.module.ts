import { Module } from '@nestjs/common';
import { AdminModule } from '../operations/admin.module.js';
import { LivePageController } from './live-page.controller.js';

/** The live page: prices, option chains and charts in a browser. Only with `LIVE_PAGE=on`. */
@Module({ imports: [AdminModule], controllers: [LivePageController] })
export class LivePageModule {}
