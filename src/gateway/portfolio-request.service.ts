import { Injectable } from '@nestjs/common';
import { AuthService } from '../auth/auth.service.js';
import {
  PORTFOLIO_ROOM,
  type RoomSnapshot,
  type SnapshotAcknowledgement,
  type SubscriptionAcknowledgement,
} from '../contract/index.js';
import { PortfolioService } from '../portfolio/portfolio.service.js';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';
import { forbidden, snapshotUnavailable } from './request-error.js';
import { SnapshotSender } from './snapshot-sender.js';

/** Handles requests for the portfolio of the client's own user. */
@Injectable()
export class PortfolioRequestService {
  constructor(
    private readonly auth: AuthService,
    private readonly portfolios: PortfolioService,
    private readonly sender: SnapshotSender,
  ) {}

  /**
   * @param resumes whether the client asked for what it missed
   * @throws RequestError if the client has no user, or may not have a portfolio
   */
  subscribe(client: GatewaySocket, resumes: boolean): SubscriptionAcknowledgement {
    this.portfolios.join(client, this.userOf(client), resumes);
    return { ok: true, rooms: [PORTFOLIO_ROOM] };
  }

  /** @throws RequestError if the store cannot be read, and as `subscribe` does */
  async snapshot(client: GatewaySocket): Promise<SnapshotAcknowledgement> {
    const user = this.userOf(client);
    const payload = await this.portfolios.find(user).catch(() => {
      throw snapshotUnavailable([PORTFOLIO_ROOM]);
    });
    const snapshot: RoomSnapshot = { room: PORTFOLIO_ROOM, updates: payload ? 1 : 0 };
    if (client.connected) {
      // The token may have been replaced meanwhile.
      if (this.userOf(client) === user && payload) this.portfolios.send(client, user, payload);
      this.sender.close(client, snapshot);
    }
    return { ok: true, rooms: [PORTFOLIO_ROOM], snapshots: [snapshot] };
  }

  private userOf(client: GatewaySocket): string {
    const user = this.auth.userIdOf(client);
    if (user === undefined) {
      throw forbidden(
        'A portfolio is for signed-in users only. Connect with a token, to a gateway that asks for tokens.',
        [PORTFOLIO_ROOM],
      );
    }
    if (!this.auth.permissionsOf(client).mayJoin({ type: 'portfolio' })) {
      throw forbidden('Your token does not allow this request. Get a token that allows it.', [
        PORTFOLIO_ROOM,
      ]);
    }
    return user;
  }
}
