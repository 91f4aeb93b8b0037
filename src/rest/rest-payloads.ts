import type {
  ChainUpdate,
  ErrorCode,
  ErrorDetail,
  Expiry,
  ProductSymbol,
  Room,
  Timestamp,
  UnderlyingUpdate,
} from '../contract/index.js';

/**
 * The bodies of the HTTP API. They are made of the published texts, so no code builds objects of
 * these types. `npm run openapi` makes the schemas of docs/openapi.yaml from them.
 */

/** Whether something is still being updated. */
export interface UpdateStatus {
  /** `stale`: it is no longer updated, or was never seen. `live`: it is not stale. */
  readonly status: 'stale' | 'live';
  /**
   * Only if it is stale: when the newest update arrived, by the clock of the gateway; `null` if
   * none ever did. The age is the time since then.
   */
  readonly last_update?: Timestamp | null;
}

/** Whether the price of a product is still being updated. */
export interface PriceStatus extends UpdateStatus {
  readonly product: ProductSymbol;
}

/** Whether an option chain is still being updated. */
export interface OptionChainStatus extends UpdateStatus {
  readonly product: ProductSymbol;
  readonly expiry: Expiry;
}

/** The newest prices of the products that were asked for. */
export interface PriceList {
  /** The prices as they were published, in the order of the request. */
  readonly prices: readonly UnderlyingUpdate[];
  /**
   * One for each product that was asked for, in the order of the request. A product without a price
   * is stale, with `last_update: null`.
   */
  readonly statuses: readonly PriceStatus[];
}

/** The newest option chains of a product, one for each expiry, the nearest first. */
export interface ChainList {
  /** The chains as they were published. */
  readonly chains: readonly ChainUpdate[];
  /** One for each chain, in the same order. */
  readonly statuses: readonly OptionChainStatus[];
  /**
   * The number of chains that exist. Only present if `chains` has fewer.
   * @asType integer
   * @minimum 1
   */
  readonly available?: number;
}

/** The newest option chain of one expiry. */
export interface SingleChain extends UpdateStatus {
  /** The chain as it was published. */
  readonly chain: ChainUpdate;
}

/** The expiries of a product whose chains are known and have not expired, the nearest first. */
export interface ExpiryList {
  readonly product: ProductSymbol;
  readonly expiries: readonly Expiry[];
}

/** The codes of errors that only the HTTP API has; it shares the other ones with the events. */
export type HttpErrorCode =
  | 'INVALID_FORMAT'
  | 'ORIGIN_NOT_ALLOWED'
  | 'NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_ACCEPTABLE'
  | 'UNAVAILABLE';

/** The body of every response with a status from 400 on. */
export interface HttpError {
  /** The HTTP status. */
  readonly statusCode: number;
  /**
   * Why the request was refused. Left out if it was refused before it reached the API, for example
   * because its URL is malformed.
   */
  readonly code?:
    | HttpErrorCode
    | Extract<
        ErrorCode,
        | 'INVALID_SYMBOL'
        | 'TOO_MANY_SYMBOLS'
        | 'INVALID_EXPIRY'
        | 'INVALID_TIME'
        | 'INVALID_PAGE'
        | 'FORBIDDEN'
        | 'RATE_LIMITED'
        | 'AUTH_REQUIRED'
        | 'TOKEN_INVALID'
        | 'TOKEN_EXPIRED'
        | 'TOKEN_REVOKED'
        | 'AUTH_UNAVAILABLE'
        | 'SLOW_CLIENT'
        | 'SNAPSHOT_UNAVAILABLE'
        | 'HISTORY_UNAVAILABLE'
        | 'INTERNAL_ERROR'
      >;
  /** A text for people. */
  readonly message: string;
  readonly details?: readonly ErrorDetail[];
  /**
   * The time until the request may be repeated, ms. `Retry-After` has it in seconds.
   * @minimum 0
   */
  readonly retry_after_ms?: number;
  /** The rooms that are not allowed, not known, or that cannot be looked up; at most 10. */
  readonly rooms?: readonly Room[];
}
export type { History, Products } from '../contract/index.js';
