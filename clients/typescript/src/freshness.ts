import type { ProductStatus } from './contract/index.js';

/** The maximum number of products remembered as stale. The gateway watches no more than that. */
const MAX_PRODUCTS = 50_000;

/**
 * The stopped products according to the gateway of one connection. docs/events.md tells front ends
 * to forget a stale status before the gateway sends it again. This class forgets it only after the
 * gateway has had the chance to send it, so that a stale product does not look live for a moment.
 */
export class Freshness {
  private readonly stale = new Map<string, ProductStatus>();
  /** The products whose status the gateway is sending again; '' for all of them. */
  private readonly retelling = new Set<string>();
  private readonly toldAnew = new Set<string>();

  told(status: ProductStatus): void {
    if (this.retelling.size > 0) this.toldAnew.add(status.product);
    if (status.status === 'live') this.stale.delete(status.product);
    else if (this.stale.size < MAX_PRODUCTS) this.stale.set(status.product, status);
  }

  /** The gateway is about to send the status of this product again, or of all with `undefined`. */
  retell(product: string | undefined): void {
    this.retelling.add(product ?? '');
    if (product === undefined) this.toldAnew.clear();
    else this.toldAnew.delete(product);
  }

  /** The gateway has sent all statuses that it had to send again. */
  settle(product: string | undefined): void {
    this.retelling.delete(product ?? '');
    const products = product === undefined ? [...this.stale.keys()] : [product];
    for (const name of products) if (!this.toldAnew.has(name)) this.stale.delete(name);
    if (this.retelling.size === 0) this.toldAnew.clear();
  }

  /** The gateway's status of the product, if it has reported it as stale. */
  statusOf(product: string): ProductStatus | undefined {
    return this.stale.get(product);
  }
}
