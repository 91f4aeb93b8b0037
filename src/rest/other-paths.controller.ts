import { All, Controller, Req, UseFilters } from '@nestjs/common';
import type { Request } from 'express';
import { RestError } from './rest-error.js';
import { RestExceptionFilter } from './rest-exception.filter.js';

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** Every request below `/v1` that no other controller serves. It must be the last one. */
@Controller('v1')
@UseFilters(RestExceptionFilter)
export class OtherPathsController {
  @All(['', '*path'])
  refuse(@Req() { method }: Request): never {
    if (READS.has(method)) {
      throw new RestError('NOT_FOUND', 'The gateway has nothing at this path. See /openapi.yaml.');
    }
    throw new RestError('METHOD_NOT_ALLOWED', 'The HTTP API only reads. Use GET or HEAD.');
  }
}
