import { Permissions } from '../auth/permissions.js';
import type { CacheService } from '../cache/cache.service.js';
import { ProductLists } from './product-lists.js';

function setUp() {
  const products = ['A', 'B'];
  let made = 0;
  const cache = {
    get productsVersion() {
      return products.length;
    },
    products: () => {
      made++;
      return [...products];
    },
  };
  return { products, lists: new ProductLists(cache as unknown as CacheService), made: () => made };
}

it('shares one list among all clients that may see everything, until the products change', () => {
  const { products, lists, made } = setUp();
  const first = lists.of(Permissions.all);
  expect(lists.of(new Permissions([])).payload).toBe(first.payload);
  expect(made()).toBe(1);
  expect(first.payload.text).toBe('{"products":["A","B"]}');
  products.push('C');
  expect(lists.of(Permissions.all).products).toEqual(['A', 'B', 'C']);
  expect(made()).toBe(2);
});

it('keeps one list for a client that may see some products, until the products change', () => {
  const { products, lists, made } = setUp();
  const some = new Permissions([], new Set(['B', 'C']));
  expect(lists.of(some).products).toEqual(['B']);
  expect(lists.of(some).payload).toBe(lists.of(some).payload);
  expect(made()).toBe(1);
  products.push('C');
  expect(lists.of(some).products).toEqual(['B', 'C']);
});
