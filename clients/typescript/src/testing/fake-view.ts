import {
  CHAIN_VIEW_FIELDS,
  type ChainUpdate,
  type ChainView,
  type OptionColumns,
  type OptionLeg,
  VIEW_COLUMNS,
  type ViewContent,
} from '../contract/index.js';

/** What the clients of a view get of a chain. */
export function viewOf(chain: ChainUpdate, { mode, strikes: each }: ViewContent): ChainView {
  const strikes = each === undefined ? chain.strikes : window(chain, each);
  const columnsOf = (legs: readonly OptionLeg[]): OptionColumns => {
    const byStrike = new Map(legs.map((leg) => [leg.strike, leg]));
    return Object.fromEntries(
      VIEW_COLUMNS[mode].map((column) => [
        column,
        strikes.map((strike) => byStrike.get(strike)?.[column] ?? null),
      ]),
    );
  };
  const fields = CHAIN_VIEW_FIELDS.flatMap((field) =>
    chain[field] === undefined ? [] : [[field, chain[field]]],
  );
  return {
    ...(Object.fromEntries(fields) as Pick<ChainUpdate, (typeof CHAIN_VIEW_FIELDS)[number]>),
    view: { mode, ...(each === undefined ? {} : { strikes: each }) },
    strikes,
    calls: columnsOf(chain.calls),
    puts: columnsOf(chain.puts),
  };
}

/** The strikes around the money. */
function window({ strikes, atm_strike, spot_price }: ChainUpdate, each: number): readonly number[] {
  const money = atm_strike ?? spot_price;
  let middle = 0;
  for (const [at, strike] of strikes.entries())
    if (Math.abs(strike - money) < Math.abs(strikes[middle]! - money)) middle = at;
  return strikes.slice(Math.max(0, middle - each), middle + each + 1);
}
