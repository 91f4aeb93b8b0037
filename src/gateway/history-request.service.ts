import { Injectable } from '@nestjs/common';
import type { History, HistoryRequest } from '../contract/index.js';
import { HistoryError } from '../history/history-error.js';
import { HistoryPages, type HistoryQuery } from '../history/history-pages.js';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';
import { RequestError } from './request-error.js';

/** Handles `get_history` of a connected client. */
@Injectable()
export class HistoryRequestService {
  constructor(private readonly pages: HistoryPages) {}

  /** @throws RequestError if the cursor is of another request */
  queryOf(request: HistoryRequest): HistoryQuery {
    try {
      return this.pages.queryOf(request);
    } catch (error) {
      throw requestErrorOf(error);
    }
  }

  /**
   * Reads a page, and stops if the client disconnects.
   * @returns undefined if it has disconnected
   * @throws RequestError if the gateway keeps no history, or cannot read it
   */
  async answer(client: GatewaySocket, query: HistoryQuery): Promise<History | undefined> {
    const leaving = new AbortController();
    const left = (): void => leaving.abort();
    client.once('disconnect', left);
    try {
      return await this.pages.read(query, leaving.signal);
    } catch (error) {
      throw requestErrorOf(error);
    } finally {
      client.off('disconnect', left);
    }
  }
}

function requestErrorOf(error: unknown): unknown {
  return error instanceof HistoryError ? RequestError.ofHistory(error) : error;
}
