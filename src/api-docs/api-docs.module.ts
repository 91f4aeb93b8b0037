import { Module } from '@nestjs/common';
import { ApiDocsController } from './api-docs.controller.js';

/** The AsyncAPI document, the page that shows it, and the OpenAPI document. */
@Module({ controllers: [ApiDocsController] })
export class ApiDocsModule {}
