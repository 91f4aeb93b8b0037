import { Module } from '@nestjs/common';
import { ApiDocsController } from './api-docs.controller.js';

/** The AsyncAPI document, and the page that shows it. */
@Module({ controllers: [ApiDocsController] })
export class ApiDocsModule {}
