import type { ChainView, OptionColumns, ViewColumn } from './contract/index.js';

/** The numbers of one option: those of the view's columns. */
export type OptionNumbers = { -readonly [column in ViewColumn]?: number | null };

/** One strike of a chain. A number is `null` if there is no such option, or if it has no such number. */
export interface ChainRow {
  readonly strike: number;
  readonly call: Readonly<OptionNumbers>;
  readonly put: Readonly<OptionNumbers>;
}

/**
 * The strikes of a chain in columns, in ascending order. Makes each row when the loop asks for it.
 */
export function* rowsOf({
  strikes,
  calls,
  puts,
}: Pick<ChainView, 'strikes' | 'calls' | 'puts'>): Generator<ChainRow, void, undefined> {
  for (let at = 0; at < strikes.length; at++)
    yield { strike: strikes[at]!, call: numbersAt(calls, at), put: numbersAt(puts, at) };
}

function numbersAt(columns: OptionColumns, at: number): OptionNumbers {
  const numbers: OptionNumbers = {};
  for (const column of Object.keys(columns) as ViewColumn[]) numbers[column] = columns[column]![at] ?? null;
  return numbers;
}
