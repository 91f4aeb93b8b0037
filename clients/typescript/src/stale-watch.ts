import type { RoomAddress } from './contract/index.js';
import type { Session } from './session.js';
import type { Staleness } from './subscription.js';

/** Products whose staleness is followed; of more than that, none is told. */
const MAX_PRODUCTS = 50_000;

/** What was last said of each product, so that each change is told once. */
export class StaleWatch {
  private readonly said = new Map<string, boolean>();

  /** @param session the connection in use, if there is one */
  constructor(
    private readonly session: () => Session | undefined,
    private readonly tell: (staleness: Staleness) => void,
  ) {}

  /** With nothing up that would bring a newer price, or say that there is none, no price can be relied on. */
  stalenessOf(product: string): Staleness {
    const word = this.session()?.freshnessOf(product) ?? 'unknown';
    if (word === 'live') return { product, stale: false };
    if (word === 'unknown') return { product, stale: true, reason: 'connection' };
    return { product, stale: true, reason: 'feed', status: word };
  }

  /** Of what one room brings: a product may be live, and a room of it not (or not yet) subscribed to. */
  stalenessAt(address: RoomAddress): Staleness {
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

  /** Tells what has changed; of all products with `undefined`. */
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
