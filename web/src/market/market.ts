import type {
  ChainSummary,
  ChainUpdate,
  ChainView,
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

/** The figures of a chain. The total open interest comes only with the chain itself. */
export type ChainFigures = ChainSummary & Pick<ChainUpdate, 'total_call_oi' | 'total_put_oi'>;

/** What is known of a product. */
export class Product {
  price: number | undefined;
  /** The time of the price, ms since the epoch. */
  at = NaN;
  reference: Reference | undefined;
  readonly trend = new Trend();
  /** The newest figures of each chain, by expiry. */
  readonly chains = new Map<string, ChainFigures>();
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

  /** The expiries that are known and not over, nearest first. */
  get expiries(): readonly string[] {
    return [...this.chains.keys()].sort();
  }
}

/** `product`: its price. `chain`: the figures of a chain. `status`: whether it is stale. */
export type MarketEvent = 'product' | 'chain' | 'status';
type Listener = (event: MarketEvent, product: Product | undefined) => void;

/**
 * All products of the gateway, from `general`: their prices, the summaries of their chains, and
 * whether they can be relied on.
 */
export class Market {
  /** In the order in which the gateway lists them, then those that were seen later. */
  readonly products = new Map<string, Product>();
  /** Whether the gateway has listed its products. */
  isListed = false;
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
      // Of the chain that is shown, which a summary may follow only later.
      client.on('chain_update', (update) => this.summarize(update)),
      client.on('chain_view', (update) => this.summarize(update)),
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

  /** `general` has no snapshot, so the newest prices are asked for on each connection. */
  private async readProducts(): Promise<void> {
    const { client } = this;
    try {
      const symbols = await client.products();
      this.add(symbols);
      const size = client.limits?.max_symbols_per_request ?? 1;
      for (let from = 0; from < symbols.length; from += size) {
        const { updates } = await client.snapshot({
          type: 'product',
          symbols: symbols.slice(from, from + size),
        });
        updates.forEach((update) => this.receive(update));
      }
    } catch {
      // The connection was lost, or closed. The next one asks again.
    }
  }

  private add(symbols: readonly string[]): void {
    const known = [...symbols.map((symbol) => this.get(symbol)), ...this.products.values()];
    this.products.clear();
    for (const product of known) this.products.set(product.symbol, product);
    this.isListed = true;
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
    if (at === product.at && price === product.price) return; // a snapshot of what is there
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

  private summarize(update: ChainSummary | ChainUpdate | ChainView): void {
    const { product: symbol, expiry, timestamp } = update;
    const product = this.get(symbol);
    const known = product.chains.get(expiry);
    const { spot_price, pcr_oi, pcr_volume, max_pain_strike, atm_straddle_price } = update;
    const { total_call_oi, total_put_oi } = 'strikes' in update ? update : (known ?? {});
    product.chains.set(expiry, {
      ...{ product: symbol, expiry, timestamp },
      ...{ spot_price, pcr_oi, pcr_volume, max_pain_strike, atm_straddle_price },
      ...{ total_call_oi, total_put_oi },
    });
    // Each day adds an expiry, and without this none would be removed.
    const today = timestamp.slice(0, 10);
    for (const other of product.chains.keys()) {
      if (other < today && other !== expiry) product.chains.delete(other);
    }
    this.tell('chain', product);
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
