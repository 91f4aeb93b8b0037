import { Injectable } from '@nestjs/common';
import { AuthService } from '../auth/auth.service.js';
import { GatewayConfig } from '../config/gateway-config.js';
import {
  type History,
  type HistoryRequest,
  parseTimestamp,
  PORTFOLIO_ROOM,
  type RoomSnapshot,
  type SnapshotAcknowledgement,
  type SubscriptionAcknowledgement,
} from '../contract/index.js';
import { PortfolioHistoryPages, type PortfolioHistoryQuery } from '../portfolio/portfolio-history-pages.js';
import { PortfolioService } from '../portfolio/portfolio.service.js';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';
import { asRequestError, readFor } from './read-history.js';
import { forbidden, snapshotUnavailable } from './request-error.js';
import { SnapshotSender } from './snapshot-sender.js';
import type { SubscribeDto } from './subscription.dto.js';

/** Handles requests for the portfolio of the client's own user. */
@Injectable()
export class PortfolioRequestService {
  /** How often a token of another user has arrived at a client. */
  private readonly ends = new WeakMap<GatewaySocket, number>();

  constructor(
    private readonly auth: AuthService,
    private readonly portfolios: PortfolioService,
    private readonly pages: PortfolioHistoryPages,
    private readonly sender: SnapshotSender,
    private readonly config: GatewayConfig,
  ) {}

  /**
   * @param since the timestamp of the newest portfolio that the client has; `undefined` if it does
   * not ask for what it missed
   * @throws RequestError if the client has no user, or may not have a portfolio
   */
  subscribe(client: GatewaySocket, since: SubscribeDto['since']): SubscriptionAcknowledgement {
    // An object has times of symbols, and a portfolio has none.
    const time = typeof since === 'string' ? since : undefined;
    const resume = since != null && { since: parseTimestamp(time, this.config.feedRules.offsetOf) };
    this.portfolios.join(client, this.userOf(client), resume || undefined);
    return { ok: true, rooms: [PORTFOLIO_ROOM] };
  }

  /**
   * Call it when a token of another user has arrived. Snapshots and pages of history that are
   * being looked up are not sent any more.
   */
  end(client: GatewaySocket): void {
    this.ends.set(client, (this.ends.get(client) ?? 0) + 1);
  }

  /** @throws RequestError if the store cannot be read, and as `subscribe` does */
  async snapshot(client: GatewaySocket): Promise<SnapshotAcknowledgement> {
    const user = this.userOf(client);
    const checkUser = this.userCheck(client, user);
    const payload = await this.portfolios.find(user).catch(() => {
      throw snapshotUnavailable([PORTFOLIO_ROOM]);
    });
    const snapshot: RoomSnapshot = { room: PORTFOLIO_ROOM, updates: payload ? 1 : 0 };
    if (client.connected) {
      checkUser();
      if (payload) this.portfolios.send(client, user, payload);
      this.sender.close(client, snapshot);
    }
    return { ok: true, rooms: [PORTFOLIO_ROOM], snapshots: [snapshot] };
  }

  /**
   * Works out which page of the history of its own portfolios a client asks for.
   * @throws RequestError if the client has no user, or may not have a portfolio; or if the cursor is of
   * another request or user
   */
  historyQuery(client: GatewaySocket, request: HistoryRequest): PortfolioHistoryQuery {
    const user = this.userOf(client);
    return asRequestError(() => this.pages.queryOf(request, user));
  }

  /**
   * Reads a page for the user of the client at the time of the call, and for no other.
   * @returns undefined if the client has disconnected
   * @throws RequestError if the history is off or cannot be read
   */
  history(client: GatewaySocket, query: PortfolioHistoryQuery): Promise<History | undefined> {
    return readFor(client, (left) => this.pages.read(query, left));
  }

  /**
   * Call it before something is looked up for the user of a client.
   * @returns a check for the turn in which it is sent, because the token may have been replaced. It
   * throws a RequestError if it may not be sent
   */
  userCheck(client: GatewaySocket, user: string): () => void {
    const ends = this.ends.get(client);
    return () => {
      if (this.ends.get(client) !== ends || this.userOf(client) !== user)
        throw forbidden('A token of another user has arrived. Open a new connection.', [PORTFOLIO_ROOM]);
    };
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
