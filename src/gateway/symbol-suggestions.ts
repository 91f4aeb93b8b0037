import { Inject, Injectable } from '@nestjs/common';
import type { Permissions } from '../auth/permissions.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { CacheService } from '../cache/cache.service.js';
import type { MarketAddress } from '../contract/index.js';
import { NearSymbols } from './near-symbols.js';

/**
 * How long an index of the known products is reused, ms, because building it for each request would
 * be slow.
 */
const INDEX_FOR_MS = 10_000;

/** Finds the known products that clients may have meant with unknown symbols. */
@Injectable()
export class SymbolSuggestions {
  private index: { readonly at: number; readonly near: NearSymbols } | undefined;

  constructor(
    private readonly cache: CacheService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Returns a suggestion for each unknown symbol that has one; `undefined` if none has.
   * @param permissions the permissions of the client: products that it may not see are not
   * suggested
   */
  of(
    unknown: readonly MarketAddress[],
    permissions: Pick<Permissions, 'maySee'>,
  ): Readonly<Record<string, string>> | undefined {
    if (unknown.length === 0) return undefined;
    const found = unknown.flatMap((address) => {
      if (address.type === 'general') return [];
      const near = this.near.of(address.symbol, (symbol) => permissions.maySee(symbol));
      return near === undefined ? [] : [[address.symbol, near] as const];
    });
    return found.length > 0 ? Object.fromEntries(found) : undefined;
  }

  private get near(): NearSymbols {
    const now = this.clock.now();
    if (!this.index || now - this.index.at >= INDEX_FOR_MS) {
      this.index = { at: now, near: new NearSymbols(this.cache.products()) };
    }
    return this.index.near;
  }
}
