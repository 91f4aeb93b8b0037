import { Injectable } from '@nestjs/common';
import { AuthService } from '../auth/auth.service.js';
import { GatewayConfig } from '../config/gateway-config.js';
import { type ClientEvent, type RoomAddress, roomName } from '../contract/index.js';
import { WorkLimiter } from '../limits/work-limiter.js';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';
import { isSlow } from '../transports/socket-io/slow-client.js';
import { GatewayMetrics } from './gateway.metrics.js';
import { forbidden, RequestError, tooMuchWork } from './request-error.js';

/** What every request of a client must pass before any of its work is done. */
@Injectable()
export class RequestChecks {
  constructor(
    private readonly config: GatewayConfig,
    private readonly auth: AuthService,
    private readonly work: WorkLimiter,
    private readonly metrics: GatewayMetrics,
  ) {}

  /**
   * Takes the cost of a request from the budget of the client.
   * @throws RequestError if the budget is too small
   */
  spend(client: GatewaySocket, event: ClientEvent, units: number): void {
    const waitMs = this.work.spend(client, event, units);
    if (waitMs === 0) return;
    this.metrics.requestsRefused.inc({ limit: 'work' });
    throw tooMuchWork(waitMs);
  }

  /**
   * Rejects the whole request if any of its rooms is not allowed.
   * @throws RequestError
   */
  permissions(client: GatewaySocket, addresses: readonly RoomAddress[]): void {
    const permissions = this.auth.permissionsOf(client);
    const refused = addresses.filter((address) => !permissions.mayJoin(address));
    if (refused.length === 0) return;
    const message = this.auth.userOf(client)
      ? 'Your token does not allow this request. Ask for other rooms, or get a token that allows these.'
      : 'This request needs a token that allows it. Connect with such a token.';
    throw forbidden(message, refused.map(roomName));
  }

  /**
   * A request of fifty bytes may cause a response of a megabyte. A client that does not read must
   * not be able to make such responses pile up.
   * @param use what the client wants, as in "before you subscribe to more"
   * @throws RequestError
   */
  reads(client: GatewaySocket, use: 'subscribe to' | 'ask for'): void {
    if (isSlow(client, this.config.maxClientBufferBytes / 2)) {
      const message = `You have not read what you were sent. Read it before you ${use} more.`;
      throw new RequestError('SLOW_CLIENT', message);
    }
  }
}
