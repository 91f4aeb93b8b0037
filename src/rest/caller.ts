import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { Permissions } from '../auth/permissions.js';
import type { RequestUser } from '../auth/auth.service.js';
import { AuthError } from '../auth/auth-error.js';
import { type SnapshotAddress } from '../contract/index.js';
import type { RequestLimiter } from './request-limiter.js';
import { forbidden, ofToken, tooManyRequests } from './rest-error.js';

/** Who makes a request, what it may see, and what it may still ask for. */
export class Caller {
  /** @param name by which the limits are counted: a user, or an address of which no user is known */
  constructor(
    readonly name: string,
    private readonly user: RequestUser,
    private readonly limiter: RequestLimiter,
  ) {}

  get permissions(): Permissions {
    return this.user.permissions;
  }

  /** @throws RestError if the caller has used up its work */
  spend(units: number): void {
    const waitMs = this.limiter.work(this.name, units);
    if (waitMs > 0) throw tooManyRequests(waitMs);
  }

  /**
   * Rejects the whole request if any of its rooms is not allowed, as for a subscription.
   * @throws RestError
   */
  require(addresses: readonly SnapshotAddress[]): void {
    const refused = addresses.filter((address) => !this.permissions.mayJoin(address));
    if (refused.length > 0) throw this.forbidden(refused);
  }

  forbidden(addresses: readonly SnapshotAddress[]): Error {
    return forbidden(addresses, this.user.userId !== undefined);
  }

  /**
   * Call this after the request has waited.
   * @throws RestError if the token has been revoked in the meantime
   */
  checkRevoked(): void {
    try {
      this.user.checkRevoked();
    } catch (error) {
      throw error instanceof AuthError ? ofToken(error) : error;
    }
  }
}

const callers = new WeakMap<Request, Caller>();

/** Records the caller of a request that was admitted. */
export function admit(request: Request, caller: Caller): void {
  callers.set(request, caller);
}

/** A parameter of a handler: the caller that {@link admit} recorded. */
export const RequestCaller = createParamDecorator((_: unknown, context: ExecutionContext) =>
  callers.get(context.switchToHttp().getRequest<Request>()),
);
