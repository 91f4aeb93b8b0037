import { PORTFOLIO_ROOM, type PortfolioUpdate, type RoomAddress } from './contract/index.js';
import { BaseHandle, type BaseOptions } from './base-handle.js';
import type { Session } from './session.js';
import type { PortfolioStaleness, PortfolioSubscription } from './subscription.js';

/** The rooms of a request for the portfolio. */
export const PORTFOLIO_ADDRESSES: readonly RoomAddress[] = [{ type: PORTFOLIO_ROOM }];

/** @param session the connection in use, if there is one */
export function portfolioStaleness(session: Session | undefined): PortfolioStaleness {
  if (!session?.isIn(PORTFOLIO_ROOM)) return { stale: true, reason: 'connection' };
  const { portfolio, portfolioStatus: status } = session;
  if (status?.status === 'stale') return { stale: true, reason: 'feed', status };
  // The gateway may have to look it up. Until then, the one of an earlier connection may be old.
  return portfolio || status ? { stale: false } : { stale: true, reason: 'connection' };
}

/** The internal side of a subscription to the portfolio. */
export class PortfolioHandle
  extends BaseHandle<PortfolioUpdate, PortfolioStaleness>
  implements PortfolioSubscription
{
  readonly addresses = PORTFOLIO_ADDRESSES;
  readonly products = [];

  constructor(
    private readonly staleness: () => PortfolioStaleness,
    options: BaseOptions,
  ) {
    super(options);
    this.said.set(PORTFOLIO_ROOM, this.stale);
  }

  get stale(): boolean {
    return this.closed || this.staleness().stale;
  }

  acknowledged(): void {
    this.resolveReady();
    this.checkStaleness();
  }

  checkStaleness(): void {
    this.report(PORTFOLIO_ROOM, this.staleness());
  }
}
