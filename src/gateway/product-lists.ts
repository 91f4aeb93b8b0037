import { Injectable } from '@nestjs/common';
import type { Permissions } from '../auth/permissions.js';
import { CacheService } from '../cache/cache.service.js';
import { type Products, ReplyPayload } from '../contract/index.js';

/** A list of products, and the payload of the `products` event that carries it. */
interface ProductList extends Products {
  readonly payload: ReplyPayload<Products>;
}

interface Prepared {
  readonly version: number;
  readonly list: ProductList;
}

/**
 * Prepares the responses to `get_products`. All clients that may see every product share one list.
 * Each other client has a list of its own. A list is reused until the products change, so that the
 * fan-out engine can share the frame of its payload.
 */
@Injectable()
export class ProductLists {
  private everything: Prepared | undefined;
  private readonly partial = new WeakMap<Permissions, Prepared>();

  constructor(private readonly cache: CacheService) {}

  /** Returns the products that a client with these permissions may see. */
  of(permissions: Permissions): ProductList {
    const version = this.cache.productsVersion;
    // A client that may join `general` learns about every product there.
    if (permissions.mayJoin({ type: 'general' })) {
      if (this.everything?.version !== version) {
        this.everything = { version, list: listOf(this.cache.products()) };
      }
      return this.everything.list;
    }
    let prepared = this.partial.get(permissions);
    if (prepared?.version !== version) {
      const products = this.cache.products().filter((product) => permissions.maySee(product));
      prepared = { version, list: listOf(products) };
      this.partial.set(permissions, prepared);
    }
    return prepared.list;
  }
}

function listOf(products: readonly string[]): ProductList {
  return { products, payload: new ReplyPayload(JSON.stringify({ products })) };
}
