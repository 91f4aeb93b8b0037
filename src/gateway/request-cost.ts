import { Injectable } from '@nestjs/common';
import { CacheService } from '../cache/cache.service.js';
import { GatewayConfig } from '../config/gateway-config.js';
import type { MarketAddress, SubscriptionType } from '../contract/index.js';
import { FreshnessService } from '../freshness/freshness.service.js';
import { ViewsService } from '../views/views.service.js';

/** The cost of joining, leaving or asking for a room. */
const ROOM_UNITS = 1;
/** The additional cost of a room that is not in memory and must be looked up in Redis. */
const LOOKUP_UNITS = 4;
/** The characters of snapshots that are sent for one unit. */
const CHARACTERS_PER_UNIT = 65_536;
/** The names in a list that are sent for one unit. */
const NAMES_PER_UNIT = 200;
/** The statuses of stale products that are sent for one unit to a client that joins `general`. */
const STATUSES_PER_UNIT = 25;
/** The updates waiting for the rate of a view that are looked at for one unit. */
const WAITING_PER_UNIT = 4;
/** The rows of history that are read and sent for one unit. */
const ROWS_PER_UNIT = 4;
/** The missed updates that are sent for one unit to a client that resumes. */
const REPLAYED_PER_UNIT = 16;
/** The cost of verifying a token. */
const TOKEN_UNITS = 10;

/**
 * Estimates the cost of requests in units of work, before the work is done. One unit is about the
 * CPU time of joining one room, 25 microseconds.
 */
@Injectable()
export class RequestCost {
  constructor(
    private readonly config: GatewayConfig,
    private readonly cache: CacheService,
    private readonly freshness: FreshnessService,
    private readonly views: ViewsService,
  ) {}

  readonly ofToken = TOKEN_UNITS;

  /** The cost of a room that may have to be looked up. */
  readonly ofLookup = ROOM_UNITS + LOOKUP_UNITS;

  /** The cost of sending the newest messages of rooms. */
  ofSnapshots(addresses: readonly MarketAddress[]): number {
    let units = 0;
    let characters = 0;
    for (const address of addresses) {
      units += ROOM_UNITS;
      if (address.type === 'general') {
        units += Math.floor(this.freshness.statusesForAll / STATUSES_PER_UNIT) + this.ofWaiting;
        continue;
      }
      const { messages } = this.cache.nearest(address, this.config.maxChainsPerSnapshot);
      if (messages.length === 0) units += LOOKUP_UNITS;
      for (const { payload } of messages) characters += payload.text.length;
    }
    return units + Math.floor(characters / CHARACTERS_PER_UNIT);
  }

  /**
   * The cost of a page of history.
   * @param entries how many entries are read for it, at most
   */
  ofHistory(entries: number): number {
    return ROOM_UNITS + LOOKUP_UNITS + Math.ceil(entries / ROWS_PER_UNIT);
  }

  /** The cost of sending updates that a client missed. */
  ofReplay(updates: number): number {
    return Math.floor(updates / REPLAYED_PER_UNIT);
  }

  /** The cost of leaving rooms of a type. */
  ofLeaving(type: SubscriptionType, rooms: number): number {
    return this.ofRooms(rooms) + (type === 'general' ? this.ofWaiting : 0);
  }

  /** The cost of rooms of which nothing is sent. */
  ofRooms(rooms: number): number {
    return rooms * ROOM_UNITS;
  }

  /** The cost of sending a list of names. */
  ofList(names: number): number {
    return 1 + Math.floor(names / NAMES_PER_UNIT);
  }

  /** The additional cost of joining or leaving `general`, or a view of it. */
  private get ofWaiting(): number {
    return Math.floor(this.views.waitingUpdates / WAITING_PER_UNIT);
  }
}
