import type { MarketAddress } from './contract/index.js';
import type { Session } from './session.js';
import type { Staleness } from './subscription.js';

/**
 * The maximum number of products whose staleness is followed. No change of further products is
 * reported.
 */
const MAX_PRODUCTS = 50_000;

/** The last reported state of each product, so that each change is reported once. */
export class StaleWatch {
  private readonly said = new Map<string, boolean>();

  /** @param session the connection in use, if there is one */
  constructor(
    private readonly session: () => Session | undefined,
    private readonly tell: (staleness: Staleness) => void,
  ) {}

  /**
   * Without a connection that would deliver a newer price or report that there is none, no price
   * can be relied on.
   */
  stalenessOf(product: string): Staleness {
    const word = this.session()?.freshnessOf(product) ?? 'unknown';
    if (word === 'live') return { product, stale: false };
    if (word === 'unknown') return { product, stale: true, reason: 'connection' };
    return { product, stale: true, reason: 'feed', status: word };
  }

  /** The state of one room's data. A room may not be joined (yet), although its product is live. */
  stalenessAt(address: MarketAddress): Staleness {
    const product = address.type === 'general' ? '' : address.symbol;
    if (!this.session()?.brings(address)) return { product, stale: true, reason: 'connection' };
    if (address.type === 'general') return { product, stale: false };
    const ofProduct = this.stalenessOf(product);
    const ofRoom = ofProduct.stale ? undefined : this.session()?.staleAt(address);
    return ofRoom ? { product, stale: true, reason: 'feed', ...ofRoom } : ofProduct;
  }

  /** Follows a product from now on. */
  follow(product: string): void {
    if (!this.said.has(product) && this.said.size < MAX_PRODUCTS) {
      this.said.set(product, this.stalenessOf(product).stale);
    }
  }

  /** Reports the changes of a product, or of all products with `undefined`. */
  check(product: string | undefined): void {
    for (const name of product === undefined ? [...this.said.keys()] : [product]) {
      const before = this.said.get(name);
      const now = this.stalenessOf(name);
      if (before === undefined || before === now.stale) continue;
      this.said.set(name, now.stale);
      this.tell(now);
    }
  }

  keep(wanted: (product: string) => boolean): void {
    for (const product of this.said.keys()) if (!wanted(product)) this.said.delete(product);
  }
}
