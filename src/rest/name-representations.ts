import type { ExpiryList } from './rest-payloads.js';
import type { Products } from '../contract/index.js';
import { csvTable, csvText } from './csv.js';
import type { Representation } from './representation.js';

/** @param json `{"products": [...]}`, which the gateway prepares once for each change of the list */
export function productsRepresentation(products: Products['products'], json: string): Representation {
  return {
    fileName: 'products',
    isShared: false,
    content: [json],
    json: () => json,
    csv: () =>
      csvTable(
        ['product'],
        products.map((product) => [csvText(product)]),
      ),
  };
}

export function expiriesRepresentation(list: ExpiryList): Representation {
  const { product, expiries } = list;
  return {
    fileName: `${product}-expiries`,
    isShared: false,
    content: [product, ...expiries],
    json: () => JSON.stringify(list),
    csv: () =>
      csvTable(
        ['product', 'expiry'],
        expiries.map((expiry) => [csvText(product), expiry]),
      ),
  };
}
