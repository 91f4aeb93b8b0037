import { Injectable } from '@nestjs/common';
import type { MarketMessage } from '../feed/market-message.js';
import { FreshnessService } from '../freshness/freshness.service.js';
import type { OptionChainStatus, PriceStatus } from './rest-payloads.js';

const NEVER_SEEN = { status: 'stale', last_update: null } as const;

/** Says whether prices and chains are still being updated, with the fields of the contract. */
@Injectable()
export class Statuses {
  constructor(private readonly freshness: FreshnessService) {}

  /** @param message the newest price; undefined if there is none */
  ofPrice(product: string, message: MarketMessage | undefined): PriceStatus {
    if (!message) return { product, ...NEVER_SEEN };
    const stale = this.freshness.staleStatus(product);
    return stale ? { product, status: 'stale', last_update: stale.last_update } : { product, status: 'live' };
  }

  ofChain(product: string, expiry: string): OptionChainStatus {
    const stale = this.freshness.staleChainStatus(product, expiry);
    return stale
      ? { product, expiry, status: 'stale', last_update: stale.last_update }
      : { product, expiry, status: 'live' };
  }
}
