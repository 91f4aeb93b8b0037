import {
  type BeforeApplicationShutdown,
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { HandshakeGate } from '../admission/handshake-gate.js';
import { AuthError } from '../auth/auth-error.js';
import { AuthService, type RequestUser } from '../auth/auth.service.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { GatewayConfig } from '../config/gateway-config.js';
import { RequestCost } from '../gateway/request-cost.js';
import { ClientAddresses } from '../http/client-address.js';
import { admit, Caller } from './caller.js';
import { RequestLimiter } from './request-limiter.js';
import { ofToken, RestError, tooManyRequests, unavailable } from './rest-error.js';

/** The most users and addresses whose requests are counted. */
const MAX_CALLERS = 100_000;

/** Why requests are refused while the process is overloaded, to complete "This replica ...". */
const OVERLOADS: Readonly<Record<string, string>> = {
  event_loop_delay: 'is overloaded',
  memory: 'is short of memory',
};

/**
 * Decides whether a request is served: as a handshake does, by the state of the replica, the origin
 * of the page, the token, and the limits of the user or address.
 */
@Injectable()
export class RestGuard implements CanActivate, BeforeApplicationShutdown {
  private readonly limiter: RequestLimiter;
  /** Counts only failed authentications, by address. */
  private readonly failures: RequestLimiter;
  private hasFeed = true;

  constructor(
    private readonly config: GatewayConfig,
    private readonly gate: HandshakeGate,
    private readonly addresses: ClientAddresses,
    private readonly auth: AuthService,
    private readonly cost: RequestCost,
    @Inject(CLOCK) clock: Clock,
  ) {
    const options = {
      clock,
      requests: { perSecond: config.eventsPerSecond, burst: config.eventBurst },
      work: { perSecond: config.workPerSecond, burst: config.workBurst },
      maxCallers: MAX_CALLERS,
    };
    this.limiter = new RequestLimiter(options);
    this.failures = new RequestLimiter(options);
  }

  /** The feed is about to stop, and what is in memory gets old. */
  beforeApplicationShutdown(): void {
    this.hasFeed = false;
  }

  /** @throws RestError */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    this.checkReplica(http.getResponse<Response>());
    if (!this.config.origins.allows(request.headers.origin, this.addresses.hostOf(request))) {
      throw new RestError(
        'ORIGIN_NOT_ALLOWED',
        'Pages of this origin may not use the gateway. Ask its operator to allow the origin.',
      );
    }
    const address = this.addresses.of(request);
    const user = await this.authenticate(request, address);
    const name = user.userId === undefined ? `ip:${address}` : `user:${user.userId}`;
    const waitMs = this.limiter.request(name);
    if (waitMs > 0) throw tooManyRequests(waitMs);
    admit(request, new Caller(name, user, this.limiter));
    return true;
  }

  private checkReplica(response: Response): void {
    const { refusal } = this.gate;
    // While the clients are drained, the feed continues, so the answers are as good as before. The
    // next request of the client must reach another replica.
    if (refusal === 'draining' || !this.hasFeed) response.setHeader('Connection', 'close');
    if (!this.hasFeed) throw unavailable('is shutting down');
    const overload = refusal === undefined ? undefined : OVERLOADS[refusal];
    if (overload !== undefined) throw unavailable(overload);
  }

  /**
   * Checking a token is the most expensive part of most requests. An address that keeps sending bad
   * tokens is refused before its token is checked.
   */
  private async authenticate(request: Request, address: string): Promise<RequestUser> {
    const waitMs = this.failures.blockedMs(address);
    if (waitMs > 0) throw tooManyRequests(waitMs);
    try {
      return await this.auth.authenticateRequest(request.headers);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      const isChecked = error.code !== 'AUTH_REQUIRED' && error.code !== 'AUTH_UNAVAILABLE';
      this.failures.charge(address, isChecked ? this.cost.ofToken : 1);
      throw ofToken(error);
    }
  }
}
