import { baseRoom, chainRoom, type ChainStatus, type MarketAddress, roomAddress } from './contract/index.js';
import { keyOf, type MarketEvent, type MarketUpdate, streamsOf } from './market-update.js';
import { streamOf } from './streams.js';

/** Collects the newest update of each key for the rooms of one `get_snapshot`. */
export class SnapshotCollector {
  private readonly byStream = new Map<string, Map<string, MarketUpdate>>();
  /** The rooms themselves, also of views. */
  private readonly rooms = new Set<string>();
  private readonly stale = new Set<string>();
  /** By product and expiry. */
  private readonly stoppedChains = new Map<string, ChainStatus>();
  private expected: ReadonlyMap<string, number> | undefined;
  private complete: (() => void) | undefined;

  constructor(addresses: readonly MarketAddress[]) {
    for (const address of addresses) {
      this.byStream.set(streamOf(address), new Map());
      this.rooms.add(baseRoom(address));
    }
  }

  /** The request is sent, for the first time or again. */
  restart(): void {
    for (const updates of this.byStream.values()) updates.clear();
    this.stale.clear();
    this.stoppedChains.clear();
  }

  saw(event: MarketEvent, update: MarketUpdate): void {
    for (const stream of streamsOf(event, update))
      this.byStream.get(stream)?.set(keyOf(event, update), update);
    this.check();
  }

  sawStale(product: string, stale: boolean): void {
    if (stale) this.stale.add(product);
    else this.stale.delete(product);
  }

  sawChainStatus(status: ChainStatus): void {
    const { product, expiry } = status;
    const rooms = expiry === null ? [chainRoom(product)] : [chainRoom(product), chainRoom(product, expiry)];
    if (!rooms.some((room) => this.rooms.has(room))) return;
    if (status.status === 'stale') this.stoppedChains.set(rooms.at(-1)!, status);
    else for (const room of rooms) this.stoppedChains.delete(room);
  }

  /**
   * Resolves once as many updates have arrived as the gateway announced. A lagging client receives
   * them after the response.
   */
  whenComplete(expected: ReadonlyMap<string, number>): Promise<void> {
    return new Promise((resolve) => {
      this.expected = expected;
      this.complete = resolve;
      this.check();
    });
  }

  /** The newest update of each key. */
  updates(): [string, MarketUpdate][] {
    return [...new Map([...this.byStream.values()].flatMap((updates) => [...updates]))];
  }

  staleProducts(): string[] {
    return [...this.stale].filter((product) => this.isAsked(product));
  }

  staleChains(): ChainStatus[] {
    return [...this.stoppedChains.values()];
  }

  private isAsked(product: string): boolean {
    return [...this.rooms].some((room) => room.split(':')[1] === product);
  }

  private updatesOf(room: string): ReadonlyMap<string, MarketUpdate> | undefined {
    const address = roomAddress(room);
    return address && this.byStream.get(streamOf(address));
  }

  private check(): void {
    if (!this.expected) return;
    const there = [...this.expected].every(
      ([room, updates]) => (this.updatesOf(room)?.size ?? updates) >= updates,
    );
    if (there) this.complete?.();
  }
}
