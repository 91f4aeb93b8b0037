import { Inject, Injectable } from '@nestjs/common';
import { AuthService } from '../auth/auth.service.js';
import {
  ClientEvent,
  type History,
  type HistoryAcknowledgement,
  PORTFOLIO_ROOM,
  ReplyPayload,
  type RequestRejection,
  roomName,
  ServerEvent,
} from '../contract/index.js';
import { HistoryPages } from '../history/history-pages.js';
import { inSpan } from '../tracing/in-span.js';
import {
  type GatewayServer,
  type GatewaySocket,
  SOCKET_SERVER,
} from '../transports/socket-io/socket-server.js';
import { ErrorResponder } from './error-responder.js';
import { type HistoryDto, isOfMarket, type MarketHistoryDto } from './history.dto.js';
import { PortfolioRequestService } from './portfolio-request.service.js';
import { asRequestError, readFor } from './read-history.js';
import { RequestChecks } from './request-checks.js';
import { RequestCost } from './request-cost.js';
import { SymbolSuggestions } from './symbol-suggestions.js';

export type HistoryAck = (answer: HistoryAcknowledgement | RequestRejection) => void;

/** How a page is read and answered. */
interface Reply<T extends History> {
  /** The room that has the updates of the page. */
  readonly room: string;
  /** Returns undefined if the client has disconnected. */
  readonly read: () => Promise<T | undefined>;
  /**
   * Called in the turn in which the page is sent, because the token may have been replaced while
   * Redis was asked. Throws a RequestError if the client may not have the page any more.
   */
  readonly check: () => void;
  readonly suggest?: (page: T) => HistoryAcknowledgement['suggestions'];
}

/** Handles `get_history` of a connected client. */
@Injectable()
export class HistoryRequestService {
  constructor(
    private readonly pages: HistoryPages,
    private readonly portfolios: PortfolioRequestService,
    private readonly auth: AuthService,
    private readonly checks: RequestChecks,
    private readonly cost: RequestCost,
    private readonly suggestions: SymbolSuggestions,
    private readonly responder: ErrorResponder,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
  ) {}

  /**
   * Sends the page that a client asks for, or the reason why it cannot be read, as soon as Redis has
   * answered.
   * @throws RequestError if the request is refused before anything is read
   */
  answer(client: GatewaySocket, request: HistoryDto, ack?: HistoryAck): void {
    if (isOfMarket(request)) this.answerMarket(client, request, ack);
    else this.answerPortfolio(client, request, ack);
  }

  private answerMarket(client: GatewaySocket, request: MarketHistoryDto, ack?: HistoryAck): void {
    const query = asRequestError(() => this.pages.queryOf(request));
    const { address } = query;
    this.checks.spend(client, ClientEvent.getHistory, this.cost.ofHistory(query.entries));
    this.checks.permissions(client, [address]);
    this.send(client, ack, {
      room: roomName(address),
      read: () => readFor(client, (left) => this.pages.read(query, left)),
      check: () => this.checks.permissions(client, [address]),
      suggest: ({ known }) =>
        this.suggestions.of(known === false ? [address] : [], this.auth.permissionsOf(client)),
    });
  }

  private answerPortfolio(client: GatewaySocket, request: HistoryDto, ack?: HistoryAck): void {
    const query = this.portfolios.historyQuery(client, request);
    this.checks.spend(client, ClientEvent.getHistory, this.cost.ofHistory(query.range.limit));
    this.send(client, ack, {
      room: PORTFOLIO_ROOM,
      read: () => this.portfolios.history(client, query),
      check: this.portfolios.userCheck(client, query.user),
    });
  }

  private send<T extends History>(client: GatewaySocket, ack: HistoryAck | undefined, reply: Reply<T>): void {
    const { room, read, check, suggest } = reply;
    this.checks.reads(client, 'ask for');
    inSpan('history', read)
      .then((page) => {
        if (!page) return;
        check();
        this.server.local.to(client.id).emit(ServerEvent.history, new ReplyPayload(JSON.stringify(page)));
        const suggestions = suggest?.(page);
        ack?.({ ok: true, rooms: [room], ...page, ...(suggestions && { suggestions }) });
      })
      .catch((error: unknown) => this.responder.reject(client, ClientEvent.getHistory, error, ack));
  }
}
