import type { ChainView, SocketClient } from '@deltastream/socket-client';
import { Cleanup } from '../component.js';
import { timeOf } from '../format.js';
import { Baseline, type BaselineStore } from './baseline.js';

/** How often the opening is asked for: it changes when a session begins. */
const ASK_EVERY_MS = 60_000;
/** The same after what may be the beginning of a session, and for how long. */
const ASK_SOON_MS = 5_000;
const SOON_FOR_MS = 120_000;

/** Time, which tests replace. */
export interface Timing {
  /** A monotonic clock, ms. */
  now(): number;
  /** Runs `task` once, in `ms`. Returns a function that cancels it. */
  after(ms: number, task: () => void): () => void;
}

const BROWSER: Timing = {
  now: () => performance.now(),
  after: (ms, task) => {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};

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
  /** The day of the newest chain, YYYY-MM-DD; '' before the first one. */
  private day = '';
  private soonUntil = -Infinity;
  /** Counts what may be the beginning of a session. */
  private begins = 0;
  private isAsking = false;
  private cancelTimer = (): void => undefined;
  private stopped = false;
  private resets = 0;
  private lastReset = 0;

  /** @param changed called when the baseline may have changed */
  constructor(
    private readonly client: Pick<SocketClient, 'on' | 'history' | 'snapshot' | 'limits'>,
    private readonly store: BaselineStore,
    private readonly symbol: string,
    private readonly expiry: string,
    private readonly changed: () => void,
    private readonly timing: Timing = BROWSER,
  ) {
    this.chosen = store.chosen(symbol, expiry);
    // It comes with each connection too.
    this.cleanup.add(client.on('market_status', () => this.begin()));
  }

  stop(): void {
    this.stopped = true;
    this.cancelTimer();
    this.cleanup.run();
  }

  /** `undefined` until it is known. */
  get baseline(): Baseline | undefined {
    const { chosen, opening, first, day } = this;
    const isOfSession =
      chosen && (opening ? timeOf(chosen.timestamp) >= timeOf(opening.timestamp) : chosen.day === day);
    if (isOfSession) return chosen;
    return opening ?? (first?.day === day ? first : undefined);
  }

  /** Call it with each chain. */
  follow({ timestamp }: ChainView): void {
    const day = timestamp.slice(0, 10);
    if (day === this.day) return;
    this.day = day;
    this.begin();
  }

  /** Changes are relative to the newest chain from now on, in this session. */
  async reset(): Promise<void> {
    const reset = ++this.resets;
    const newest = await this.newest();
    if (!newest || this.stopped || reset < this.lastReset) return;
    this.lastReset = reset;
    this.store.choose(this.symbol, this.expiry, newest);
    this.chosen = newest;
    this.changed();
  }

  /** A session may have begun, or begin at once. */
  private begin(): void {
    this.begins++;
    this.soonUntil = this.timing.now() + SOON_FOR_MS;
    if (this.day !== '' && !this.isAsking) void this.ask();
  }

  private async ask(): Promise<void> {
    const { begins } = this;
    this.cancelTimer();
    this.isAsking = true;
    try {
      await this.find();
    } catch {
      // The gateway cannot be asked, or the browser forbids its storage. What is known stays.
    } finally {
      this.isAsking = false;
    }
    if (this.stopped) return;
    const isSoon = this.timing.now() < this.soonUntil;
    const pauseMs = begins !== this.begins ? 0 : isSoon ? ASK_SOON_MS : ASK_EVERY_MS;
    this.cancelTimer = this.timing.after(pauseMs, () => void this.ask());
    this.changed();
  }

  private async find(): Promise<void> {
    const { client, symbol, expiry } = this;
    try {
      const isKept = client.limits?.history_seconds !== 0;
      const page = isKept ? await client.history({ type: 'opening', symbol, expiry }) : undefined;
      this.opening = page && Baseline.ofOpening(page);
    } finally {
      if (!this.opening && !this.stopped) await this.findFirst();
    }
  }

  private async findFirst(): Promise<void> {
    const { store, symbol, expiry, day } = this;
    if (this.first?.day === day) return;
    const found = store.first(symbol, expiry, day) ?? (await this.newest());
    if (found?.day !== day || this.stopped) return;
    this.first = found;
    store.addFirst(symbol, expiry, found);
    // Another tab may have been quicker.
    this.first = store.first(symbol, expiry, day) ?? found;
  }

  /** All strikes of the newest chain, whatever the view shows, so that all changes have one origin. */
  private async newest(): Promise<Baseline | undefined> {
    const { symbol, expiry } = this;
    try {
      const request = { type: 'chain', symbol, expiry, view: { mode: 'quote' } } as const;
      const [chain] = (await this.client.snapshot(request)).updates;
      return chain && Baseline.of(chain);
    } catch {
      return undefined;
    }
  }
}
