import type { StoreEntry } from '../../src/cache/latest-store.js';
import { FeedChannel } from '../../src/feed/channels.js';
import { chainKey } from '../../src/feed/market-message.js';
import type { Clock } from './clock.js';
import { type Instrument, instrumentOf, nextThursdays } from './instruments.js';
import { underlyingEntry } from './latest-entry.js';
import { analyse } from './chain-summary.js';
import { OptionBook } from './option-chain.js';
import { pythonJsonWriter, pythonTimestamp } from './python-format.js';
import type { Random } from './random.js';
import { type Conditions, CONDITIONS } from './scenarios.js';
import { MAX_STRIKES, StrikeGrid } from './strike-grid.js';
import { UnderlyingProcess } from './underlying-process.js';

/** A smaller chain would have no strike. */
export const MIN_CHAIN_BYTES = 2000;
const DEFAULT_STRIKES = 21;

/** One message as the platform publishes it. */
export interface MarketMessage {
  readonly channel: FeedChannel;
  readonly product: string;
  /** The string to publish. */
  readonly data: string;
  /** The entry of the platform's worker under `latest:*`. */
  readonly latest: StoreEntry;
}

/** The settings of the simulation for each product. */
export interface MarketSettings {
  /** The number of coming Thursdays, or the dates (`YYYY-MM-DD`) themselves. Default 1. */
  readonly expiries?: number | readonly string[];
  /**
   * The strikes of a chain at the opening, each with a call and a put. Default 21, as recorded.
   * Excludes `chainBytes`.
   */
  readonly strikes?: number;
  /** The approximate length of a chain message at the opening, in bytes. */
  readonly chainBytes?: number;
  /**
   * The share of the options that are quoted again between two chains, 0 to 1. The others keep their
   * values and their time. Default 1.
   */
  readonly quotedShare?: number;
  /**
   * The standard deviation of a product's log return over one second. Default: each product has its
   * own.
   */
  readonly volatility?: number;
}

/** The fields whose numbers are Python floats. All other numbers are ints. */
const FLOAT_FIELDS: ReadonlySet<string> = new Set([
  ...['price', 'spot_price', 'pcr_oi', 'pcr_volume', 'atm_strike', 'atm_straddle_price', 'max_pain_strike'],
  ...['strike', 'bid', 'ask', 'last', 'delta', 'gamma', 'vega', 'theta', 'iv'],
]);

const pythonJson = pythonJsonWriter(FLOAT_FIELDS);

/** The price and the chains of one product. */
export class ProductMarket {
  private readonly instrument: Instrument;
  private readonly underlying: UnderlyingProcess;
  private readonly random: Random;
  private readonly strikeCount: number;
  private readonly books = new Map<string, OptionBook>();
  private conditions: Conditions = CONDITIONS.normal;
  /** For how long the options were traded since their last chains. */
  private tradedSeconds = 0;
  private lastMicros = 0;

  /** @param market the random numbers of the whole market. Each product uses streams of its own. */
  constructor(
    private readonly product: string,
    private readonly settings: MarketSettings,
    market: Random,
    private readonly clock: Clock,
  ) {
    this.instrument = instrumentOf(product);
    this.random = market.fork(product);
    this.underlying = new UnderlyingProcess(this.instrument, this.random, market, settings.volatility);
    this.strikeCount = settings.chainBytes
      ? this.strikesFor(settings.chainBytes)
      : (settings.strikes ?? DEFAULT_STRIKES);
  }

  /** From now on, the market has these conditions. */
  use(conditions: Conditions): void {
    this.conditions = conditions;
  }

  /** Lets time pass without trade. What happens meanwhile shows in the next price. */
  pause(seconds: number): void {
    this.underlying.advance(seconds, this.conditions);
  }

  /** The end of a halt: the price jumps. */
  reopen(): void {
    this.underlying.reopen();
  }

  nextPrice(seconds = 1): MarketMessage {
    this.underlying.advance(seconds, this.conditions);
    this.tradedSeconds += seconds;
    const { price } = this.underlying;
    const timestamp = this.stamp();
    const data = {
      type: 'UNDERLYING_ENRICHED',
      product: this.product,
      price,
      timestamp,
      processed_at: this.stamp(),
    };
    return {
      channel: FeedChannel.underlying,
      product: this.product,
      data: pythonJson(data),
      latest: underlyingEntry(this.product, price, timestamp),
    };
  }

  chains(): MarketMessage[] {
    const { expiries = 1 } = this.settings;
    const dates = typeof expiries === 'number' ? nextThursdays(this.clock(), expiries) : expiries;
    const seconds = this.tradedSeconds;
    this.tradedSeconds = 0;
    for (const expiry of this.books.keys()) if (!dates.includes(expiry)) this.books.delete(expiry);
    return dates.map((expiry) => {
      let book = this.books.get(expiry);
      if (!book)
        this.books.set(expiry, (book = this.openBook(expiry, this.strikeCount, this.random.fork(expiry))));
      const data = this.chainText(book, expiry, seconds);
      return {
        channel: FeedChannel.optionChain,
        product: this.product,
        data,
        latest: { key: chainKey(this.product, expiry), value: data },
      };
    });
  }

  private chainText(book: OptionBook, expiry: string, seconds: number): string {
    const { price: spot, volatilityLevel } = this.underlying;
    const state = { spot, volatilityLevel, conditions: this.conditions };
    const { calls, puts } = book.quote(state, seconds, this.clock(), this.stamp());
    const chain = {
      product: this.product,
      expiry,
      spot_price: spot,
      ...analyse(spot, calls, puts),
      calls,
      puts,
      timestamp: this.stamp(),
      processed_at: this.stamp(),
    };
    return pythonJson(chain);
  }

  /**
   * Tries chains until one has the size. A strike far from the money has a shorter text, so no
   * formula fits.
   */
  private strikesFor(bytes: number): number {
    const expiry = nextThursdays(this.clock(), 1)[0]!;
    let strikes = DEFAULT_STRIKES;
    for (let attempt = 0; attempt < 4; attempt++) {
      const book = this.openBook(expiry, strikes, this.random.fork('size'));
      const size = this.chainText(book, expiry, 0).length;
      strikes = Math.min(MAX_STRIKES, Math.max(1, Math.round((strikes * bytes) / size)));
    }
    return strikes;
  }

  private openBook(expiry: string, strikes: number, random: Random): OptionBook {
    const grid = new StrikeGrid(this.instrument.strikeStep, strikes);
    return new OptionBook(this.product, expiry, this.instrument, grid, random, this.settings.quotedShare);
  }

  /**
   * The current time, but always after the last one, because the gateway orders a product's
   * messages by it.
   */
  private stamp(): string {
    this.lastMicros = Math.max(this.lastMicros + 1, Math.floor(this.clock() * 1000));
    return pythonTimestamp(this.lastMicros);
  }
}
