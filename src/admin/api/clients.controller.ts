import { Body, Controller, Get, HttpCode, Post, Query, Req, UseFilters, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { OperatorGuard } from './operator.guard.js';
import type { MessageBody } from '../../replicas/replica-message.js';
import { ReplicaCalls } from '../../replicas/replica-calls.js';
import { DISCONNECT_CLIENTS, FIND_CLIENTS, type Reached, SEND_NOTICE } from '../clients/client-actions.js';
import { byOrder, type FoundClients } from '../clients/client-info.js';
import { type ClientTarget, readTarget } from '../clients/client-target.js';
import type { ClientsAnswer, ClientsReached } from './admin-answers.js';
import { AdminError, AdminExceptionFilter } from './admin-error.js';
import { ADMIN_VALIDATION, NO_FIELDS } from './admin-validation.js';
import { ClientsQueryDto, DisconnectDto, NoticeDto } from './admin.dto.js';
import { AuditLog } from './audit-log.js';
import { clientsReached } from './replica-answers.js';

/** Finds clients of all replicas, and acts on them. */
@Controller('admin/v1')
@UseGuards(OperatorGuard)
@UseFilters(AdminExceptionFilter)
export class ClientsController {
  constructor(
    private readonly calls: ReplicaCalls,
    private readonly audit: AuditLog,
  ) {}

  @Get('clients')
  async find(@Query(ADMIN_VALIDATION) { replica, ...query }: ClientsQueryDto): Promise<ClientsAnswer> {
    const { answers, missing, failed } = await this.calls.ask<FoundClients>(FIND_CLIENTS, query, replica);
    return {
      clients: answers
        .flatMap(({ answer }) => answer.clients)
        .sort(byOrder(query.sort))
        .slice(0, query.limit),
      matched: answers.reduce((sum, { answer }) => sum + answer.matched, 0),
      missing,
      failed,
    };
  }

  @Post('clients/disconnect')
  @HttpCode(200)
  async disconnect(
    @Req() request: Request,
    @Query(NO_FIELDS) _: object,
    @Body(ADMIN_VALIDATION) { reconnect, ...whom }: DisconnectDto,
  ): Promise<ClientsReached> {
    const target = targetOf(whom, 'Name either client_id or user.');
    return this.act(request, DISCONNECT_CLIENTS, { ...target, reconnect });
  }

  @Post('notices')
  @HttpCode(200)
  async notify(
    @Req() request: Request,
    @Query(NO_FIELDS) _: object,
    @Body(ADMIN_VALIDATION) { to, ...notice }: NoticeDto,
  ): Promise<ClientsReached> {
    const target = targetOf({ ...to }, 'Name in `to` one of everyone, room, user and client_id.');
    return this.act(request, SEND_NOTICE, { ...target, ...notice });
  }

  private async act(request: Request, action: string, args: MessageBody): Promise<ClientsReached> {
    const outcome = clientsReached(await this.calls.ask<Reached>(action, args));
    this.audit.record(request, action, args, outcome);
    return outcome;
  }
}

function targetOf(whom: MessageBody, rule: string): ClientTarget {
  const target = readTarget(whom);
  if (!target) throw new AdminError(400, rule);
  return target;
}
