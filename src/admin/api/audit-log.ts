import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { OperatorLog } from '../../logging/operator-log.js';
import type { Answers } from '../../replicas/replica-calls.js';

/** Who acts, as far as the request says. */
export const OPERATOR_HEADER = 'x-operator';
const OPERATOR = /^[\x20-\x7e]{1,64}$/;

/** What an action came to. */
export interface Outcome {
  /** How many clients it was for. */
  readonly clients?: number;
  readonly missing?: Answers<object>['missing'];
  readonly failed?: Answers<object>['failed'];
}

/** Writes one line for each action of an operator: who, what, whom, and what came of it. */
@Injectable()
export class AuditLog {
  constructor(private readonly log: OperatorLog) {}

  /** @param args what the action was asked to do, without secrets */
  record(request: Request, action: string, args: object, outcome: Outcome): void {
    const given = request.headers[OPERATOR_HEADER];
    this.log.warn(
      {
        action,
        operator: typeof given === 'string' && OPERATOR.test(given) ? given : null,
        address: request.socket.remoteAddress,
        ...args,
        ...outcome,
      },
      'admin_action',
    );
  }
}
