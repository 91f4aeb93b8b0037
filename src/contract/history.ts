import type { Expiry, ProductSymbol } from './symbol.js';
import type { Timestamp } from './timestamp.js';

/**
 * What a page of history contains: prices of a product, summaries of a chain, the first chain of the
 * session, or the portfolios of the client's user.
 */
export const HISTORY_TYPES = ['product', 'summary', 'opening', 'portfolio'] as const;
/**
 * What a page of history contains: prices of a product, summaries of a chain, the first chain of the
 * session, or the portfolios of the client's user.
 */
export type HistoryType = (typeof HISTORY_TYPES)[number];

/** What is public: prices of a product, summaries of a chain, or its opening. */
export type MarketHistoryType = Exclude<HistoryType, 'portfolio'>;

/** How fine the history is. `raw` has every update; the others have one bar for each period. */
export const HISTORY_RESOLUTIONS = ['raw', '1m', '5m', '1h'] as const;
/** How fine the history is. `raw` has every update; the others have one bar for each period. */
export type HistoryResolution = (typeof HISTORY_RESOLUTIONS)[number];

/** The most rows in a page of history. */
export const MAX_HISTORY_ROWS = 5_000;
/** The rows of a page if the request sets no limit. */
export const DEFAULT_HISTORY_ROWS = 1_000;

/**
 * Payload of `get_history`. Unknown fields are ignored.
 * @additionalProperties true
 */
export interface HistoryRequest {
  readonly type: HistoryType;
  /** Needed for `product`, `summary` and `opening`, and not allowed for `portfolio`. */
  readonly symbol?: ProductSymbol;
  /** Only for `summary` and `opening`: the expiry of the chain. By default the nearest one. */
  readonly expiry?: Expiry;
  /**
   * The time of the first row. With it, pages go on to newer rows. Without it, the first page has
   * the newest rows, and pages go on to older ones. An `opening` has one page, and takes
   * neither times nor `limit` nor `cursor`.
   */
  readonly from?: Timestamp;
  /** The time of the last row. By default there is no end. */
  readonly to?: Timestamp;
  /**
   * The most rows of the page: at most, and by default, 5,000 and 1,000.
   * @asType integer
   * @minimum 1
   * @maximum 5000
   */
  readonly limit?: number;
  /** `raw` by default. Only prices have bars, so the other types take `raw` only. */
  readonly resolution?: HistoryResolution;
  /** `next` of the page before. The other fields, except `limit`, must be those of its request. */
  readonly cursor?: string;
}

/** A request for the history of a product or chain. */
export interface MarketHistoryRequest extends HistoryRequest {
  readonly type: MarketHistoryType;
  readonly symbol: ProductSymbol;
}

/** Response to `get_history`: one page, with its rows in ascending order of time. */
export interface History {
  readonly type: HistoryType;
  /** `null` for portfolios. */
  readonly symbol: ProductSymbol | null;
  /** The expiry of the chain; `null` for prices and portfolios, and if no chain of the product is known. */
  readonly expiry: Expiry | null;
  readonly resolution: HistoryResolution;
  /**
   * The names of the values in each row. `timestamp` is first: that of the update, as in its event,
   * or the time at which the period of a bar begins. An `opening` has one row for each strike, all
   * with the timestamp of the chain, and the numbers of the call and the put. For portfolios, the
   * names of the numbers in the rows of this page follow, such as `total_pnl`, or `margin.used` for a
   * number in an object.
   */
  readonly columns: readonly string[];
  /** The rows, if the resolution is `raw`. */
  readonly updates?: readonly HistoryRow[];
  /** The rows, if the resolution is a period. The last bar may still change. */
  readonly bars?: readonly HistoryRow[];
  /**
   * Only for `raw`: the indexes of rows before which updates may be missing, because no replica
   * received them. Left out if there are none.
   */
  readonly gaps?: readonly number[];
  /** The `cursor` of the next page; `null` if this is the last one. */
  readonly next: string | null;
  /**
   * `false` if there are no rows because no message of the product or chain is known yet; otherwise
   * left out.
   */
  readonly known?: false;
}

/** A page of the history of a product or chain. */
export interface MarketHistory extends History {
  readonly type: MarketHistoryType;
  readonly symbol: ProductSymbol;
}

/** A value in a row of history; `null` if the platform sent none. */
export type HistoryNumber = number | null;

/** The values of one row of history, in the order of `columns`. */
export type HistoryRow = readonly (Timestamp | HistoryNumber)[];
