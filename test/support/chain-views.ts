import { VIEW_COLUMNS, type ChainView, type ViewContent } from '../../src/contract/index.js';
import { chainUpdate, EXPIRY, STRIKES, summary } from './messages.js';

/** The view of the `n`th chain of a product, whose options have no numbers. */
export function chainView(product: string, n: number, view: ViewContent, expiry = EXPIRY): ChainView {
  const columns = Object.fromEntries(
    VIEW_COLUMNS[view.mode].map((column) => [column, STRIKES.map(() => null)]),
  );
  const { strikes } = chainUpdate(product, n, expiry);
  return { ...summary(product, n, expiry), view, strikes, calls: columns, puts: columns };
}
