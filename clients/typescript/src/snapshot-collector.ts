import type { RoomAddress } from './contract/index.js';
import { roomName } from './contract/index.js';
import { keyOf, type MarketEvent, type MarketUpdate, roomsCarrying } from './market-update.js';

/** What comes by for the rooms of one `get_snapshot`, the newest of each key. */
export class SnapshotCollector {
  private readonly byRoom = new Map<string, Map<string, MarketUpdate>>();
  private readonly stale = new Set<string>();
  private expected: ReadonlyMap<string, number> | undefined;
  private complete: (() => void) | undefined;

  constructor(addresses: readonly RoomAddress[]) {
    for (const address of addresses) this.byRoom.set(roomName(address), new Map());
  }

  /** It is asked for, for the first time or again. */
  restart(): void {
    for (const updates of this.byRoom.values()) updates.clear();
    this.stale.clear();
  }

  saw(event: MarketEvent, update: MarketUpdate): void {
    for (const room of roomsCarrying(event, update)) this.byRoom.get(room)?.set(keyOf(event, update), update);
    this.check();
  }

  sawStale(product: string, stale: boolean): void {
    if (stale) this.stale.add(product);
    else this.stale.delete(product);
  }

  /** Resolves when as many updates are there as the gateway said: to a client that lags they come after its answer. */
  whenComplete(expected: ReadonlyMap<string, number>): Promise<void> {
    return new Promise((resolve) => {
      this.expected = expected;
      this.complete = resolve;
      this.check();
    });
  }

  /** The newest of each, by key. */
  updates(): [string, MarketUpdate][] {
    return [...new Map([...this.byRoom.values()].flatMap((updates) => [...updates]))];
  }

  staleProducts(): string[] {
    return [...this.stale].filter((product) => this.isAsked(product));
  }

  private isAsked(product: string): boolean {
    return [...this.byRoom.keys()].some((room) => room.split(':')[1] === product);
  }

  private check(): void {
    if (!this.expected) return;
    const there = [...this.expected].every(
      ([room, updates]) => (this.byRoom.get(room)?.size ?? updates) >= updates,
    );
    if (there) this.complete?.();
  }
}
