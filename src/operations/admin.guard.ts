import {
  type CanActivate,
  type ExecutionContext,
  Injectable,
  NotFoundException,
  UnauthorizedException,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { RateLimitedLog } from '../logging/rate-limited-log.js';
import { AdminAccess } from './admin-access.js';

/**
 * Protects routes that are only for operators. Responds with 404 on the wrong port, as for any
 * unknown path, and with 401 if the token is missing or wrong.
 */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(
    private readonly access: AdminAccess,
    private readonly faults: RateLimitedLog,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const access = this.access.of(http.getRequest<Request>());
    switch (access) {
      case 'granted':
        return true;
      case 'wrong_port':
        throw new NotFoundException();
      case 'wrong_token':
        this.faults.warn(access, 'admin_token_refused');
        http.getResponse<Response>().setHeader('WWW-Authenticate', 'Bearer');
        throw new UnauthorizedException();
    }
  }
}
