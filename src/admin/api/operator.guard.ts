import { type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import { RateLimitedLog } from '../../logging/rate-limited-log.js';
import { AdminAccess } from '../../operations/admin-access.js';
import { AdminGuard } from '../../operations/admin.guard.js';

/**
 * Protects the admin API. Unlike metrics, it is closed to everyone if the token was removed from
 * its file while the gateway runs.
 */
@Injectable()
export class OperatorGuard extends AdminGuard {
  constructor(
    private readonly operators: AdminAccess,
    faults: RateLimitedLog,
  ) {
    super(operators, faults);
  }

  override canActivate(context: ExecutionContext): boolean {
    const granted = super.canActivate(context);
    if (!this.operators.requiresToken) throw new UnauthorizedException();
    return granted;
  }
}
