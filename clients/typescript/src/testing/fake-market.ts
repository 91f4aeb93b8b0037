import {
  type ChainStatus,
  type ChainUpdate,
  isExpiry,
  isSymbol,
  type OptionLeg,
  parseTimestamp,
  type ProductStatus,
  type MarketAddress,
  type SnapshotAddress,
  SYMBOL_RULE,
  timestampProblem,
  type UnderlyingUpdate,
} from '../contract/index.js';

/** The fields of a chain that matter to a test. The others get plausible values. */
export type ChainFields = Pick<ChainUpdate, 'product' | 'expiry'> &
  Partial<ChainUpdate> &
  Readonly<Record<string, unknown>>;

type Update = UnderlyingUpdate | ChainUpdate;

interface Stream<U extends Update> {
  readonly update: U;
  /** When it arrived, ms since the epoch. */
  readonly cameAt: number;
}

/** What the gateway knows: the newest updates, and which of them have stopped. */
export class FakeMarket {
  private readonly prices = new Map<string, Stream<UnderlyingUpdate>>();
  /** By `product:expiry`. */
  private readonly chains = new Map<string, Stream<ChainUpdate>>();
  private readonly staleProducts = new Set<string>();
  private readonly staleChains = new Set<string>();
  private lastMicros = 0;

  /** @param configured the products that the gateway expects */
  constructor(private readonly configured: readonly string[]) {
    for (const product of configured) checkProduct(product);
  }

  /** The configured products, then the others that were published. */
  get products(): string[] {
    const seen = [...this.chains.values()].map(({ update }) => update.product);
    return [...new Set([...this.configured, ...this.prices.keys(), ...seen])];
  }

  knowsProduct(product: string): boolean {
    return this.configured.includes(product) || this.hasPrice(product);
  }

  /** The chains of a product count as its prices, unless it has prices of its own. */
  hasPrice(product: string): boolean {
    return this.cameAt(product) !== undefined;
  }

  knows(address: MarketAddress): boolean {
    if (address.type === 'general') return true;
    return address.type === 'product' ? this.knowsProduct(address.symbol) : this.messages(address).length > 0;
  }

  /** The newest updates of a room, those of the nearest expiries first. */
  messages(address: SnapshotAddress): Update[] {
    if (address.type === 'product') {
      const price = this.prices.get(address.symbol);
      return price ? [price.update] : [];
    }
    const { symbol, expiry } = address;
    return this.chainsOf(symbol)
      .map(({ update }) => update)
      .filter((chain) => expiry === undefined || chain.expiry === expiry)
      .sort((one, other) => (one.expiry < other.expiry ? -1 : 1));
  }

  /** The expiry of the product's nearest chain. */
  nearestExpiry(product: string): string | undefined {
    return this.chainsOf(product)
      .map(({ update }) => update.expiry)
      .sort()[0];
  }

  priceOf(product: string): UnderlyingUpdate | undefined {
    return this.prices.get(product)?.update;
  }

  chainOf(product: string, expiry: string): ChainUpdate | undefined {
    return this.chains.get(`${product}:${expiry}`)?.update;
  }

  makePrice(product: string, price: number, fields: object): UnderlyingUpdate {
    checkProduct(product);
    if (!Number.isFinite(price)) throw new TypeError('The price must be a finite number');
    const time = this.now();
    const update = { timestamp: time, processed_at: time, ...fields };
    return checkTime({ ...update, type: 'UNDERLYING_ENRICHED', product, price });
  }

  makeChain({ product, expiry, ...fields }: ChainFields): ChainUpdate {
    checkProduct(product);
    if (!isExpiry(expiry)) throw new TypeError('The expiry must be a date, YYYY-MM-DD');
    const strikes = fields.strikes ?? [];
    const legs = (type: 'CALL' | 'PUT'): OptionLeg[] =>
      strikes.map((strike) => ({
        symbol: `${product}${expiry.replaceAll('-', '')}${type[0]}${strike}`,
        product,
        strike,
        expiry,
        option_type: type,
      }));
    const calls = fields.calls ?? legs('CALL');
    const puts = fields.puts ?? legs('PUT');
    const spot_price = fields.spot_price ?? this.priceOf(product)?.price ?? 0;
    const time = this.now();
    return checkTime({
      spot_price,
      pcr_oi: 1,
      pcr_volume: 1,
      max_pain_strike: spot_price,
      atm_straddle_price: null,
      timestamp: time,
      processed_at: time,
      ...fields,
      product,
      expiry,
      calls,
      puts,
      // As the gateway does, which takes them from the legs.
      strikes: [...new Set([...calls, ...puts].map(({ strike }) => strike))].sort((a, b) => a - b),
    });
  }

  /** Whether the update is newer than what is held. The gateway drops any other. */
  isNews(update: Update): boolean {
    const held =
      'expiry' in update ? this.chainOf(update.product, update.expiry) : this.priceOf(update.product);
    return !held || parseTimestamp(update.timestamp)! > parseTimestamp(held.timestamp)!;
  }

  /** Whether the update shows that its product is live. */
  countsAsPrice(update: Update): boolean {
    return !('expiry' in update) || !this.prices.has(update.product);
  }

  hold(update: Update): void {
    const cameAt = Date.now();
    if ('expiry' in update) this.chains.set(`${update.product}:${update.expiry}`, { update, cameAt });
    else this.prices.set(update.product, { update, cameAt });
  }

  /** Returns whether that is a change. */
  setStale(product: string, stale: boolean): boolean {
    return change(this.staleProducts, product, stale);
  }

  setChainStale(product: string, expiry: string, stale: boolean): boolean {
    return change(this.staleChains, `${product}:${expiry}`, stale);
  }

  /** The status of a product if it is stale. */
  staleStatus(product: string): ProductStatus | undefined {
    return this.staleProducts.has(product) ? this.statusOf(product, 'stale') : undefined;
  }

  staleChainStatus(product: string, expiry: string): ChainStatus | undefined {
    if (!this.staleChains.has(`${product}:${expiry}`)) return undefined;
    return { product, expiry, status: 'stale', ...ageOf(this.chains.get(`${product}:${expiry}`)?.cameAt) };
  }

  /** The stale products that had a price. */
  staleStatuses(): ProductStatus[] {
    return [...this.staleProducts]
      .filter((product) => this.hasPrice(product))
      .map((product) => this.statusOf(product, 'stale'));
  }

  private statusOf(product: string, status: 'stale' | 'live'): ProductStatus {
    return { product, status, ...ageOf(this.cameAt(product)) };
  }

  private cameAt(product: string): number | undefined {
    const price = this.prices.get(product);
    if (price) return price.cameAt;
    const chains = this.chainsOf(product).map(({ cameAt }) => cameAt);
    return chains.length > 0 ? Math.max(...chains) : undefined;
  }

  private chainsOf(product: string): Stream<ChainUpdate>[] {
    return [...this.chains.values()].filter(({ update }) => update.product === product);
  }

  /** The time in the format of the feed, always later than the last one, even if clocks stand. */
  now(): string {
    this.lastMicros = Math.max(Date.now() * 1_000, this.lastMicros + 1);
    const [ms, micros] = [Math.floor(this.lastMicros / 1_000), this.lastMicros % 1_000];
    return `${new Date(ms).toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}`;
  }
}

function ageOf(cameAt: number | undefined): { last_update: string | null; age_ms: number | null } {
  if (cameAt === undefined) return { last_update: null, age_ms: null };
  return { last_update: new Date(cameAt).toISOString(), age_ms: Math.max(0, Date.now() - cameAt) };
}

function change(names: Set<string>, name: string, present: boolean): boolean {
  if (names.has(name) === present) return false;
  if (present) names.add(name);
  else names.delete(name);
  return true;
}

function checkProduct(product: string): void {
  if (!isSymbol(product))
    throw new TypeError(`The product ${JSON.stringify(product)} must be ${SYMBOL_RULE}`);
}

function checkTime<U extends Update>(update: U): U {
  const problem = timestampProblem(update.timestamp);
  if (problem !== undefined) throw new TypeError(`The timestamp ${problem}`);
  return update;
}
