import type { ProductStatus } from './contract/index.js';

/** Products of which "stale" is remembered; the gateway watches no more. */
const MAX_PRODUCTS = 50_000;

/**
 * What one connection's gateway says of products that have stopped, as docs/events.md has front ends keep it: what is stale is
 * forgotten when it is about to be told anew. Here it is forgotten once it could have been told, so that a stale product does
 * not look live for a moment.
 */
export class Freshness {
  private readonly stale = new Map<string, ProductStatus>();
  /** Products whose state is being told anew; '' for all of them. */
  private readonly retelling = new Set<string>();
  private readonly toldAnew = new Set<string>();

  told(status: ProductStatus): void {
    if (this.retelling.size > 0) this.toldAnew.add(status.product);
    if (status.status === 'live') this.stale.delete(status.product);
    else if (this.stale.size < MAX_PRODUCTS) this.stale.set(status.product, status);
  }

  /** The product, or with `undefined` every one, is about to be told anew. */
  retell(product: string | undefined): void {
    this.retelling.add(product ?? '');
    if (product === undefined) this.toldAnew.clear();
    else this.toldAnew.delete(product);
  }

  /** It has been told what there is to tell. */
  settle(product: string | undefined): void {
    this.retelling.delete(product ?? '');
    const products = product === undefined ? [...this.stale.keys()] : [product];
    for (const name of products) if (!this.toldAnew.has(name)) this.stale.delete(name);
    if (this.retelling.size === 0) this.toldAnew.clear();
  }

  /** The gateway's word that the product is stale, if it has given it. */
  statusOf(product: string): ProductStatus | undefined {
    return this.stale.get(product);
  }
}
