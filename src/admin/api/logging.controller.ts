import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Param,
  Post,
  Put,
  Query,
  Req,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import type { Request } from 'express';
import { CLOCK, type Clock } from '../../common/clock.js';
import { OperatorGuard } from './operator.guard.js';
import type { MessageBody } from '../../replicas/replica-message.js';
import { type Answers, ReplicaCalls } from '../../replicas/replica-calls.js';
import { readTarget } from '../clients/client-target.js';
import {
  CHANGE_LOG_LEVEL,
  GET_LOGGING,
  type LoggingState,
  RESET_LOG_LEVEL,
  START_TRACE,
  STOP_TRACE,
} from '../replicas/replica-actions.js';
import { newTraceId } from '../traces/traces.js';
import type { LoggingAnswer, PartialAnswer, TraceAnswer } from './admin-answers.js';
import { AdminError, AdminExceptionFilter } from './admin-error.js';
import { ADMIN_VALIDATION, NO_FIELDS } from './admin-validation.js';
import { LogLevelDto, ReplicaQueryDto, TraceDto, TraceIdDto } from './admin.dto.js';
import { AuditLog } from './audit-log.js';
import { clientsReached } from './replica-answers.js';

/** Has replicas log more than usual for a limited time. */
@Controller('admin/v1/logging')
@UseGuards(OperatorGuard)
@UseFilters(AdminExceptionFilter)
export class LoggingController {
  constructor(
    private readonly calls: ReplicaCalls,
    private readonly audit: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  async state(@Query(NO_FIELDS) _: object): Promise<LoggingAnswer> {
    return loggingOf(await this.calls.ask<LoggingState>(GET_LOGGING, {}));
  }

  @Put('level')
  async changeLevel(
    @Req() request: Request,
    @Query(NO_FIELDS) _: object,
    @Body(ADMIN_VALIDATION) { replica, ...change }: LogLevelDto,
  ): Promise<LoggingAnswer> {
    const answer = loggingOf(await this.calls.ask<LoggingState>(CHANGE_LOG_LEVEL, { ...change }, replica));
    this.record(request, CHANGE_LOG_LEVEL, { ...change, replica: replica ?? 'all' }, answer);
    return answer;
  }

  @Delete('level')
  async resetLevel(
    @Req() request: Request,
    @Query(ADMIN_VALIDATION) { replica }: ReplicaQueryDto,
    @Body(NO_FIELDS) _: object,
  ): Promise<LoggingAnswer> {
    const answer = loggingOf(await this.calls.ask<LoggingState>(RESET_LOG_LEVEL, {}, replica));
    this.record(request, RESET_LOG_LEVEL, { replica: replica ?? 'all' }, answer);
    return answer;
  }

  /** @throws AdminError if no replica traces */
  @Post('traces')
  @HttpCode(201)
  async startTrace(
    @Req() request: Request,
    @Query(NO_FIELDS) _: object,
    @Body(ADMIN_VALIDATION) { for_seconds, ...whom }: TraceDto,
  ): Promise<TraceAnswer> {
    const target = readTarget({ ...whom });
    if (!target) throw new AdminError(400, 'Name either client_id or user.');
    const trace_id = newTraceId();
    const args = { trace_id, ...target, for_seconds };
    const answers = await this.calls.ask<{ readonly clients: number }>(START_TRACE, args);
    const reached = clientsReached(answers);
    this.audit.record(request, START_TRACE, args, reached);
    const [failed] = answers.failed;
    if (failed && answers.answers.length === 0) throw new AdminError(409, failed.problem);
    return { trace_id, until: this.clock.wallNow() / 1_000 + for_seconds, ...reached };
  }

  /** @throws AdminError if no replica that answered has this trace */
  @Delete('traces/:trace_id')
  async stopTrace(
    @Req() request: Request,
    @Param(ADMIN_VALIDATION) { trace_id }: TraceIdDto,
    @Query(NO_FIELDS) _query: object,
    @Body(NO_FIELDS) _body: object,
  ): Promise<PartialAnswer> {
    type Stopped = { readonly stopped: boolean };
    const { answers, missing, failed } = await this.calls.ask<Stopped>(STOP_TRACE, { trace_id });
    this.audit.record(request, STOP_TRACE, { trace_id }, { missing, failed });
    if (!answers.some(({ answer }) => answer.stopped)) throw new AdminError(404, 'There is no such trace.');
    return { missing, failed };
  }

  private record(
    request: Request,
    action: string,
    args: MessageBody,
    { missing, failed }: PartialAnswer,
  ): void {
    this.audit.record(request, action, args, { missing, failed });
  }
}

function loggingOf({ answers, missing, failed }: Answers<LoggingState>): LoggingAnswer {
  return { replicas: answers.map(({ replica, answer }) => ({ ...answer, replica })), missing, failed };
}
