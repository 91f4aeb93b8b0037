import type { ChainView } from '@deltastream/socket-client';
import { Cleanup } from '../component.js';
import type { Page } from '../page.js';
import { Baseline, BaselineStore } from './baseline.js';
import { browserStorage, tabStorage } from './storage.js';

const RETRY_MS = 15_000;

/**
 * Finds what the changes of one chain are relative to: the chain that the reader has chosen, the
 * opening of the session that the gateway has kept, or the first chain that this browser has seen.
 */
export class BaselineFinder {
  /** `undefined` until it is known. */
  baseline: Baseline | undefined;
  private readonly store = new BaselineStore(tabStorage(), browserStorage());
  private readonly cleanup = new Cleanup();
  /** The day of the newest chain, YYYY-MM-DD. */
  private day = '';
  /** Whether a better baseline of the session may be found. */
  private isOpen = true;
  /** When it may be asked for again, by `performance.now`. */
  private askAt = 0;
  /** Counts what makes the answers to earlier questions useless. */
  private turns = 0;

  constructor(
    private readonly page: Page,
    private readonly symbol: string,
    private readonly expiry: string,
    private readonly changed: () => void,
  ) {
    this.cleanup.add(
      page.client.on('market_status', ({ status }) => {
        if (status === 'open') this.begin();
      }),
    );
  }

  stop(): void {
    this.turns++;
    this.cleanup.run();
  }

  /** Call it with each chain. */
  follow({ timestamp }: ChainView): void {
    const day = timestamp.slice(0, 10);
    if (day !== this.day) {
      this.day = day;
      this.begin();
    }
    if (this.isOpen && performance.now() >= this.askAt) void this.find(day);
  }

  /** Changes are relative to the newest chain from now on. */
  async reset(): Promise<void> {
    const { isOpen } = this;
    const turn = ++this.turns;
    this.isOpen = false;
    const newest = await this.newest();
    if (turn !== this.turns) return;
    if (newest) {
      this.store.choose(this.symbol, this.expiry, newest);
      this.take(newest);
    } else {
      this.isOpen = isOpen;
    }
  }

  /** A session may have begun. */
  private begin(): void {
    this.turns++;
    this.isOpen = true;
    this.askAt = 0;
  }

  private async find(day: string): Promise<void> {
    const { store, symbol, expiry } = this;
    const turn = ++this.turns;
    this.askAt = performance.now() + RETRY_MS;
    const chosen = store.chosen(symbol, expiry, day);
    if (chosen) return this.take(chosen);
    const keepsHistory = this.page.client.limits?.history_seconds !== 0;
    const opening = keepsHistory ? await this.opening() : undefined;
    if (turn !== this.turns) return;
    if (opening) return this.take(opening);
    const first = store.first(symbol, expiry, day) ?? (await this.newest());
    if (!first || turn !== this.turns) return;
    store.addFirst(symbol, expiry, first);
    // Another tab may have been quicker. The gateway may have an opening only a moment later.
    this.take(store.first(symbol, expiry, first.day) ?? first, keepsHistory);
  }

  private take(baseline: Baseline, isOpen = false): void {
    this.baseline = baseline;
    this.isOpen = isOpen;
    this.changed();
  }

  /** The first chain of the session. */
  private async opening(): Promise<Baseline | undefined> {
    const { symbol, expiry } = this;
    try {
      return Baseline.ofOpening(await this.page.client.history({ type: 'opening', symbol, expiry }));
    } catch {
      return undefined; // The gateway may keep no history, or cannot read it.
    }
  }

  /** All strikes of the newest chain, whatever the view shows, so that all changes have one origin. */
  private async newest(): Promise<Baseline | undefined> {
    const { symbol, expiry } = this;
    try {
      const request = { type: 'chain', symbol, expiry, view: { mode: 'quote' } } as const;
      const [chain] = (await this.page.client.snapshot(request)).updates;
      return chain && Baseline.of(chain);
    } catch {
      return undefined; // There are no changes then. A later chain asks again.
    }
  }
}
