/** The product (its index) of the publisher's `sequence`-th message: it goes round the products from 1 on. */
export function sequenceKey(sequence: number, products: number): number {
  return (sequence - 1) % products;
}

/** How many of the messages after `from` up to and including `to` are of each product. */
export function publishedPerKey(from: number, to: number, products: number): number[] {
  return Array.from(
    { length: products },
    (_, key) => Math.floor((to - key - 1) / products) - Math.floor((from - key - 1) / products),
  );
}

/** Each product's newest number up to and including `to`; 0 where there is none. */
export function newestPerKey(to: number, products: number): number[] {
  return Array.from({ length: products }, (_, key) => {
    const newest = key + 1 + Math.floor((to - key - 1) / products) * products;
    return Math.max(0, newest);
  });
}

/** The fields the publisher adds to every message; the gateway, as all servers here, passes unknown fields on. */
export const SEQUENCE_FIELD = 'bench_seq';
/** Monotonic microseconds of the moment it was sent. */
export const SENT_FIELD = 'bench_sent_us';
