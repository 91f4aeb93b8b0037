/** Option chains with other numbers in every cell, for tests of the live page. */

/** The numbers of an option, in the form of the feed. */
interface LiveLeg {
  readonly strike: number;
  readonly option_type: 'CALL' | 'PUT';
  readonly [field: string]: number | string | null;
}

export type LiveSide = 'calls' | 'puts';

export interface LiveChain {
  readonly product: string;
  readonly expiry: string;
  readonly spot_price: number;
  readonly atm_strike: number;
  readonly max_pain_strike: number;
  readonly atm_straddle_price: number;
  readonly timestamp: string;
  readonly calls: readonly LiveLeg[];
  readonly puts: readonly LiveLeg[];
  readonly [field: string]: unknown;
}

export interface LiveChainOptions {
  readonly product?: string;
  readonly expiry?: string;
  readonly strikes?: number;
  readonly spot?: number;
}

/** An expiry that is not over while a test runs. */
export function expiryIn(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

/** A time as Python writes it. */
export function pythonTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000`;
}

let lastMs = 0;

/** Two chains with one time would have no order. */
function nextTime(): string {
  lastMs = Math.max(Date.now(), lastMs + 1);
  return pythonTime(lastMs);
}

const STEP = 50;

/**
 * The `n`th chain: each number differs from that of the chain before. Some options have no bid, and
 * the highest strike has no put.
 */
export function liveChain(n: number, options: LiveChainOptions = {}): LiveChain {
  const { product = 'NIFTY', expiry = expiryIn(3), strikes = 41, spot = 21_510 + n / 4 } = options;
  const atm = Math.round(spot / STEP) * STEP;
  const lowest = atm - STEP * Math.floor(strikes / 2);
  const legs = (type: 'CALL' | 'PUT') =>
    Array.from({ length: strikes }, (_, at) => leg(type, lowest + STEP * at, at, n));
  const timestamp = nextTime();
  return {
    product,
    expiry,
    spot_price: spot,
    pcr_oi: round(0.9 + (n % 50) / 100, 4),
    pcr_volume: round(1.1 + (n % 40) / 100, 4),
    atm_strike: atm,
    max_pain_strike: atm - 2 * STEP,
    atm_straddle_price: round(280 + n / 10, 2),
    total_call_oi: 1_000_000 + n,
    total_put_oi: 900_000 + n,
    calls: legs('CALL'),
    puts: legs('PUT').slice(0, -1),
    timestamp,
    processed_at: timestamp,
  };
}

function leg(type: 'CALL' | 'PUT', strike: number, at: number, n: number): LiveLeg {
  const side = type === 'CALL' ? 0 : 7;
  const last = round(5 + at * 3.15 + side + (n % 100) / 20, 2);
  return {
    strike,
    option_type: type,
    last,
    bid: at % 7 === 3 ? null : round(last - 0.05, 2),
    ask: round(last + 0.05, 2),
    volume: 1_000 * (at + 1) + side + n,
    open_interest: 2_000 * (at + 1) + 500 * side + 3 * n,
    iv: round(0.14 + at / 1_000 + (n % 100) / 10_000, 4),
    delta: round((type === 'CALL' ? 0.5 : -0.5) + at / 1_000 + (n % 100) / 10_000, 4),
    gamma: round(0.0008 + (n % 100) / 100_000, 5),
    theta: round(-8 - at / 10 - (n % 100) / 50, 2),
    vega: round(4 + at / 10 + (n % 100) / 50, 2),
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
