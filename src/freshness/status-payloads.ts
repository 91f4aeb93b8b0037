import { type ChainStatus, type FeedStatuses, JsonPayload, type ProductStatus } from '../contract/index.js';

export function nameOf({ product, expiry }: ChainStatus): string {
  return chainName(product, expiry);
}

/** The name of a chain, such as `NIFTY:2026-11-26`; `NIFTY:*` means all chains of the product. */
export function chainName(product: string, expiry: string | null): string {
  return `${product}:${expiry ?? '*'}`;
}

/** The payload of a product's status that is broadcast. */
export function payloadOf(status: ProductStatus): JsonPayload<ProductStatus> {
  return new JsonPayload(JSON.stringify(status), `status:${status.product}`);
}

/** The payload of a chain's status that is broadcast. */
export function chainPayloadOf(status: ChainStatus): JsonPayload<ChainStatus> {
  return new JsonPayload(JSON.stringify(status), `status:${nameOf(status)}`);
}

/**
 * A status that is sent to one client. Its key differs from the broadcast's: if the client lags, it
 * does not replace the broadcast status, which would count as a dropped update.
 */
export function repeated(status: ProductStatus): JsonPayload<ProductStatus> {
  return new JsonPayload(JSON.stringify(status), `repeated-status:${status.product}`);
}

/**
 * All statuses in one event. Batches share one key, because a lagging client needs only the last
 * one: each contains all stale products.
 */
export function batchOf(statuses: readonly ProductStatus[]): JsonPayload<FeedStatuses> {
  return new JsonPayload(JSON.stringify({ statuses }), 'repeated-statuses');
}

/** Like {@link repeated}, for the status of a chain. */
export function repeatedChain(status: ChainStatus): JsonPayload<ChainStatus> {
  return new JsonPayload(JSON.stringify(status), `repeated-status:${nameOf(status)}`);
}
