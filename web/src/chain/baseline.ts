import { type ChainView, type History, recordsOf } from '@deltastream/socket-client';
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

/** One chain that later ones are compared with. */
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

  /** @param page of type `opening`. `undefined` if the gateway has kept none */
  static ofOpening(page: History): Baseline | undefined {
    const records = recordsOf(page);
    const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);
    const rows = records.map(({ strike, call_open_interest, call_last, put_open_interest, put_last }) => {
      const row = [call_open_interest, call_last, put_open_interest, put_last].map(number);
      return [Number(strike), row as unknown as Row] as const;
    });
    return records[0] && new Baseline(records[0].timestamp, new Map(rows));
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

  /** YYYY-MM-DD */
  get day(): string {
    return this.timestamp.slice(0, 10);
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

/**
 * Remembers the chain that the reader of this tab has chosen, and, for gateways that keep no opening,
 * the first chain of the day that any tab has seen.
 */
export class BaselineStore {
  /**
   * @param tab undefined if the browser forbids it: a reload then forgets what the reader has chosen
   * @param browser undefined if the browser forbids it: each tab then begins with its own first chain
   */
  constructor(
    private readonly tab: Storage | undefined,
    private readonly browser: Storage | undefined,
  ) {}

  /** It may be of an earlier session. */
  chosen(product: string, expiry: string): Baseline | undefined {
    return read(this.tab, keyOf(product, expiry));
  }

  /** @param day the day of the newest chain, YYYY-MM-DD. A baseline of another day is not used. */
  first(product: string, expiry: string, day: string): Baseline | undefined {
    const found = read(this.browser, keyOf(product, expiry));
    return found?.day === day ? found : undefined;
  }

  /** Makes a chain the first one of all tabs, if they have none of its day yet. */
  addFirst(product: string, expiry: string, baseline: Baseline): void {
    const key = keyOf(product, expiry);
    if (read(this.browser, key)?.day === baseline.day) return;
    removeOldDays(this.browser, baseline.day);
    write(this.browser, key, baseline);
  }

  /** Makes a chain the baseline of this tab. */
  choose(product: string, expiry: string, baseline: Baseline): void {
    write(this.tab, keyOf(product, expiry), baseline);
  }
}

const PREFIX = 'deltastream-baseline ';
const KEPT_DAYS = 4;

function keyOf(product: string, expiry: string): string {
  return `${PREFIX}${product} ${expiry}`;
}

function read(storage: Storage | undefined, key: string): Baseline | undefined {
  return Baseline.parse(storage?.getItem(key) ?? null);
}

function write(storage: Storage | undefined, key: string, baseline: Baseline): void {
  try {
    storage?.setItem(key, baseline.toText());
  } catch {
    // The storage is full. A reload then begins again.
  }
}

/**
 * The storage of the browser outlives its tabs, so what is not used any more has to go. The newest
 * chain of a product whose market is closed may be some days old.
 */
function removeOldDays(storage: Storage | undefined, day: string): void {
  if (!storage) return;
  const oldest = Date.parse(day) - KEPT_DAYS * 86_400_000;
  for (const key of Array.from({ length: storage.length }, (_, index) => storage.key(index)!)) {
    if (!key.startsWith(PREFIX)) continue;
    const found = Baseline.parse(storage.getItem(key));
    if (!(Date.parse(found?.day ?? '') >= oldest)) storage.removeItem(key);
  }
}
