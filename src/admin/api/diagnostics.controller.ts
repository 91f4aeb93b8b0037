import { pipeline } from 'node:stream';
import {
  Body,
  Controller,
  HttpCode,
  Inject,
  Post,
  Query,
  Req,
  Res,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { OperatorGuard } from './operator.guard.js';
import { REPLICA_NAME } from '../../replicas/replica-name.js';
import { AdminExceptionFilter } from './admin-error.js';
import { ADMIN_VALIDATION, NO_FIELDS } from './admin-validation.js';
import { ProfileDto } from './admin.dto.js';
import { AuditLog } from './audit-log.js';
import { Diagnostics } from './diagnostics.js';

/**
 * Heap snapshots and CPU profiles of the replica that answers the request: they are too large to
 * pass through Redis. Ask the pod itself, for example through a port that `kubectl` forwards.
 */
@Controller('admin/v1/diagnostics')
@UseGuards(OperatorGuard)
@UseFilters(AdminExceptionFilter)
export class DiagnosticsController {
  constructor(
    @Inject(REPLICA_NAME) private readonly replica: string,
    private readonly diagnostics: Diagnostics,
    private readonly audit: AuditLog,
  ) {}

  @Post('heap-snapshot')
  @HttpCode(200)
  heapSnapshot(
    @Req() request: Request,
    @Res() response: Response,
    @Query(NO_FIELDS) _query: object,
    @Body(NO_FIELDS) _body: object,
  ): void {
    const snapshot = this.diagnostics.heapSnapshot(() =>
      this.audit.record(request, 'heap_snapshot', { replica: this.replica }, {}),
    );
    this.offer(response, 'heapsnapshot');
    // If the reader leaves, the response is closed, and nothing is to be done.
    pipeline(snapshot, response, () => undefined);
  }

  @Post('cpu-profile')
  @HttpCode(200)
  async cpuProfile(
    @Req() request: Request,
    @Res() response: Response,
    @Query(NO_FIELDS) _: object,
    @Body(ADMIN_VALIDATION) { seconds }: ProfileDto,
  ): Promise<void> {
    const left = new AbortController();
    response.once('close', () => left.abort());
    const profile = this.diagnostics.cpuProfile(seconds, left.signal);
    this.audit.record(request, 'cpu_profile', { replica: this.replica, seconds }, {});
    const text = JSON.stringify(await profile);
    if (left.signal.aborted) return;
    this.offer(response, 'cpuprofile');
    response.end(text);
  }

  private offer(response: Response, extension: string): void {
    response.setHeader('Content-Type', 'application/octet-stream');
    response.setHeader('Content-Disposition', `attachment; filename="${this.replica}.${extension}"`);
    response.setHeader('X-Replica', this.replica);
  }
}
