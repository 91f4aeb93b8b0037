import { Module } from '@nestjs/common';
import { AdminModule } from '../../operations/admin.module.js';
import { OpsPageController } from './ops-page.controller.js';

/** The page for operators at `/ops` of the admin port. */
@Module({ imports: [AdminModule], controllers: [OpsPageController] })
export class OpsPageModule {}
