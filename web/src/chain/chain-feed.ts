import type { ChainView, Subscription, ViewColumn } from '@deltastream/socket-client';
import { Cleanup } from '../component.js';
import type { Page } from '../page.js';
import type { Selection } from '../selection.js';
import { type Baseline, BaselineStore } from './baseline.js';
import { BaselineFinder } from './baseline-finder.js';
import { cheapestMode } from './columns.js';
import { Cost } from './cost.js';
import { browserStorage, tabStorage } from './storage.js';
import { type StrikeChoice, strikesOf } from './strikes.js';

type Listener = () => void;

/**
 * The option chains of one product as the panels of the page share them: which expiry and which
 * strikes they show, and the newest chain of these. The panels say which columns they need, and the
 * feed subscribes to the cheapest view that has them.
 */
export class ChainFeed {
  /** The live expiries, nearest first. */
  expiries: readonly string[] = [];
  expiry: string | undefined;
  strikes: StrikeChoice = 20;
  /** The newest chain of the chosen expiry and strikes. */
  chain: ChainView | undefined;
  /** The strike that the reader has chosen. */
  selected: number | undefined;
  /** Why there may be no chain, for the reader. */
  problem: string | undefined;
  /** Whether the expiries have been asked for and have not come yet. */
  loading = true;
  readonly cost = new Cost();
  private handle: Subscription<ChainView> | undefined;
  private readonly listeners = new Set<Listener>();
  private readonly needs = new Map<object, readonly ViewColumn[]>();
  private finder: BaselineFinder | undefined;
  private readonly store = new BaselineStore(tabStorage(), browserStorage());
  private readonly cleanup = new Cleanup();
  /** The view that was asked for last. */
  private viewKey = '';

  constructor(
    private readonly page: Page,
    readonly symbol: string,
  ) {}

  start(): void {
    const { client } = this.page;
    this.cleanup.add(
      client.on('chain_summary', ({ product, expiry }) => {
        if (product === this.symbol) this.add([expiry]);
      }),
      client.on('connected', () => this.discover()),
      client.on('state', () => this.changed()),
    );
    this.discover();
  }

  stop(): void {
    this.cleanup.run();
    this.listeners.clear();
    this.finder?.stop();
    this.handle?.unsubscribe();
    this.handle = undefined;
  }

  /** Calls `listener` after each change. Returns a function that removes it. */
  onChange(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** What changes are relative to; `undefined` until it is known. */
  get baseline(): Baseline | undefined {
    return this.finder?.baseline;
  }

  /** Whether the chain cannot be relied on; see `staleBecause`. */
  get stale(): boolean {
    return this.chain !== undefined && (this.handle?.stale ?? true);
  }

  /** Why the chain is stale, for the reader. */
  get staleBecause(): string | undefined {
    if (!this.stale) return undefined;
    const { state, health } = this.page.client;
    if (state !== 'connected' && state !== 'draining')
      return 'No connection: this is the last chain received.';
    if (health === 'market_closed') return 'The market is closed: this is the last chain.';
    if (health === 'feed_down') return 'The gateway is cut off from the feed: this is the last chain.';
    return 'The feed of this chain has stopped: this is the last chain.';
  }

  selectExpiry(expiry: string): void {
    if (expiry === this.expiry) return;
    this.expiry = expiry;
    this.page.selection.choose(expiry);
    this.chain = undefined;
    this.selected = undefined;
    this.finder?.stop();
    this.finder = new BaselineFinder(this.page.client, this.store, this.symbol, expiry, () => this.changed());
    this.subscribe();
    this.changed();
  }

  selectStrikes(strikes: StrikeChoice): void {
    if (strikes === this.strikes) return;
    this.strikes = strikes;
    this.changeView();
    this.changed();
  }

  /** @param strike `undefined` to choose none */
  select(strike: number | undefined): void {
    if (strike === this.selected) return;
    this.selected = strike;
    this.changed();
  }

  /** @param owner who needs the columns, in place of those that it needed before */
  need(owner: object, columns: readonly ViewColumn[]): void {
    if (columns.length > 0) this.needs.set(owner, columns);
    else this.needs.delete(owner);
    this.changeView();
  }

  /** Changes are relative to the newest chain from now on. */
  async resetBaseline(): Promise<void> {
    await this.finder?.reset();
  }

  private get view() {
    return { mode: cheapestMode([...this.needs.values()].flat()), ...strikesOf(this.strikes) };
  }

  private discover(): void {
    if (this.expiry !== undefined) return;
    // The cheapest view: only the expiries are of interest.
    const request = { type: 'chain', symbol: this.symbol, view: { mode: 'ltp', strikes: 5 } } as const;
    this.loading = true;
    this.page.client.snapshot(request).then(
      ({ updates }) => {
        this.loading = false;
        this.problem = undefined;
        this.add(updates.map(({ expiry }) => expiry));
        this.changed();
      },
      (error: Error) => {
        this.loading = false;
        this.fail(error);
      },
    );
  }

  private add(found: readonly string[]): void {
    const fresh = found.filter((expiry) => !this.expiries.includes(expiry));
    if (fresh.length === 0) return;
    this.expiries = [...this.expiries, ...fresh].sort();
    if (this.expiry === undefined) this.selectExpiry(this.expiries[0]!);
    this.changed();
  }

  private subscribe(): void {
    this.handle?.unsubscribe();
    this.cost.reset();
    const { symbol, expiry, view } = this;
    if (expiry === undefined) return;
    this.viewKey = JSON.stringify(view);
    const handle = this.page.client.subscribe({ type: 'chain', symbol, expiry, view });
    this.handle = handle;
    handle.on('update', (chain) => this.receive(handle, chain));
    handle.on('stale', () => this.changed());
    handle.on('error', (error) => this.fail(error));
    handle.ready.catch((error: Error) => this.handle === handle && this.fail(error));
  }

  private changeView(): void {
    const { handle } = this;
    const { view } = this;
    const key = JSON.stringify(view);
    if (!handle || handle.closed || key === this.viewKey) return;
    this.viewKey = key;
    this.cost.reset();
    handle.changeView(view).catch((error: Error) => this.handle === handle && this.fail(error));
  }

  private receive(handle: Subscription<ChainView>, chain: ChainView): void {
    if (handle !== this.handle) return;
    this.chain = chain;
    this.problem = undefined;
    this.cost.add(chain, performance.now());
    const today = chain.timestamp.slice(0, 10);
    this.dropExpired(today);
    this.finder?.follow(chain);
    this.changed();
  }

  /** The feed's own day decides, as in the gateway. */
  private dropExpired(today: string): void {
    if (this.expiries.every((expiry) => expiry >= today || expiry === this.expiry)) return;
    this.expiries = this.expiries.filter((expiry) => expiry >= today || expiry === this.expiry);
  }

  private fail(error: Error): void {
    this.problem = error.message;
    this.changed();
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}

interface Shared {
  readonly feed: ChainFeed;
  users: number;
}

/** By the selection, of which each opened product has its own. */
const shared = new WeakMap<Selection, Map<string, Shared>>();

/** The feed of a product, which all panels of a page share. Each has to release it. */
export function acquireChainFeed(page: Page, symbol: string): ChainFeed {
  let feeds = shared.get(page.selection);
  if (!feeds) shared.set(page.selection, (feeds = new Map<string, Shared>()));
  let entry = feeds.get(symbol);
  if (!entry) {
    feeds.set(symbol, (entry = { feed: new ChainFeed(page, symbol), users: 0 }));
    entry.feed.start();
  }
  entry.users++;
  return entry.feed;
}

export function releaseChainFeed(page: Page, symbol: string): void {
  const feeds = shared.get(page.selection);
  const entry = feeds?.get(symbol);
  if (!feeds || !entry || --entry.users > 0) return;
  feeds.delete(symbol);
  entry.feed.stop();
}
