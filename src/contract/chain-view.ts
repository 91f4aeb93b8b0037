import type { ChainSummary, ChainUpdate, OptionLeg } from './payloads.js';
import type { ViewContent, ViewMode } from './views.js';

/** A column of a view: a number of each option. */
export type ViewColumn = Extract<
  keyof OptionLeg,
  'last' | 'bid' | 'ask' | 'volume' | 'open_interest' | 'iv' | 'delta' | 'gamma' | 'theta' | 'vega'
>;

const QUOTE_COLUMNS = ['last', 'bid', 'ask', 'volume', 'open_interest'] as const;
const GREEKS = ['iv', 'delta', 'gamma', 'theta', 'vega'] as const;

/** The columns of each mode, in the order in which they are sent. */
export const VIEW_COLUMNS: Readonly<Record<ViewMode, readonly ViewColumn[]>> = {
  full: [...QUOTE_COLUMNS, ...GREEKS],
  quote: QUOTE_COLUMNS,
  ltp: ['last'],
  greeks: ['last', ...GREEKS],
};

/**
 * The numbers of one side of a chain, by column. Each list has one entry for each of the `strikes`,
 * in the same order: `null` if there is no such option, or if it has no such number.
 */
export type OptionColumns = { readonly [column in ViewColumn]?: readonly (number | null)[] };

/**
 * An option chain in columns, or a part of one. Each message is complete in itself. Sent to the
 * clients of a view of a chain, instead of `chain_update`.
 */
export interface ChainView
  extends ChainSummary, Omit<ChainUpdate, keyof ChainSummary | 'calls' | 'puts' | 'strikes'> {
  readonly view: ViewContent;
  /** The strikes of the view, in ascending order. */
  readonly strikes: readonly number[];
  readonly calls: OptionColumns;
  readonly puts: OptionColumns;
}

/** The fields of a chain that every view of it repeats, in the order in which they are sent. */
export const CHAIN_VIEW_FIELDS = [
  'product',
  'expiry',
  'spot_price',
  'pcr_oi',
  'pcr_volume',
  'max_pain_strike',
  'atm_straddle_price',
  'timestamp',
  'atm_strike',
  'total_call_oi',
  'total_put_oi',
  'call_buildup_otm',
  'put_buildup_otm',
  'processed_at',
] as const satisfies readonly (keyof ChainUpdate & keyof ChainView)[];
