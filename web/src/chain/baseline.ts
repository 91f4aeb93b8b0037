import type { ChainView } from '@deltastream/socket-client';
import type { Side } from './ladder.js';

/** The numbers that changes are computed from. */
export type BaselineField = 'oi' | 'last';

/** Of one strike: open interest and last price of the call, then those of the put. */
type Row = readonly [number | null, number | null, number | null, number | null];

/** The form in which a baseline is stored. */
interface Stored {
  readonly timestamp: string;
  readonly rows: readonly (readonly [strike: number, ...Row])[];
}

/**
 * One chain that later ones are compared with. The history of the gateway has no single options, so
 * this is the first chain that the page has seen, and not the opening of the session.
 */
export class Baseline {
  private constructor(
    /** The time of the chain. */
    readonly timestamp: string,
    private readonly rows: ReadonlyMap<number, Row>,
  ) {}

  /** @param chain with all strikes, and with `last` and `open_interest` */
  static of({ timestamp, strikes, calls, puts }: ChainView): Baseline {
    const at = (index: number): Row => [
      calls.open_interest?.[index] ?? null,
      calls.last?.[index] ?? null,
      puts.open_interest?.[index] ?? null,
      puts.last?.[index] ?? null,
    ];
    return new Baseline(timestamp, new Map(strikes.map((strike, index) => [strike, at(index)])));
  }

  /** Reads what `toText` has written; `undefined` for anything else. */
  static parse(text: string | null): Baseline | undefined {
    try {
      const { timestamp, rows } = JSON.parse(text ?? '') as Stored;
      if (typeof timestamp !== 'string') return undefined;
      return new Baseline(timestamp, new Map(rows.map(([strike, ...row]) => [strike, row])));
    } catch {
      return undefined;
    }
  }

  toText(): string {
    const rows = [...this.rows].map(([strike, row]) => [strike, ...row] as const);
    return JSON.stringify({ timestamp: this.timestamp, rows } satisfies Stored);
  }

  /** `null` if the chain did not have the option, or not this number. */
  of(strike: number, side: Side, field: BaselineField): number | null {
    const at = (side === 'calls' ? 0 : 2) + (field === 'oi' ? 0 : 1);
    return this.rows.get(strike)?.[at] ?? null;
  }
}

/** Where a tab remembers its baselines, so that a reload continues with them. */
export class BaselineStore {
  /** @param storage undefined if the browser forbids it: a reload then begins again */
  constructor(private readonly storage: Storage | undefined) {}

  /** @param day the day of the newest chain, YYYY-MM-DD. A baseline of another day is not used. */
  get(product: string, expiry: string, day: string): Baseline | undefined {
    const found = Baseline.parse(this.storage?.getItem(keyOf(product, expiry)) ?? null);
    return found?.timestamp.slice(0, 10) === day ? found : undefined;
  }

  set(product: string, expiry: string, baseline: Baseline): void {
    try {
      this.storage?.setItem(keyOf(product, expiry), baseline.toText());
    } catch {
      // The storage is full. A reload then begins again.
    }
  }
}

function keyOf(product: string, expiry: string): string {
  return `deltastream-baseline ${product} ${expiry}`;
}
