import { Injectable } from '@nestjs/common';
import { CacheService } from '../cache/cache.service.js';
import { GatewayConfig } from '../config/gateway-config.js';
import type { RoomAddress } from '../contract/index.js';
import { FreshnessService } from '../freshness/freshness.service.js';

/** What a room costs that is joined, left or asked for. */
const ROOM_UNITS = 1;
/** What a room costs in addition of which memory has nothing: it is looked up in Redis. */
const LOOKUP_UNITS = 4;
/** Characters of a snapshot or a list that are written for one unit. */
const CHARACTERS_PER_UNIT = 65_536;
/** Names in a list that are written for one unit. */
const NAMES_PER_UNIT = 200;
/** Statuses of stale products that are sent to a client of `general` for one unit. */
const STATUSES_PER_UNIT = 25;
/** What it costs to verify a token. */
const TOKEN_UNITS = 10;

/**
 * What requests cost, in units of work: about the processor time of one room that is joined, 25 microseconds. Taken from what is
 * known before the work is done.
 */
@Injectable()
export class RequestCost {
  constructor(
    private readonly config: GatewayConfig,
    private readonly cache: CacheService,
    private readonly freshness: FreshnessService,
  ) {}

  readonly ofToken = TOKEN_UNITS;

  /** Of rooms whose newest messages are sent. */
  ofSnapshots(addresses: readonly RoomAddress[]): number {
    let units = 0;
    let characters = 0;
    for (const address of addresses) {
      units += ROOM_UNITS;
      if (address.type === 'general') {
        units += Math.floor(this.freshness.statusesForAll / STATUSES_PER_UNIT);
        continue;
      }
      const { messages } = this.cache.nearest(address, this.config.maxChainsPerSnapshot);
      if (messages.length === 0) units += LOOKUP_UNITS;
      for (const { payload } of messages) characters += payload.text.length;
    }
    return units + Math.floor(characters / CHARACTERS_PER_UNIT);
  }

  /** Of rooms that are left. */
  ofRooms(rooms: number): number {
    return rooms * ROOM_UNITS;
  }

  /** Of a list of names. */
  ofList(names: number): number {
    return 1 + Math.floor(names / NAMES_PER_UNIT);
  }
}
