import type { Health, MarketStatus, Staleness } from '@deltastream/socket-client';

/** Why a price is shown in grey. */
export interface StaleReason {
  /** A few words for a cell. */
  readonly short: string;
  /** A sentence. */
  readonly long: string;
}

const MARKET: Readonly<Record<Exclude<MarketStatus['status'], 'open'>, StaleReason>> = {
  closed: { short: 'market closed', long: 'The market of this product is closed.' },
  pre: { short: 'pre-open', long: 'The market has not opened yet: orders are taken, prices do not move.' },
  halted: { short: 'halted', long: 'The market of this product is halted.' },
};

/** What decides whether a price can be relied on. */
export interface FreshnessFacts {
  readonly connected: boolean;
  readonly health: Health;
  /** The phase of the product's market, if hours are configured. */
  readonly market: MarketStatus['status'] | undefined;
  /** What the gateway said last about the product. */
  readonly staleness: Staleness | undefined;
  readonly hasPrice: boolean;
}

/** The first reason that applies, from the reader to the market. `undefined`: the price is live. */
export function staleReason(facts: FreshnessFacts): StaleReason | undefined {
  const { connected, health, market, staleness, hasPrice } = facts;
  if (!connected)
    return { short: 'no connection', long: 'There is no connection, so this price is not updated.' };
  if (health === 'feed_down')
    return { short: 'no feed', long: 'The gateway is cut off from the feed, so no price can come.' };
  if (market !== undefined && market !== 'open') return MARKET[market];
  if (staleness?.stale) {
    if (staleness.reason === 'connection')
      return { short: 'waiting', long: 'The gateway does not send this price yet.' };
    if (staleness.status?.last_update === null && !hasPrice)
      return { short: 'no price yet', long: 'The gateway has never had a price of this product.' };
    return { short: 'feed stopped', long: 'The gateway gets no new prices of this product.' };
  }
  if (!hasPrice) return { short: 'no price yet', long: 'No price of this product has come yet.' };
  return undefined;
}
