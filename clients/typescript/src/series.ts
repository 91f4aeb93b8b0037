import { type Bar, barsOf, periodMsOf, periodOf, type Price, withPrice } from './bars.js';
import type { SocketClient } from './client.js';
import {
  DEFAULT_HISTORY_ROWS,
  type History,
  type HistoryResolution,
  MAX_HISTORY_ROWS,
  parseTimestamp,
  type ProductSymbol,
  type SubscriptionConfirmed,
  type UnderlyingUpdate,
} from './contract/index.js';
import { recordsOf } from './history.js';
import type { Subscription } from './subscription.js';

export interface SeriesRequest<R extends HistoryResolution = HistoryResolution> {
  readonly symbol: ProductSymbol;
  /** `raw` for each price (the default), or the length of the bars. */
  readonly resolution?: R | undefined;
  /** The most points: 1 to 5,000, by default 1,000. The oldest are dropped. */
  readonly limit?: number | undefined;
}

export type SeriesPoint<R extends HistoryResolution = HistoryResolution> = R extends 'raw' ? Price : Bar;

/**
 * The newest prices of a product, or bars of them: first those of the history, and then the live
 * ones. Each update is in it once. After a connection that was lost, or a gap, it reads the history
 * again, so that it has what was missed.
 */
export class Series<R extends HistoryResolution = 'raw'> {
  /** Whether the history has been asked for and has not come yet. */
  loading = true;
  /** Why points may be missing: what the request for the history, or the subscription, failed with. */
  error: Error | undefined;
  private readonly limit: number;
  private readonly periodMs: number;
  private items: (Price | Bar)[] = [];
  private copy: readonly SeriesPoint<R>[] | undefined;
  /** The updates since the history was asked for, which it may not have. */
  private waiting: UnderlyingUpdate[] = [];
  /** The time of the newest price that the history had, in µs since the epoch. */
  private joinedAt = -Infinity;
  private newestLive = -Infinity;
  private handle: Subscription<UnderlyingUpdate> | undefined;
  private reading = false;
  private request: AbortController | undefined;
  private readonly removers: (() => void)[] = [];

  /** @param changed called after each change of the points or of another property */
  constructor(
    private readonly client: SocketClient,
    private readonly options: SeriesRequest<R>,
    private readonly changed: () => void,
  ) {
    const { limit = DEFAULT_HISTORY_ROWS, resolution = 'raw' } = options;
    this.limit = Math.max(1, Math.min(MAX_HISTORY_ROWS, Math.floor(limit)));
    this.periodMs = periodMsOf(resolution);
  }

  /** In ascending order of time. A new array after each change, and the same one otherwise. */
  get points(): readonly SeriesPoint<R>[] {
    return (this.copy ??= [...this.items] as unknown as readonly SeriesPoint<R>[]);
  }

  /** Whether the newest point cannot be relied on, as for a subscription. */
  get stale(): boolean {
    return this.handle?.stale ?? true;
  }

  /** Subscribes to the product, and then asks for the history: in this order, nothing is missed. */
  start(): this {
    const handle = this.client.subscribe({ type: 'product', symbol: this.options.symbol });
    this.handle = handle;
    const [room] = handle.rooms;
    this.removers.push(
      handle.on('update', (update) => this.receive(update)),
      handle.on('stale', this.changed),
      handle.on('error', (error) => this.fail(error)),
      this.client.on('connected', () => this.connected()),
      this.client.on('subscribed', (joined) => joined.room === room && this.joined(joined)),
    );
    handle.ready.then(
      () => this.request ?? this.load(),
      () => handle.error && this.fail(handle.error),
    );
    return this;
  }

  close(): void {
    for (const remove of this.removers.splice(0)) remove();
    this.request?.abort();
    this.handle?.unsubscribe();
  }

  private connected(): void {
    // The client moves to the next replica, and may take over only the newest price from there.
    if (this.client.state === 'draining') this.load();
    else this.loading = true; // until it is in the room again
  }

  private joined({ recovered }: SubscriptionConfirmed): void {
    // With `recovered`, what was missed follows.
    if (recovered && !this.reading && !this.error) this.loading = false;
    else this.load();
  }

  private load(): void {
    if (this.handle?.closed !== false) return;
    this.request?.abort();
    const { signal } = (this.request = new AbortController());
    this.waiting = [];
    this.loading = this.reading = true;
    this.read(signal).catch((error: Error) => {
      if (!signal.aborted) this.fail(error);
    });
    this.changed();
  }

  private async read(signal: AbortSignal): Promise<void> {
    const { symbol, resolution = 'raw' } = this.options;
    const product = { type: 'product', symbol } as const;
    const page = await this.client.history({ ...product, resolution, limit: this.limit }, { signal });
    if (this.periodMs === 0) this.join(page, pricesOf(page));
    else {
      // The last bar does not say which live prices are in it, so the prices of its period do.
      const from = page.bars?.at(-1)?.[0] as string | undefined;
      const whole = { ...product, ...(from === undefined ? {} : { from }), limit: MAX_HISTORY_ROWS };
      let tail = await this.client.history(whole, { signal });
      if (tail.next !== null) tail = await this.client.history({ ...product, limit: 1 }, { signal });
      this.join(page, pricesOf(tail));
    }
  }

  /** @param newest the prices since the last bar of the page, or those of the page itself */
  private join(page: History, newest: readonly Price[]): void {
    this.items =
      this.periodMs === 0
        ? [...newest]
        : merged(recordsOf(page) as unknown as Bar[], barsOf(newest, this.periodMs));
    this.joinedAt = timeOf(newest.at(-1));
    for (const update of this.waiting.splice(0)) this.add(update);
    this.loading = this.reading = false;
    this.error = undefined;
    this.touch();
  }

  private receive(update: UnderlyingUpdate): void {
    const time = timeOf(update);
    // Only after the clock of the producer was set back, an older update follows a newer one.
    if (time < this.newestLive) this.joinedAt = -Infinity;
    this.newestLive = time;
    if (this.loading) {
      this.waiting.push(update);
      if (this.waiting.length > MAX_HISTORY_ROWS) this.waiting.shift();
    }
    this.add(update);
    this.touch();
  }

  private add({ timestamp, price }: UnderlyingUpdate): void {
    if (timeOf({ timestamp }) <= this.joinedAt) return;
    const period = this.periodMs === 0 ? timestamp : periodOf(timestamp, this.periodMs);
    const time = timeOf({ timestamp: period });
    let at = this.items.length;
    while (at > 0 && timeOf(this.items[at - 1]) > time) at--;
    const before = this.items[at - 1];
    const isThere = timeOf(before) === time;
    const point = this.periodMs === 0 ? { timestamp, price } : undefined;
    this.items.splice(
      isThere ? at - 1 : at,
      isThere ? 1 : 0,
      point ?? withPrice(isThere ? (before as Bar) : undefined, price, period),
    );
  }

  private fail(error: Error): void {
    this.loading = this.reading = false;
    this.waiting = [];
    this.error = error;
    this.changed();
  }

  private touch(): void {
    if (this.items.length > this.limit) this.items.splice(0, this.items.length - this.limit);
    this.copy = undefined;
    this.changed();
  }
}

/** In µs since the epoch. */
function timeOf(point: { readonly timestamp: string } | undefined): number {
  return (point && parseTimestamp(point.timestamp)) ?? -Infinity;
}

function pricesOf(page: History): Price[] {
  return recordsOf(page) as unknown as Price[];
}

/** Bars of the history, and those of later prices, the first of which may be in its last bar. */
function merged(bars: readonly Bar[], later: readonly Bar[]): Bar[] {
  const last = bars.at(-1);
  const [first, ...rest] = later;
  if (!last || first?.timestamp !== last.timestamp) return [...bars, ...later];
  const whole: Bar = {
    ...first,
    open: last.open,
    high: Math.max(last.high, first.high),
    low: Math.min(last.low, first.low),
    count: Math.max(last.count, first.count),
  };
  return [...bars.slice(0, -1), whole, ...rest];
}
