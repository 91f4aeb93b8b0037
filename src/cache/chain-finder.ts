import { type Clock, delay } from '../common/clock.js';
import { CHAIN_KEY_PREFIX } from '../feed/market-message.js';
import type { LatestStore } from './latest-store.js';

/** The shortest rest between two searches, ms. */
const MIN_REST_MS = 30_000;
/** The rest after a search, as a multiple of its duration: searches use 1 % of the store's time. */
const REST_FACTOR = 100;
/** How long one look-up waits for a search, ms. What is found later is broadcast all the same. */
const MAX_WAIT_MS = 1_000;
/** How many products may wait for a search. */
const MAX_WANTED = 1_000;
/** How many keys of chains one search may find. */
const MAX_FOUND = 100_000;

export interface ChainFinderOptions {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly store: Pick<LatestStore, 'scan'>;
  /** How many keys of the store a search may visit. */
  readonly maxExamined: number;
  /** Aborted when the service stops. */
  readonly signal: AbortSignal;
  /** Reads the keys, and broadcasts the messages that memory does not have. Never rejects. */
  readonly deliver: (keys: readonly string[]) => Promise<void>;
  readonly onSearch: () => void;
  /** Called for a product that is not searched for because too many others are waiting. */
  readonly onRefused: () => void;
  readonly onError: (error: unknown) => void;
}

type KeysByProduct = ReadonlyMap<string, readonly string[]>;

/**
 * Finds the chains of products of which memory has none. Their keys contain expiries that cannot be
 * guessed. So one bounded scan of the keyspace finds the chains of all products that clients have
 * asked for. After a scan there is a rest. In the meantime, the keys that the scan has found serve
 * all further clients, and products that are not among them wait for the next scan.
 */
export class ChainFinder {
  private readonly wanted = new Set<string>();
  private searching: Promise<void> | undefined;
  /** Ends the rest after the last search; undefined if there is none. */
  private rest: AbortController | undefined;
  /** The keys that the last search has found, until the rest is over. */
  private found: KeysByProduct = new Map();
  /** By product. They run one after the other. */
  private readonly deliveries = new Map<string, Promise<void>>();
  private lastDelivery: Promise<void> = Promise.resolve();

  constructor(private readonly options: ChainFinderOptions) {}

  /**
   * Delivers the chains of a product. Resolves when this is done, or at the latest after a second.
   * Resolves at once if the product has to wait for the next search. Never rejects.
   */
  async find(product: string): Promise<void> {
    if (this.rest) {
      if (this.found.has(product)) await this.briefly(this.deliver(product));
      else this.want(product);
    } else if (this.want(product)) {
      await this.briefly((this.searching ??= this.search()));
    }
  }

  /** Lets the next search start at once, because the store may have changed during an outage. */
  endRest(): void {
    this.rest?.abort();
  }

  private want(product: string): boolean {
    const accepted = this.wanted.size < MAX_WANTED || this.wanted.has(product);
    if (accepted) this.wanted.add(product);
    else this.options.onRefused();
    return accepted;
  }

  private async search(): Promise<void> {
    const { clock } = this.options;
    this.options.onSearch();
    const started = clock.now();
    const { found, failed } = await this.scan();
    this.found = found;
    const took = clock.now() - started;
    const products = [...this.wanted].filter((product) => this.found.has(product));
    // After a failure they stay: the next search is for them too.
    if (!failed) this.wanted.clear();
    this.searching = undefined;
    this.startRest(Math.max(MIN_REST_MS, REST_FACTOR * took));
    await Promise.all(products.map((product) => this.deliver(product)));
  }

  /** The keys of all chains, by product: also clients that ask during the scan need them. */
  private async scan(): Promise<{ readonly found: KeysByProduct; readonly failed: boolean }> {
    const { store, maxExamined, signal, onError } = this.options;
    const found = new Map<string, string[]>();
    let count = 0;
    try {
      for await (const keys of store.scan([CHAIN_KEY_PREFIX], maxExamined)) {
        for (const key of keys) {
          const [product = '', expiry] = key.slice(CHAIN_KEY_PREFIX.length).split(':');
          // The key without an expiry was read when the client asked.
          if (expiry === undefined || ++count > MAX_FOUND) continue;
          const known = found.get(product);
          if (known) known.push(key);
          else found.set(product, [key]);
        }
        if (count > MAX_FOUND || signal.aborted) break;
      }
    } catch (error) {
      onError(error);
      return { found, failed: true };
    }
    return { found, failed: false };
  }

  private startRest(ms: number): void {
    const { clock, signal } = this.options;
    if (signal.aborted) return;
    const rest = new AbortController();
    const end = (): void => rest.abort();
    signal.addEventListener('abort', end);
    this.rest = rest;
    void delay(clock, ms, rest.signal).then(() => {
      signal.removeEventListener('abort', end);
      this.rest = undefined;
      this.found = new Map();
      if (this.wanted.size > 0 && !signal.aborted) this.searching ??= this.search();
    });
  }

  private deliver(product: string): Promise<void> {
    let delivery = this.deliveries.get(product);
    if (!delivery) {
      const keys = new Set(this.found.get(product)); // a scan may return a key twice
      delivery = this.lastDelivery
        .then(() => this.options.deliver([...keys].sort()))
        .finally(() => this.deliveries.delete(product));
      this.deliveries.set(product, delivery);
      this.lastDelivery = delivery;
    }
    return delivery;
  }

  private async briefly(work: Promise<void>): Promise<void> {
    const done = new AbortController();
    await Promise.race([work, delay(this.options.clock, MAX_WAIT_MS, done.signal)]);
    done.abort();
  }
}
