import type {
  ChainSummary,
  MarketStatus,
  SocketClient,
  Staleness,
  UnderlyingUpdate,
} from '@deltastream/socket-client';
import { Cleanup } from '../component.js';
import { timeOf } from '../format.js';
import { type StaleReason, staleReason } from './freshness.js';
import { dayOf, readSessionStart, type Reference } from './session-start.js';
import { Trend } from './trend.js';

/** What is known of a product. */
export class Product {
  price: number | undefined;
  /** The price before it, for the direction of the last move. */
  previous: number | undefined;
  /** The time of the price, ms since the epoch. */
  at = NaN;
  reference: Reference | undefined;
  readonly trend = new Trend();
  /** The newest summary of each chain. */
  readonly summaries = new Map<string, ChainSummary>();
  staleness: Staleness | undefined;

  constructor(readonly symbol: string) {}

  /** The change since the reference price. `undefined` without one. */
  get change(): number | undefined {
    const { price, reference } = this;
    return price === undefined || !reference ? undefined : price - reference.price;
  }

  /** The same as a fraction of the reference price. */
  get changeFraction(): number | undefined {
    const { change, reference } = this;
    return change === undefined || !reference?.price ? undefined : change / reference.price;
  }

  /** The expiries with a summary that are not over, nearest first. */
  get expiries(): readonly string[] {
    return [...this.summaries.keys()].sort();
  }
}

/** `product`: its price. `summary`: one of its chains. `status`: whether it is stale. */
export type MarketEvent = 'product' | 'summary' | 'status';
type Listener = (event: MarketEvent, product: Product | undefined) => void;

/**
 * All products of the gateway, from `general`: their prices, the summaries of their chains, and
 * whether they can be relied on.
 */
export class Market {
  readonly products = new Map<string, Product>();
  /** By product; that of all other products under `undefined`. */
  private readonly phases = new Map<string | undefined, MarketStatus>();
  private readonly listeners = new Set<Listener>();
  private readonly cleanup = new Cleanup();
  private readonly stopping = new AbortController();
  /** The products whose session is to be read, one after the other. */
  private readonly unread: Product[] = [];
  private isReading = false;

  constructor(private readonly client: SocketClient) {
    const general = client.subscribe({ type: 'general' });
    const status = (): void => this.tell('status', undefined);
    this.cleanup.add(
      () => general.unsubscribe(),
      general.on('update', (update) => ('expiry' in update ? this.summarize(update) : this.receive(update))),
      client.on('connected', () => void this.readProducts()),
      client.on('products', ({ products }) => this.add(products)),
      client.on('stale', (staleness) => this.freshen(staleness)),
      client.on('market_status', (phase) => {
        this.phases.set(phase.product, phase);
        status();
      }),
      client.on('state', status),
      client.on('health', status),
    );
    // A client that may not have `general` still has the products of its token.
    general.ready.catch(() => undefined);
  }

  on(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Why the price of a product cannot be relied on. `undefined`: it can. */
  staleReasonOf(product: Product): StaleReason | undefined {
    const { state, health } = this.client;
    return staleReason({
      connected: state === 'connected' || state === 'draining',
      health,
      market: this.phaseOf(product.symbol)?.status,
      staleness: product.staleness,
      hasPrice: product.price !== undefined,
    });
  }

  /** The phase of a product's market. `undefined`: the gateway has no market hours. */
  phaseOf(symbol: string): MarketStatus | undefined {
    return this.phases.get(symbol) ?? this.phases.get(undefined);
  }

  destroy(): void {
    this.stopping.abort();
    this.cleanup.run();
    this.listeners.clear();
  }

  private tell(event: MarketEvent, product: Product | undefined): void {
    for (const listener of this.listeners) listener(event, product);
  }

  private async readProducts(): Promise<void> {
    try {
      this.add(await this.client.products());
    } catch {
      // The connection was lost, or closed. The next one asks again.
    }
  }

  private add(symbols: readonly string[]): void {
    for (const symbol of symbols) this.get(symbol);
    this.tell('status', undefined);
  }

  private get(symbol: string): Product {
    let product = this.products.get(symbol);
    if (!product) this.products.set(symbol, (product = new Product(symbol)));
    return product;
  }

  private receive({ product: symbol, price, timestamp }: UnderlyingUpdate): void {
    const product = this.get(symbol);
    const at = timeOf(timestamp);
    product.previous = product.price;
    product.price = price;
    const isNewSession = dayOf(at) !== dayOf(product.at);
    product.at = at;
    if (isNewSession) {
      product.reference = { at, price, source: 'seen' };
      product.trend.restart([]);
      this.unread.push(product);
      void this.readSessions();
    }
    product.trend.add(at, price);
    this.tell('product', product);
  }

  private summarize(summary: ChainSummary): void {
    const product = this.get(summary.product);
    product.summaries.set(summary.expiry, summary);
    // Each day adds an expiry, and without this none would be removed.
    const today = summary.timestamp.slice(0, 10);
    for (const expiry of product.summaries.keys()) {
      if (expiry < today && expiry !== summary.expiry) product.summaries.delete(expiry);
    }
    this.tell('summary', product);
  }

  private freshen(staleness: Staleness): void {
    const product = this.get(staleness.product);
    product.staleness = staleness;
    this.tell('status', product);
  }

  /** One request at a time, so that the history of many products does not delay what is live. */
  private async readSessions(): Promise<void> {
    if (this.isReading) return;
    this.isReading = true;
    for (let product = this.unread.shift(); product; product = this.unread.shift()) {
      try {
        const { signal } = this.stopping;
        const start = await readSessionStart(this.client, product.symbol, product.at, signal);
        if (start.reference) product.reference = start.reference;
        product.trend.restart(start.points);
        this.tell('product', product);
      } catch {
        if (this.stopping.signal.aborted) return;
        // Without history, changes are measured against the first price that came here.
      }
    }
    this.isReading = false;
  }
}
