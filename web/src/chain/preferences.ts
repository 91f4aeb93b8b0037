import { COLUMNS, type ColumnChoice, type ColumnId } from './columns.js';
import { STRIKE_CHOICES, type StrikeChoice } from './strikes.js';

/** What the reader has chosen, for all products. */
export interface Preferences extends ColumnChoice {
  readonly strikes: StrikeChoice;
}

const DEFAULTS: Preferences = { hidden: new Set(), greeks: false, strikes: 20 };
const KEY = 'deltastream-chain';

/** Anything that is not understood is replaced by the default. */
export function loadPreferences(storage: Storage | undefined): Preferences {
  try {
    const { hidden, greeks, strikes } = JSON.parse(storage?.getItem(KEY) ?? '{}') as Record<string, unknown>;
    const names = Array.isArray(hidden) ? (hidden as unknown[]) : [];
    return {
      hidden: new Set(COLUMNS.map(({ id }) => id).filter((id: ColumnId) => names.includes(id))),
      greeks: greeks === true,
      strikes: STRIKE_CHOICES.find((choice) => choice === strikes) ?? DEFAULTS.strikes,
    };
  } catch {
    return DEFAULTS;
  }
}

export function savePreferences(
  storage: Storage | undefined,
  { hidden, greeks, strikes }: Preferences,
): void {
  try {
    storage?.setItem(KEY, JSON.stringify({ hidden: [...hidden], greeks, strikes }));
  } catch {
    // The choice lasts as long as the page.
  }
}
