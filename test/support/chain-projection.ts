import { VIEW_COLUMNS, type ViewContent } from '../../src/contract/index.js';

const REPEATED = new Set([
  ...['product', 'expiry', 'spot_price', 'pcr_oi', 'pcr_volume', 'max_pain_strike', 'atm_straddle_price'],
  ...['timestamp', 'atm_strike', 'total_call_oi', 'total_put_oi', 'call_buildup_otm', 'put_buildup_otm'],
  'processed_at',
]);

interface Leg {
  readonly strike: number;
  readonly [field: string]: unknown;
}

/** A chain with `strikes`, as the gateway sends it. */
export interface Chain {
  readonly strikes: readonly number[];
  readonly calls: readonly Leg[];
  readonly puts: readonly Leg[];
  readonly spot_price: number;
  readonly atm_strike?: number | null;
  readonly [field: string]: unknown;
}

/** What a view of a chain is by its definition, without regard to how numbers are written. */
export function projected(chain: Chain, { mode, strikes: each }: ViewContent): object {
  const money = chain.atm_strike ?? chain.spot_price;
  const distances = chain.strikes.map((strike) => Math.abs(strike - money));
  const row = distances.indexOf(Math.min(...distances));
  const strikes =
    each === undefined ? chain.strikes : chain.strikes.slice(Math.max(0, row - each), row + each + 1);
  const columns = (legs: readonly Leg[]) => {
    const of = (strike: number) => {
      const position = chain.strikes.indexOf(strike);
      return legs[position]?.strike === strike ? legs[position] : legs.find((leg) => leg.strike === strike);
    };
    return Object.fromEntries(
      VIEW_COLUMNS[mode].map((column) => [column, strikes.map((strike) => of(strike)?.[column] ?? null)]),
    );
  };
  const { calls, puts } = chain;
  const repeated = Object.fromEntries(Object.entries(chain).filter(([field]) => REPEATED.has(field)));
  const view = each === undefined ? { mode } : { mode, strikes: each };
  return { ...repeated, view, strikes, calls: columns(calls), puts: columns(puts) };
}
