import {
  baseRoom,
  type ChainStatus,
  chainRoom,
  type ChainUpdate,
  productRoom,
  type MarketAddress,
  utcDate,
  parseTimestamp,
} from './contract/index.js';
import type { MarketEvent, MarketUpdate } from './market-update.js';
import { baseOf } from './streams.js';

/** The maximum number of chains remembered as stale. The gateway watches no more than that. */
const MAX_CHAINS = 50_000;
const MAX_REFUSED = 10_000;

/** The stale chains of a room, whose product may still have new prices. */
export interface RoomStaleness {
  /** The gateway's status of the chain. Without one, nothing is known of the room yet. */
  readonly chain?: ChainStatus;
}

interface UnknownRoom {
  /** The room itself, or views of it, or both. */
  readonly joined: Set<string>;
  /** The known product that may have been meant. */
  suggestion?: string;
}

/**
 * The state of rooms according to the gateway of one connection: which chains have stopped, and
 * which rooms have no data. The gateway sends stale chains again after each `subscribed`, so they
 * are forgotten then.
 */
export class RoomFreshness {
  private readonly stale = new Map<string, ChainStatus>();
  /** Rooms without data until their first update, by the room of which they may be views. */
  private readonly unknown = new Map<string, UnknownRoom>();

  /** Products that the gateway does not know, and whose rooms it has rejected for that reason. */
  private readonly refusedProducts = new Set<string>();

  told(status: ChainStatus): void {
    const { product, expiry } = status;
    if (status.status === 'live') {
      this.stale.delete(nameOf(product, expiry));
      this.stale.delete(nameOf(product, null));
    } else if (this.stale.size < MAX_CHAINS) {
      this.stale.set(nameOf(product, expiry), status);
    }
  }

  /** @param known whether the gateway has any data of the room */
  subscribed(room: string, known: boolean): void {
    const base = baseOf(room);
    const [kind, product = '', expiry] = base.split(':');
    if (known) this.unknown.delete(base);
    else this.unknown.set(base, { joined: new Set(this.unknown.get(base)?.joined).add(room) });
    this.refusedProducts.delete(product);
    if (kind !== 'chain') return;
    if (expiry === undefined) this.forget((status) => status.product === product);
    else this.stale.delete(nameOf(product, expiry));
  }

  /**
   * Until an update of the product comes, or a room of it is granted. A client in `general` would
   * get the first price, but the gateway never says there that a product has none.
   */
  refused(product: string): void {
    if (this.refusedProducts.size < MAX_REFUSED) this.refusedProducts.add(product);
  }

  /** Arrives after `subscribed`. An update may have arrived in between. */
  suggested(room: string, product: string): void {
    const unknown = this.unknown.get(baseOf(room));
    if (unknown) unknown.suggestion = product;
  }

  suggestionAt(room: string): string | undefined {
    return this.unknown.get(baseOf(room))?.suggestion;
  }

  unsubscribed(room: string): void {
    const base = baseOf(room);
    const unknown = this.unknown.get(base);
    if (unknown?.joined.delete(room) && unknown.joined.size === 0) this.unknown.delete(base);
  }

  /**
   * An update arrived for the rooms that deliver it. Returns whether that changed what is stale.
   */
  updated(event: MarketEvent, update: MarketUpdate): boolean {
    const { product } = update;
    const first = this.refusedProducts.delete(product);
    if (this.unknown.size === 0 && this.stale.size === 0) return first;
    if (event === 'underlying_update') return this.unknown.delete(productRoom(product)) || first;
    if (event === 'chain_summary') return first;
    const { expiry, timestamp } = update as ChainUpdate;
    const changes = [
      first,
      this.unknown.delete(chainRoom(product)),
      this.unknown.delete(chainRoom(product, expiry)),
      this.stale.delete(nameOf(product, null)),
    ];
    // A past expiry is not expected to change any more.
    const time = parseTimestamp(timestamp);
    const today = time === undefined ? '' : utcDate(time);
    changes.push(
      this.forget((status) => status.product === product && status.expiry !== null && status.expiry < today),
    );
    return changes.includes(true);
  }

  /** Whether the gateway has said that it has no price of the product. */
  isUnknown(product: string): boolean {
    return this.unknown.has(productRoom(product)) || this.refusedProducts.has(product);
  }

  /**
   * Why a room is stale, or `undefined` if it is not. `chain` is the chain that has stopped; in a
   * room of all chains, one of those that have. Without `chain`, the gateway knows no data of the
   * room.
   */
  at(address: MarketAddress): RoomStaleness | undefined {
    if (address.type === 'chain') {
      const { symbol, expiry } = address;
      const chain =
        expiry === undefined
          ? [...this.stale.values()].find(({ product }) => product === symbol)
          : this.stale.get(nameOf(symbol, expiry));
      if (chain) return { chain };
    }
    return this.unknown.has(baseRoom(address)) ? {} : undefined;
  }

  private forget(isOver: (status: ChainStatus) => boolean): boolean {
    let forgotten = false;
    for (const [name, status] of this.stale) {
      if (isOver(status)) forgotten = this.stale.delete(name);
    }
    return forgotten;
  }
}

function nameOf(product: string, expiry: string | null): string {
  return `${product}:${expiry ?? '*'}`;
}
