import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { AuthService } from '../auth/auth.service.js';
import { RevocationService } from '../auth/revocation.service.js';

/** Health of authentication. */
@Injectable()
export class AuthHealth {
  constructor(
    private readonly auth: AuthService,
    private readonly revocations: RevocationService,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /**
   * Down while there is no key to verify tokens with, because new clients would be rejected. Empty
   * otherwise.
   */
  checkKeys(): HealthIndicatorResult {
    const problem = this.auth.keysProblem;
    return problem === undefined ? {} : this.indicators.check('auth').down({ reason: problem });
  }

  /**
   * Reports that revocations are not received; empty otherwise. It is never down, because connected
   * clients must keep getting prices.
   */
  checkRevocations(): HealthIndicatorResult {
    const { problem } = this.revocations;
    return problem === undefined ? {} : this.indicators.check('revocations').up({ problem });
  }
}
