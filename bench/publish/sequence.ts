/**
 * The index of the product of the publisher's `sequence`-th message. The products take turns,
 * starting at 1.
 */
export function sequenceKey(sequence: number, products: number): number {
  return (sequence - 1) % products;
}

/** How many messages after `from`, up to and including `to`, belong to each product. */
export function publishedPerKey(from: number, to: number, products: number): number[] {
  return Array.from(
    { length: products },
    (_, key) => Math.floor((to - key - 1) / products) - Math.floor((from - key - 1) / products),
  );
}

/** The newest number of each product up to and including `to`, or 0. */
export function newestPerKey(to: number, products: number): number[] {
  return Array.from({ length: products }, (_, key) => {
    const newest = key + 1 + Math.floor((to - key - 1) / products) * products;
    return Math.max(0, newest);
  });
}

/**
 * The fields that the publisher adds to every message. The gateway, like all servers here, passes
 * unknown fields on.
 */
export const SEQUENCE_FIELD = 'bench_seq';
/** The monotonic time of sending, in microseconds. */
export const SENT_FIELD = 'bench_sent_us';
