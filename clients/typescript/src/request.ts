import type {
  ChainSummary,
  ChainUpdate,
  ChainView,
  PortfolioUpdate,
  UnderlyingUpdate,
  ViewRequest,
} from './contract/index.js';

/** One symbol, or several, or both. */
export type Symbols =
  | { readonly symbol: string; readonly symbols?: readonly string[] | undefined }
  | { readonly symbol?: string | undefined; readonly symbols: readonly string[] };

/** A cheaper form of a room, of which the gateway grants the next cheaper steps. */
export type AskedView = { readonly [F in keyof ViewRequest]?: ViewRequest[F] | undefined };
/** A cheaper form of a room that has no columns: only `max_rate`. */
export type AskedRate = Pick<AskedView, 'max_rate'>;

export type ProductRequest = Symbols & { readonly type: 'product'; readonly view?: AskedRate | undefined };
/** `expiry`, YYYY-MM-DD: only this chain. */
export type ChainRequest = Symbols & {
  readonly type: 'chain';
  readonly expiry?: string | undefined;
  readonly view?: undefined;
};
/** Chains in columns, or parts of them. */
export type ChainViewRequest = Symbols & {
  readonly type: 'chain';
  readonly expiry?: string | undefined;
  readonly view: AskedView;
};
export interface GeneralRequest {
  readonly type: 'general';
  readonly view?: AskedRate | undefined;
}
/** What has a snapshot. */
export type SymbolsRequest = ProductRequest | ChainRequest | ChainViewRequest;
export type Request = SymbolsRequest | GeneralRequest;
/** The portfolio of the token's user. */
export interface PortfolioRequest {
  readonly type: 'portfolio';
}

/** The updates that a subscription receives. */
export type UpdateOf<R extends Request | PortfolioRequest> = R extends ProductRequest
  ? UnderlyingUpdate
  : R extends PortfolioRequest
    ? PortfolioUpdate
    : R extends ChainViewRequest
      ? ChainView
      : R extends ChainRequest
        ? ChainUpdate
        : UnderlyingUpdate | ChainSummary;
