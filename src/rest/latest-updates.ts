import { Inject, Injectable } from '@nestjs/common';
import { CacheService } from '../cache/cache.service.js';
import { CLOCK, type Clock, delay } from '../common/clock.js';
import { ConcurrencyLimit } from '../common/concurrency-limit.js';
import { GatewayConfig } from '../config/gateway-config.js';
import { roomName, type SnapshotAddress } from '../contract/index.js';
import type { MarketMessage } from '../feed/market-message.js';
import { FreshnessService } from '../freshness/freshness.service.js';
import { AbsentRooms } from './absent-rooms.js';
import { lookUpFailed } from './rest-error.js';

/** The most rooms of one request that are looked up in the store at a time, as for a snapshot. */
const MAX_LOOKUPS_PER_REQUEST = 8;
/** The time limit of the look-ups of a request, ms. The store takes less to return or to fail. */
const ANSWER_WITHIN_MS = 5_000;
/** How long a room of which nothing was found is not looked up again, ms. */
const ABSENT_FOR_MS = 5_000;
const MAX_ABSENT_ROOMS = 10_000;

/** The newest messages of a room. */
export interface RoomUpdates {
  readonly messages: readonly MarketMessage[];
  /** How many messages the room has, of which `messages` may be only the first. */
  readonly known: number;
}

/**
 * Finds the newest messages of rooms for requests: in memory, and otherwise through the bounded and
 * shared look-up of snapshots.
 */
@Injectable()
export class LatestUpdates {
  private readonly absent: AbsentRooms;

  constructor(
    private readonly config: GatewayConfig,
    private readonly cache: CacheService,
    private readonly freshness: FreshnessService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.absent = new AbsentRooms({ clock, forMs: ABSENT_FOR_MS, maxRooms: MAX_ABSENT_ROOMS });
  }

  /**
   * Returns the newest messages of each room, in the order of `addresses`. Of a product with more
   * than MAX_CHAINS_PER_SNAPSHOT chains, those with the nearest expiries.
   * @param isWanted returns false when the client has gone, so that nothing more is looked up
   * @throws RestError if a room could not be looked up
   */
  async find(
    addresses: readonly SnapshotAddress[],
    isWanted: () => boolean,
  ): Promise<readonly RoomUpdates[]> {
    const known = addresses.map((address) => this.fromMemory(address));
    if (known.every((updates) => updates !== undefined)) return known;
    const missing = addresses.filter((_, index) => !known[index]);
    await this.lookUp(missing, isWanted);
    return addresses.map((address) => this.inMemory(address));
  }

  private async lookUp(addresses: readonly SnapshotAddress[], isWanted: () => boolean): Promise<void> {
    const timer = new AbortController();
    const timeUp = delay(this.clock, ANSWER_WITHIN_MS, timer.signal).then(() => false);
    const limit = new ConcurrencyLimit(MAX_LOOKUPS_PER_REQUEST, addresses.length);
    let isOver = false;
    const found = await Promise.all(
      addresses.map((address) =>
        Promise.race([
          limit.run(async () => !isOver && isWanted() && (await this.fetch(address))) ?? false,
          timeUp,
        ]),
      ),
    );
    isOver = true;
    timer.abort();
    const failed = addresses.filter((_, index) => !found[index]);
    if (failed.length > 0) throw lookUpFailed(failed);
  }

  /** Returns false if the store could not be read. */
  private async fetch(address: SnapshotAddress): Promise<boolean> {
    const messages = await this.cache.find(address);
    if (!messages) return false;
    // They are in memory now, so their age must be known before they are shown.
    for (const message of messages) this.freshness.observeFetched(message, () => undefined);
    if (messages.length === 0) this.absent.add(roomName(address));
    return true;
  }

  /** Returns undefined if the store may have messages of the room that memory does not have. */
  private fromMemory(address: SnapshotAddress): RoomUpdates | undefined {
    const updates = this.inMemory(address);
    return updates.complete || this.absent.has(roomName(address)) ? updates : undefined;
  }

  private inMemory(address: SnapshotAddress): RoomUpdates & { readonly complete: boolean } {
    return this.cache.nearest(address, this.config.maxChainsPerSnapshot);
  }
}
