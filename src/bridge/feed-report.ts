import type { MarketMessage } from '../feed/market-message.js';
import type { FeedMessageError } from '../feed/feed-message-error.js';
import { offsetText, ZoneWatch } from '../feed/zone-watch.js';
import type { RateLimitedLog } from '../logging/rate-limited-log.js';
import { BridgeMetrics } from './bridge.metrics.js';

/**
 * The fields that the contract names. All others are counted under one label, because a producer
 * could invent any number of them.
 */
const FIELDS: ReadonlySet<string> = new Set([
  ...['product', 'type', 'price', 'timestamp', 'processed_at'],
  ...['expiry', 'spot_price', 'pcr_oi', 'pcr_volume', 'max_pain_strike', 'atm_straddle_price', 'atm_strike'],
  ...['total_call_oi', 'total_put_oi', 'call_buildup_otm', 'put_buildup_otm', 'calls', 'puts', 'strikes'],
  ...['bid', 'ask', 'last', 'volume', 'open_interest', 'delta', 'gamma', 'vega', 'theta', 'iv'],
]);
const OTHER = 'other';

/** Counts and logs the faults in the messages of the feed, by product and field. */
export class FeedReport {
  private readonly zones = new ZoneWatch();
  private readonly products: ReadonlySet<string>;

  /**
   * @param products the configured products. Metrics use only these as labels, so that a producer
   * cannot create any number of time series.
   */
  constructor(
    products: readonly string[],
    private readonly metrics: Pick<BridgeMetrics, 'feedRejected' | 'feedBadValues'>,
    private readonly faults: RateLimitedLog,
    private readonly wallNow: () => number,
  ) {
    this.products = new Set(products);
  }

  /** Reports a message that was not forwarded. */
  rejected(channel: string, { reason, message, field, product, expiry }: FeedMessageError): void {
    this.metrics.feedRejected.inc({ reason });
    const fault = field === undefined ? reason : `${reason}:${labelOf(field)}`;
    if (field !== undefined) this.count(product, field, 'rejected', 1);
    this.faults.warn(fault, 'feed_message_rejected', {
      channel,
      reason,
      product,
      expiry,
      field: field && labelOf(field),
      problem: message,
    });
  }

  /**
   * Checks a message that is forwarded: the time zone of its times, and the repairs that were made
   * to it.
   */
  accepted(message: MarketMessage): void {
    const now = this.wallNow();
    const offset = this.zones.observe(message.processedTime / 1_000 - now);
    if (offset !== undefined) {
      this.faults.warn('zone', 'feed_time_zone_suspect', {
        product: message.product,
        offset: offsetText(offset),
        problem:
          `the feed's times differ from this machine's clock by ${offsetText(offset)}: set FEED_TIME_ZONE to the ` +
          "producer's time zone, or have it write UTC",
      });
    }
    if (message.kind === 'chain' && message.repairs) this.repaired(message);
  }

  private repaired({ product, expiry, repairs = [] }: MarketMessage & { readonly kind: 'chain' }): void {
    for (const { field, action, count } of repairs) {
      this.count(product, field, action, count);
      this.faults.warn(`${action}:${labelOf(field)}`, 'feed_chain_repaired', {
        product,
        expiry,
        field: labelOf(field),
        action,
        count,
      });
    }
  }

  private count(product: string | undefined, field: string, action: string, count: number): void {
    const named = product !== undefined && this.products.has(product) ? product : OTHER;
    this.metrics.feedBadValues.inc({ product: named, field: labelOf(field), action }, count);
  }
}

function labelOf(field: string): string {
  return FIELDS.has(field) ? field : OTHER;
}
