import { SocketClient } from './client.js';
import type { ClientOptions } from './options.js';

/** Connects to a gateway, and stays connected until `close()`. */
export function connect(url: string, options: ClientOptions = {}): SocketClient {
  return new SocketClient(url, options);
}

export type {
  ClientEvents,
  ConnectProblem,
  Health,
  HealthChange,
  RequestOptions,
  Snapshot,
  SocketClient,
  StateChange,
} from './client.js';
export type { ConnectionState } from './connector.js';
export type * from './contract/index.js';
export { CLOSINGS, ERROR_CODES } from './contract/index.js';
export {
  type ClientErrorCode,
  ConnectionRefused,
  RequestError,
  SubscriptionError,
  TokenError,
} from './errors.js';
export type { Bar, Price } from './bars.js';
export { Series, type SeriesPoint, type SeriesRequest } from './series.js';
export { historyPages, type HistoryRecord, recordsOf } from './history.js';
export type { ClientOptions, TokenCallback, TokenReason } from './options.js';
export type {
  AskedRate,
  AskedView,
  ChainRequest,
  ChainViewRequest,
  GeneralRequest,
  PortfolioRequest,
  ProductRequest,
  Request,
  UpdateOf,
} from './request.js';
export { type ChainRow, type OptionNumbers, rowsOf } from './rows.js';
export type {
  BaseSubscription,
  Gap,
  HistoryOptions,
  PortfolioEvents,
  PortfolioStaleness,
  PortfolioSubscription,
  Staleness,
  Subscription,
  SubscriptionEvents,
} from './subscription.js';
