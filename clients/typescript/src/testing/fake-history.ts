import {
  type ChainUpdate,
  DEFAULT_HISTORY_ROWS,
  type ErrorCode,
  HISTORY_RESOLUTIONS,
  HISTORY_TYPES,
  type HistoryRequest,
  type HistoryResolution,
  type HistoryRow,
  isExpiry,
  isSymbol,
  isTimestamp,
  type MarketHistory,
  type MarketHistoryRequest,
  MAX_HISTORY_ROWS,
  parseTimestamp,
  SYMBOL_RULE,
  type UnderlyingUpdate,
} from '../contract/index.js';
import { barColumns, barsOf, periodMsOf } from '../bars.js';
import { cursorOfAnotherRequest, invalidHistory, Rejection } from './rejection.js';

/** How many updates of one stream are kept. */
const MAX_KEPT = 20_000;
/** How many updates are replayed to a client at most, as at the gateway. */
const MAX_REPLAYED = 5_000;
const TIME_RULE = 'must be an ISO 8601 time such as 2026-11-22T04:43:39.340966';
const NOT_OF_OPENINGS = 'must be left out with type opening, which has one page';
const PRICE_COLUMNS = ['timestamp', 'price'] as const;
const SUMMARY_COLUMNS = [
  'timestamp',
  'spot_price',
  'pcr_oi',
  'pcr_volume',
  'max_pain_strike',
  'atm_strike',
  'atm_straddle_price',
  'total_call_oi',
  'total_put_oi',
] as const satisfies readonly (keyof ChainUpdate)[];
const OPENING_COLUMNS = [
  'timestamp',
  'strike',
  'call_open_interest',
  'call_last',
  'put_open_interest',
  'put_last',
] as const;
const CURSOR = /^([ab])(\d{1,16})-([0-9a-f]{8})$/;

interface Entry<U> {
  /** µs since the epoch. */
  readonly time: number;
  readonly update: U;
  /** Whether updates may be missing before this one. */
  readonly gap: boolean;
  /** The number of updates that were recorded before this one, in any stream. */
  readonly at: number;
}

interface Row {
  readonly time: number;
  readonly values: HistoryRow;
  readonly gap: boolean;
}

/** The past prices and summaries, in ascending order of time, and the first chain of the session. */
export class FakeHistory {
  /** The number of updates that were recorded. */
  recorded = 0;
  private readonly prices = new Map<string, Entry<UnderlyingUpdate>[]>();
  /** By `product:expiry`. */
  private readonly summaries = new Map<string, Entry<ChainUpdate>[]>();
  /** The rows of the first chain, by `product:expiry`. All that a test publishes is in one session. */
  private readonly openings = new Map<string, readonly HistoryRow[]>();

  recordPrice(update: UnderlyingUpdate): void {
    this.record(this.prices, update.product, update);
  }

  recordChain(update: ChainUpdate): void {
    const name = `${update.product}:${update.expiry}`;
    this.record(this.summaries, name, update);
    if (!this.openings.has(name) && hasInterest(update)) this.openings.set(name, openingRows(update));
  }

  /** Forgets everything, as when Redis has lost it. */
  clear(): void {
    this.prices.clear();
    this.summaries.clear();
    this.openings.clear();
  }

  /**
   * The prices of a product after a time. Undefined if some may be unknown, or if one of them was
   * recorded after `before` others, and may have reached the client in `general`.
   */
  missed(product: string, since: string, before = Infinity): UnderlyingUpdate[] | undefined {
    const time = parseTimestamp(since);
    const entries = this.prices.get(product) ?? [];
    const at = entries.findIndex((entry) => entry.time === time);
    const missed = entries.slice(at + 1);
    if (at < 0 || missed.length > MAX_REPLAYED || (entries.at(-1)?.at ?? 0) >= before) return undefined;
    return missed.map(({ update }) => update);
  }

  /**
   * One page, as the gateway makes it.
   * @param nearestExpiry that of the product's chains
   * @throws Rejection if the request is invalid, or for portfolios, of which it keeps no history
   */
  page(request: HistoryRequest, nearestExpiry: (product: string) => string | undefined): MarketHistory {
    checkHistoryRequest(request);
    if (!isOfMarket(request)) throw portfolioHistoryIsOff();
    const { type, symbol, resolution = 'raw' } = request;
    const expiry = type === 'product' ? null : (request.expiry ?? nearestExpiry(symbol) ?? null);
    const head = { type, symbol, expiry, resolution };
    if (type === 'opening') {
      const updates = this.openings.get(`${symbol}:${expiry}`) ?? [];
      return { ...head, columns: OPENING_COLUMNS, updates, next: null };
    }
    const range = [parseTimestamp(request.from), parseTimestamp(request.to)];
    const tag = tagOf(JSON.stringify([...Object.values(head), ...range]));
    if (resolution !== 'raw') {
      const { rows, next } = pageOf(this.barRows(symbol, resolution), request, tag);
      return { ...head, columns: barColumns, bars: rows.map(({ values }) => values), next };
    }
    const columns = type === 'product' ? PRICE_COLUMNS : SUMMARY_COLUMNS;
    const all =
      type === 'product'
        ? rowsOf(this.prices.get(symbol) ?? [], PRICE_COLUMNS)
        : rowsOf(this.summaries.get(`${symbol}:${expiry}`) ?? [], SUMMARY_COLUMNS);
    const { rows, next } = pageOf(all, request, tag);
    const gaps = rows.flatMap(({ gap }, index) => (gap ? [index] : []));
    const updates = rows.map(({ values }) => values);
    return { ...head, columns, updates, ...(gaps.length > 0 ? { gaps } : {}), next };
  }

  private barRows(product: string, resolution: HistoryResolution): Row[] {
    const prices = (this.prices.get(product) ?? []).map(({ update }) => update);
    return barsOf(prices, periodMsOf(resolution)).map(({ timestamp, open, high, low, close, count }) => ({
      time: parseTimestamp(timestamp)!,
      values: [timestamp, open, high, low, close, count],
      gap: false,
    }));
  }

  private record<U extends { readonly timestamp: string }>(
    streams: Map<string, Entry<U>[]>,
    name: string,
    update: U,
  ): void {
    let entries = streams.get(name);
    if (!entries) streams.set(name, (entries = []));
    const time = parseTimestamp(update.timestamp)!;
    entries.push({ time, update, gap: entries.length === 0, at: this.recorded++ });
    if (entries.length > MAX_KEPT) entries.shift();
  }
}

function rowsOf<U extends object>(entries: readonly Entry<U>[], columns: readonly (keyof U)[]): Row[] {
  return entries.map(({ time, update, gap }) => ({
    time,
    values: columns.map((column) => update[column] ?? null) as HistoryRow,
    gap,
  }));
}

/** Whether a chain can be an opening. */
function hasInterest({ calls, puts }: ChainUpdate): boolean {
  return [...calls, ...puts].some(({ open_interest }) => open_interest != null);
}

/** One row for each strike of a chain. Of two legs with one strike, the first counts. */
function openingRows({ timestamp, strikes, calls, puts }: ChainUpdate): HistoryRow[] {
  return strikes.map((strike) => {
    const [call, put] = [calls, puts].map((legs) => legs.find((leg) => leg.strike === strike));
    return [
      timestamp,
      strike,
      call?.open_interest ?? null,
      call?.last ?? null,
      put?.open_interest ?? null,
      put?.last ?? null,
    ];
  });
}

/** A tag for the requests that a cursor may be used with: the FNV-1a hash of a text. */
function tagOf(text: string): string {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/**
 * The rows of one page. A cursor is the direction of the pages, the time of the next row, and the tag
 * of its request.
 */
function pageOf(
  all: readonly Row[],
  { from, to, cursor, limit = DEFAULT_HISTORY_ROWS }: HistoryRequest,
  tag: string,
): { readonly rows: readonly Row[]; readonly next: string | null } {
  const [, direction = from === undefined ? 'b' : 'a', time, found = tag] = CURSOR.exec(cursor ?? '') ?? [];
  if (found !== tag) throw cursorOfAnotherRequest();
  const newestFirst = direction === 'b';
  let first = parseTimestamp(from) ?? -Infinity;
  let last = parseTimestamp(to) ?? Infinity;
  if (time !== undefined) [first, last] = newestFirst ? [first, +time] : [+time, last];
  const wanted = all.filter((row) => row.time >= first && row.time <= last);
  const rows = newestFirst ? wanted.slice(-limit) : wanted.slice(0, limit);
  if (rows.length === wanted.length) return { rows, next: null };
  return { rows, next: newestFirst ? `b${rows[0]!.time - 1}-${tag}` : `a${rows.at(-1)!.time + 1}-${tag}` };
}

/** Whether a valid request is for the history of a product or chain. */
function isOfMarket(request: HistoryRequest): request is MarketHistoryRequest {
  return request.type !== 'portfolio';
}

/** As a gateway with the default settings answers. */
function portfolioHistoryIsOff(): Rejection {
  return new Rejection(
    'HISTORY_UNAVAILABLE',
    'This gateway keeps no history of portfolios. Use live updates only, or ask its operator to set PORTFOLIO_HISTORY_SECONDS.',
  );
}

function checkHistoryRequest(request: HistoryRequest): void {
  const { type, symbol, expiry, from, to, limit = 1, resolution = 'raw', cursor } = request;
  const check = (ok: boolean, code: ErrorCode, field: string, problem: string): void => {
    if (!ok) throw invalidHistory(code, [{ field, problem, ...(field === 'symbol' ? { symbol } : {}) }]);
  };
  check(HISTORY_TYPES.includes(type), 'INVALID_TYPE', 'type', `must be one of ${HISTORY_TYPES.join(', ')}`);
  if (type === 'portfolio') {
    const problem = 'must be left out, because the portfolio is that of your own user';
    check(symbol == null, 'INVALID_SYMBOL', 'symbol', problem);
  } else {
    check(isSymbol(symbol), 'INVALID_SYMBOL', 'symbol', `must be ${SYMBOL_RULE}`);
  }
  check(
    expiry == null || ((type === 'summary' || type === 'opening') && isExpiry(expiry)),
    'INVALID_EXPIRY',
    'expiry',
    'must be a date YYYY-MM-DD, and is allowed with types summary and opening only',
  );
  for (const [field, time] of Object.entries({ from, to })) {
    check(time == null || isTimestamp(time), 'INVALID_TIME', field, TIME_RULE);
    check(time == null || type !== 'opening', 'INVALID_TIME', field, NOT_OF_OPENINGS);
  }
  const checkLimit = (ok: boolean, problem: string): void => check(ok, 'INVALID_PAGE', 'limit', problem);
  checkLimit(Number.isInteger(limit), 'must be a whole number');
  checkLimit(limit >= 1, 'must be at least 1');
  checkLimit(limit <= MAX_HISTORY_ROWS, `must be at most ${MAX_HISTORY_ROWS}`);
  checkLimit(request.limit == null || type !== 'opening', NOT_OF_OPENINGS);
  check(
    resolution === 'raw' || (type === 'product' && HISTORY_RESOLUTIONS.includes(resolution)),
    'INVALID_PAGE',
    'resolution',
    `must be one of ${HISTORY_RESOLUTIONS.join(', ')}; only prices have other ones than raw`,
  );
  check(
    cursor == null || CURSOR.test(cursor),
    'INVALID_PAGE',
    'cursor',
    'must be the next of a page, as it is',
  );
  check(cursor == null || type !== 'opening', 'INVALID_PAGE', 'cursor', NOT_OF_OPENINGS);
}
