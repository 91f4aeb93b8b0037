import { VIEW_COLUMNS, type ViewContent } from '../contract/index.js';
import { ChainLegs } from './chain-legs.js';
import { eachMember, endOfValue, itemsOf, numberAt } from './json-text.js';

/** The fields of a chain that every view repeats, in the order in which they are sent. */
const REPEATED = [
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
] as const;

/** The JSON text of a chain, taken apart once for all of its views. */
export class ChainText {
  private readonly values = new Map<string, string>();
  private readonly sides = new Map<string, ChainLegs>();
  /** The strikes as they are written in the text. */
  private strikeTexts: readonly string[] = [];
  private readonly strikes: readonly number[];

  /** @param text a `chain_update` that was checked */
  constructor(text: string) {
    const hasEscapes = text.includes('\\');
    eachMember(text, text.indexOf('{'), (key, value) => {
      if (key === 'calls' || key === 'puts') {
        const legs = new ChainLegs(text, value, hasEscapes);
        this.sides.set(key, legs);
        return legs.end;
      }
      if (key === 'strikes') {
        const { items, end } = itemsOf(text, value);
        this.strikeTexts = items.map((item) => text.slice(item.start, item.end));
        return end;
      }
      const end = endOfValue(text, value);
      this.values.set(key, text.slice(value, end));
      return end;
    });
    this.strikes = this.strikeTexts.map(Number);
  }

  /** The JSON text of a `chain_view`. */
  view(content: ViewContent): string {
    const [from, to] = this.window(content.strikes);
    const repeated = REPEATED.map((field) => {
      const value = this.values.get(field);
      return value === undefined ? '' : `"${field}":${value},`;
    });
    const strikes = this.strikes.slice(from, to);
    return (
      `{${repeated.join('')}"view":${JSON.stringify(content)},"strikes":[${this.strikeTexts.slice(from, to).join(',')}],` +
      `"calls":${this.columns('calls', content, strikes, from)},"puts":${this.columns('puts', content, strikes, from)}}`
    );
  }

  private columns(
    side: 'calls' | 'puts',
    { mode }: ViewContent,
    strikes: readonly number[],
    firstRow: number,
  ): string {
    const legs = this.sides.get(side);
    const rows = strikes.map((strike, index) => legs?.of(strike, firstRow + index));
    const columns = VIEW_COLUMNS[mode].map((column) => {
      const numbers = rows.map((leg) => (leg && legs ? legs.number(leg, column) : 'null'));
      return `"${column}":[${numbers.join(',')}]`;
    });
    return `{${columns.join(',')}}`;
  }

  /** The first row of a view, and the row after the last. */
  private window(each: number | undefined): readonly [from: number, to: number] {
    const { length } = this.strikes;
    if (each === undefined) return [0, length];
    const money = this.rowAtTheMoney();
    return [Math.max(0, money - each), Math.min(length, money + each + 1)];
  }

  /**
   * The row of the strike that the platform names at-the-money, or else of the strike nearest to
   * the price. Of two that are equally near, the lower one.
   */
  private rowAtTheMoney(): number {
    const named = this.numberOf('atm_strike');
    const money = named ?? this.numberOf('spot_price') ?? 0;
    let nearest = 0;
    for (let row = 1; row < this.strikes.length; row++) {
      if (Math.abs(this.strikes[row]! - money) < Math.abs(this.strikes[nearest]! - money)) nearest = row;
    }
    return nearest;
  }

  private numberOf(field: string): number | undefined {
    const value = numberAt(this.values.get(field) ?? '', 0);
    return value === 'null' ? undefined : Number(value);
  }
}
