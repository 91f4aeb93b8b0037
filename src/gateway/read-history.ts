import type { History } from '../contract/index.js';
import { HistoryError } from '../history/history-error.js';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';
import { RequestError } from './request-error.js';

/**
 * Reads a page of any history for a client.
 * @param read receives a signal that is aborted when the client disconnects
 * @throws RequestError
 */
export async function readFor<T extends History>(
  client: GatewaySocket,
  read: (left: AbortSignal) => Promise<T | undefined>,
): Promise<T | undefined> {
  const leaving = new AbortController();
  const left = (): void => leaving.abort();
  client.once('disconnect', left);
  try {
    return await read(leaving.signal);
  } catch (error) {
    throw requestErrorOf(error);
  } finally {
    client.off('disconnect', left);
  }
}

/** Runs `work`. @throws RequestError in place of a HistoryError */
export function asRequestError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw requestErrorOf(error);
  }
}

function requestErrorOf(error: unknown): unknown {
  return error instanceof HistoryError ? RequestError.ofHistory(error) : error;
}
