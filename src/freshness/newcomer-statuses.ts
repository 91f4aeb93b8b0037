import type { Clock } from '../common/clock.js';
import { type FeedStatuses, type JsonPayload, JsonPayloads, type ProductStatus } from '../contract/index.js';
import { batchOf, repeated } from './status-payloads.js';

/** How many statuses a new connection is sent at most. */
const MAX_STATUSES = 1_000;
/** How long the list for new connections is reused, ms. Its ages are at most this much too low. */
const REUSED_FOR_MS = 1_000;

/** A list of stale products. Each of its two encodings is made when it is first needed. */
class StaleList {
  private encodedEach: JsonPayloads<ProductStatus> | undefined;
  private encodedBatch: JsonPayload<FeedStatuses> | undefined;

  /** @param at when the list was made, ms of the clock */
  constructor(
    readonly at: number,
    private readonly statuses: readonly ProductStatus[],
  ) {}

  get size(): number {
    return this.statuses.length;
  }

  /** One event for each product. */
  get each(): JsonPayloads<ProductStatus> {
    return (this.encodedEach ??= new JsonPayloads(this.statuses.map(repeated)));
  }

  /** One event for all products. */
  get batch(): JsonPayload<FeedStatuses> {
    return (this.encodedBatch ??= batchOf(this.statuses));
  }
}

/**
 * The stale products for new connections. Clients that connect at the same time share one list and
 * its encoded buffer.
 */
export class NewcomerStatuses {
  private list: StaleList | undefined;

  /** @param read returns at most that many stale products */
  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly read: (most: number) => readonly ProductStatus[],
  ) {}

  get current(): StaleList {
    const now = this.clock.now();
    if (!this.list || now - this.list.at >= REUSED_FOR_MS) {
      this.list = new StaleList(now, this.read(MAX_STATUSES));
    }
    return this.list;
  }

  /** Call this when the status of a product changes. */
  forget(): void {
    this.list = undefined;
  }
}
