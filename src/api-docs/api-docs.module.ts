import { Module } from '@nestjs/common';
import { ReferenceController } from './api-docs.controller.js';

/** The AsyncAPI document, and the page that shows it. */
@Module({ controllers: [ReferenceController] })
export class ReferenceModule {}
