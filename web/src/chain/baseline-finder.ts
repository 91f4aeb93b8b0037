import type { ChainView, SocketClient } from '@deltastream/socket-client';
import { Cleanup } from '../component.js';
import { timeOf } from '../format.js';
import { Baseline, type BaselineStore } from './baseline.js';

/** How often the opening is asked for: it changes when a session begins. */
const ASK_EVERY_MS = 60_000;
/** The same while there is none, and after what may be the beginning of a session. */
const ASK_SOON_MS = 5_000;
const SOON_FOR_MS = 120_000;

/** What the gateway says of the opening. */
type Answer = { readonly opening: Baseline | undefined } | 'failed';

/**
 * Finds what the changes of one chain are relative to: the chain that the reader has chosen in this
 * session, the opening of the session that the gateway has kept, or the first chain of the day that
 * this browser has seen.
 */
export class BaselineFinder {
  private chosen: Baseline | undefined;
  private opening: Baseline | undefined;
  private first: Baseline | undefined;
  private readonly cleanup = new Cleanup();
  /** The day of the newest chain, YYYY-MM-DD. */
  private day = '';
  private askAt = -Infinity;
  private soonUntil = -Infinity;
  private isAsking = false;
  private stopped = false;
  private resets = 0;

  /**
   * @param changed called when the baseline may have changed
   * @param now a monotonic clock, ms
   */
  constructor(
    private readonly client: Pick<SocketClient, 'on' | 'history' | 'snapshot' | 'limits'>,
    private readonly store: BaselineStore,
    private readonly symbol: string,
    private readonly expiry: string,
    private readonly changed: () => void,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.chosen = store.chosen(symbol, expiry);
    this.cleanup.add(client.on('market_status', () => this.askSoon()));
  }

  stop(): void {
    this.stopped = true;
    this.cleanup.run();
  }

  /** `undefined` until it is known. */
  get baseline(): Baseline | undefined {
    const { chosen } = this;
    const begin = this.opening ?? this.first;
    if (chosen && (begin ? timeOf(chosen.timestamp) >= timeOf(begin.timestamp) : chosen.day === this.day))
      return chosen;
    return begin;
  }

  /** Call it with each chain. */
  follow({ timestamp }: ChainView): void {
    const day = timestamp.slice(0, 10);
    if (day !== this.day) {
      this.day = day;
      this.askSoon();
    }
    if (!this.isAsking && this.now() >= this.askAt) void this.ask();
  }

  /** Changes are relative to the newest chain from now on, in this session. */
  async reset(): Promise<void> {
    const reset = ++this.resets;
    const newest = await this.newest();
    if (!newest || this.stopped || reset !== this.resets) return;
    this.store.choose(this.symbol, this.expiry, newest);
    this.chosen = newest;
    this.changed();
  }

  /** A session may have begun, or begin at once. */
  private askSoon(): void {
    this.askAt = -Infinity;
    this.soonUntil = this.now() + SOON_FOR_MS;
  }

  private async ask(): Promise<void> {
    this.isAsking = true;
    // What happens meanwhile may have it asked for again.
    this.askAt = Infinity;
    const answer = await this.answer();
    if (answer !== 'failed') this.opening = answer.opening;
    if (!this.opening) await this.findFirst();
    const isSoon = !this.opening || this.now() < this.soonUntil;
    this.askAt = Math.min(this.askAt, this.now() + (isSoon ? ASK_SOON_MS : ASK_EVERY_MS));
    this.isAsking = false;
    if (!this.stopped) this.changed();
  }

  private async answer(): Promise<Answer> {
    const { client, symbol, expiry } = this;
    if (client.limits?.history_seconds === 0) return { opening: undefined };
    try {
      return { opening: Baseline.ofOpening(await client.history({ type: 'opening', symbol, expiry })) };
    } catch {
      return 'failed';
    }
  }

  private async findFirst(): Promise<void> {
    const { store, symbol, expiry, day } = this;
    if (this.first?.day === day) return;
    const found = store.first(symbol, expiry, day) ?? (await this.newest());
    if (!found || this.stopped) return;
    store.addFirst(symbol, expiry, found);
    // Another tab may have been quicker.
    this.first = store.first(symbol, expiry, found.day) ?? found;
  }

  /** All strikes of the newest chain, whatever the view shows, so that all changes have one origin. */
  private async newest(): Promise<Baseline | undefined> {
    const { symbol, expiry } = this;
    try {
      const request = { type: 'chain', symbol, expiry, view: { mode: 'quote' } } as const;
      const [chain] = (await this.client.snapshot(request)).updates;
      return chain && Baseline.of(chain);
    } catch {
      return undefined; // There are no changes then. A later chain asks again.
    }
  }
}
