import { Global, Module } from '@nestjs/common';
import { AuthService } from './auth.service.js';
import { RevocationService } from './revocation.service.js';

/** Who clients are and what they may have. */
@Global()
@Module({ providers: [AuthService, RevocationService], exports: [AuthService, RevocationService] })
export class AuthModule {}
