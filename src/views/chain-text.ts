import { CHAIN_VIEW_FIELDS, VIEW_COLUMNS, type ViewContent } from '../contract/index.js';
import { ChainLegs, NO_LEG } from './chain-legs.js';
import { eachMember, endOfValue, type Items, itemsOf, numberAt } from './json-text.js';

/** The JSON text of a chain, taken apart once for all of its views. */
export class ChainText {
  private readonly values = new Map<string, string>();
  private readonly sides = new Map<string, ChainLegs>();
  private strikes: Items = { starts: [], ends: [], end: 0 };

  /** @param text a `chain_update` that was checked */
  constructor(private readonly text: string) {
    const hasEscapes = text.includes('\\');
    eachMember(text, text.indexOf('{'), (key, value) => {
      if (key === 'calls' || key === 'puts') {
        const legs = new ChainLegs(text, value, hasEscapes);
        this.sides.set(key, legs);
        return legs.end;
      }
      if (key === 'strikes') {
        this.strikes = itemsOf(text, value);
        return this.strikes.end;
      }
      const end = endOfValue(text, value);
      this.values.set(key, text.slice(value, end));
      return end;
    });
  }

  /** The JSON text of a `chain_view`. */
  view(content: ViewContent): string {
    const [from, to] = this.window(content.strikes);
    const repeated = CHAIN_VIEW_FIELDS.map((field) => {
      const value = this.values.get(field);
      return value === undefined ? '' : `"${field}":${value},`;
    });
    const strikes: string[] = [];
    for (let row = from; row < to; row++) strikes.push(this.strikeText(row));
    const calls = this.columns('calls', content, strikes, from);
    const puts = this.columns('puts', content, strikes, from);
    return (
      `{${repeated.join('')}"view":${JSON.stringify(content)},"strikes":[${strikes.join(',')}],` +
      `"calls":${calls},"puts":${puts}}`
    );
  }

  private columns(
    side: 'calls' | 'puts',
    { mode }: ViewContent,
    strikes: readonly string[],
    firstRow: number,
  ): string {
    const legs = this.sides.get(side);
    const names = VIEW_COLUMNS[mode];
    const found = strikes.map((strike, index) => legs?.of(Number(strike), firstRow + index) ?? NO_LEG);
    const columns = legs?.columns(found, names) ?? names.map(() => strikes.map(() => 'null'));
    return `{${columns.map((numbers, index) => `"${names[index]}":[${numbers.join(',')}]`).join(',')}}`;
  }

  /** The first row of a view, and the row after the last. */
  private window(each: number | undefined): readonly [from: number, to: number] {
    const { length } = this.strikes.starts;
    if (each === undefined) return [0, length];
    const money = this.rowAtTheMoney();
    return [Math.max(0, money - each), Math.min(length, money + each + 1)];
  }

  /**
   * The row of the strike that the platform names at-the-money, or else of the strike nearest to
   * the price. Of two that are equally near, the lower one. The strikes are in ascending order.
   */
  private rowAtTheMoney(): number {
    const money = this.numberOf('atm_strike') ?? this.numberOf('spot_price') ?? 0;
    let low = 0;
    let high = this.strikes.starts.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.strike(middle) < money) low = middle + 1;
      else high = middle;
    }
    return low > 0 && money - this.strike(low - 1) <= this.strike(low) - money ? low - 1 : low;
  }

  private strike(row: number): number {
    return Number(this.strikeText(row));
  }

  private strikeText(row: number): string {
    return this.text.slice(this.strikes.starts[row], this.strikes.ends[row]);
  }

  private numberOf(field: string): number | undefined {
    const value = numberAt(this.values.get(field) ?? '', 0);
    return value === 'null' ? undefined : Number(value);
  }
}
