import {
  Body,
  Controller,
  Get,
  HttpCode,
  Param,
  Post,
  Query,
  Req,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import type { Request } from 'express';
import type { EffectiveSettings } from '../../config/effective-settings.js';
import { OperatorGuard } from './operator.guard.js';
import { ReplicaCalls } from '../../replicas/replica-calls.js';
import { DRAIN_REPLICA, GET_SETTINGS, REBALANCE_REPLICA } from '../replicas/replica-actions.js';
import type { MovedClients, SettingsAnswer } from './admin-answers.js';
import { AdminExceptionFilter } from './admin-error.js';
import { ADMIN_VALIDATION, NO_FIELDS } from './admin-validation.js';
import { RebalanceDto, ReplicaPathDto, ReplicaQueryDto } from './admin.dto.js';
import { AuditLog } from './audit-log.js';
import { onlyAnswer } from './replica-answers.js';

/** Takes replicas out of service, moves clients to others, and shows settings. */
@Controller('admin/v1')
@UseGuards(OperatorGuard)
@UseFilters(AdminExceptionFilter)
export class ReplicasController {
  constructor(
    private readonly calls: ReplicaCalls,
    private readonly audit: AuditLog,
  ) {}

  @Post('replicas/:replica/drain')
  @HttpCode(202)
  drain(
    @Req() request: Request,
    @Param(ADMIN_VALIDATION) { replica }: ReplicaPathDto,
    @Query(NO_FIELDS) _query: object,
    @Body(NO_FIELDS) _body: object,
  ): Promise<MovedClients> {
    return this.move(request, DRAIN_REPLICA, replica, {});
  }

  @Post('replicas/:replica/rebalance')
  @HttpCode(202)
  rebalance(
    @Req() request: Request,
    @Param(ADMIN_VALIDATION) { replica }: ReplicaPathDto,
    @Query(NO_FIELDS) _: object,
    @Body(ADMIN_VALIDATION) { share, over_seconds }: RebalanceDto,
  ): Promise<MovedClients> {
    return this.move(request, REBALANCE_REPLICA, replica, { share, over_seconds });
  }

  @Get('config')
  async settings(@Query(ADMIN_VALIDATION) { replica }: ReplicaQueryDto): Promise<SettingsAnswer> {
    type Settings = { readonly settings: EffectiveSettings };
    const { answers, missing, failed } = await this.calls.ask<Settings>(GET_SETTINGS, {}, replica);
    return {
      replicas: answers.map(({ replica: name, answer }) => ({ replica: name, settings: answer.settings })),
      missing,
      failed,
    };
  }

  private async move(
    request: Request,
    action: string,
    replica: string,
    args: Readonly<Record<string, number>>,
  ): Promise<MovedClients> {
    const answers = await this.calls.ask<{ readonly clients: number }>(action, args, replica);
    const { missing, failed } = answers;
    const clients = answers.answers[0]?.answer.clients ?? 0;
    this.audit.record(request, action, { replica, ...args }, { clients, missing, failed });
    return { replica, clients: onlyAnswer(replica, answers).clients };
  }
}
