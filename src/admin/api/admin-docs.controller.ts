import { Controller, Get, Query, Res, UseFilters, UseGuards } from '@nestjs/common';
import type { Response } from 'express';
import { ApiDocsFiles } from '../../api-docs/api-docs-files.js';
import { AdminExceptionFilter } from './admin-error.js';
import { NO_FIELDS } from './admin-validation.js';
import { OperatorGuard } from './operator.guard.js';

/** Serves the OpenAPI document of the admin API. */
@Controller('admin/v1')
@UseGuards(OperatorGuard)
@UseFilters(AdminExceptionFilter)
export class AdminDocsController {
  private readonly files = new ApiDocsFiles();

  @Get('openapi.json')
  async document(@Query(NO_FIELDS) _: object, @Res() response: Response): Promise<void> {
    const { type, plain } = await this.files.get('admin-openapi.json');
    response.setHeader('Content-Type', type);
    response.setHeader('Cache-Control', 'no-cache');
    response.end(plain);
  }
}
