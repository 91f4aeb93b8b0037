import { Module } from '@nestjs/common';
import { ReferenceController } from './reference.controller.js';

/** The AsyncAPI document, and the page that shows it. */
@Module({ controllers: [ReferenceController] })
export class ReferenceModule {}
