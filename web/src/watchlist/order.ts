import type { Product } from '../market/market.js';

export const SORT_KEYS = ['listed', 'product', 'price', 'change', 'age'] as const;
/** `listed`: in the order in which the gateway lists the products. */
export type SortKey = (typeof SORT_KEYS)[number];

export interface Order {
  readonly key: SortKey;
  readonly descending: boolean;
}

export const LISTED: Order = { key: 'listed', descending: false };

/** The first click sorts names upwards and numbers downwards, and the third ends the sorting. */
export function nextOrder({ key, descending }: Order, clicked: SortKey): Order {
  const first = clicked !== 'product';
  if (key !== clicked) return { key: clicked, descending: first };
  return descending === first ? { key, descending: !first } : LISTED;
}

type Sorted = Pick<Product, 'symbol' | 'price' | 'changeFraction' | 'at'>;

const VALUES: Readonly<
  Record<Exclude<SortKey, 'listed' | 'product'>, (product: Sorted) => number | undefined>
> = {
  price: ({ price }) => price,
  change: ({ changeFraction }) => changeFraction,
  age: ({ at }) => -at,
};

/** Sorts, and leaves out what does not contain the searched text. Products without a value are last. */
export function ordered<P extends Sorted>(products: Iterable<P>, order: Order, search: string): P[] {
  const wanted = search.trim().toUpperCase();
  const found = [...products].filter(({ symbol }) => symbol.toUpperCase().includes(wanted));
  const { key, descending } = order;
  if (key === 'listed') return found;
  const sign = descending ? -1 : 1;
  if (key === 'product') return found.sort((a, b) => sign * a.symbol.localeCompare(b.symbol));
  const valueOf = (product: P): number => VALUES[key](product) ?? NaN;
  return found.sort((a, b) => {
    const [left, right] = [valueOf(a), valueOf(b)];
    if (Number.isNaN(left) || Number.isNaN(right))
      return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
    return sign * (left - right);
  });
}
