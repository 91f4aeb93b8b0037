/** The names of the streams. They are also their keys in Redis, after `KEY_PREFIX`. */

/** The prices of a product. */
export function productStream(product: string): string {
  return `history:product:${product}`;
}

/** The summaries of the chain of one product and expiry. */
export function summaryStream(product: string, expiry: string): string {
  return `history:summary:${product}:${expiry}`;
}

/** The first chain of the newest session of one product and expiry. */
export function openingStream(product: string, expiry: string): string {
  return `history:opening:${product}:${expiry}`;
}

/** The one-minute bars of a product. */
export function barStream(product: string): string {
  return `history:bars:${product}`;
}

/** The portfolios of a user. The name is private: logs and metrics must not have it. */
export function portfolioStream(user: string): string {
  return `history:portfolio:${user}`;
}

/** The user whose portfolios a stream of {@link portfolioStream} has. */
export function userOfStream(stream: string): string {
  return stream.slice(portfolioStream('').length);
}

/** The product whose prices a stream has; undefined for a stream of something else. */
export function productOfStream(stream: string): string | undefined {
  const prefix = productStream('');
  return stream.startsWith(prefix) ? stream.slice(prefix.length) : undefined;
}
