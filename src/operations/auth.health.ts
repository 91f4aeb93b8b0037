import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { AuthService } from '../auth/auth.service.js';
import { RevocationService } from '../auth/revocation.service.js';

/** Whether clients can be authenticated. */
@Injectable()
export class AuthHealth {
  constructor(
    private readonly auth: AuthService,
    private readonly revocations: RevocationService,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /** Down while there is no key to check a token with: whoever is sent here would be refused. Nothing while there is. */
  checkKeys(): HealthIndicatorResult {
    const problem = this.auth.keysProblem;
    return problem === undefined ? {} : this.indicators.check('auth').down({ reason: problem });
  }

  /** Never down: those who are here are to get their prices. Nothing while revocations are heard of. */
  checkRevocations(): HealthIndicatorResult {
    const { problem } = this.revocations;
    return problem === undefined ? {} : this.indicators.check('revocations').up({ problem });
  }
}
