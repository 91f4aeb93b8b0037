import { type History, type HistoryRecord, recordsOf } from '@deltastream/socket-client';
import type { ChainFeed } from '../chain/chain-feed.js';
import { Cleanup } from '../component.js';
import { timeOf } from '../format.js';
import type { Page } from '../page.js';
import { DayPoints } from './day-points.js';

/** The summaries that are asked for: at one every five seconds, these are a session of seven hours. */
const ROWS = 5_000;

/**
 * The figures of the chosen chain through the day: first those of the history, and then live. After
 * a reconnection it reads the history again, so that it has what was missed.
 */
export class DayHistory {
  points = new DayPoints();
  /** Why figures may be missing, for the reader. */
  note = '';
  private expiry: string | undefined;
  private newest = '';
  private loading: AbortController | undefined;
  /** What arrived while the history was loading. */
  private waiting: HistoryRecord[] = [];
  private readonly cleanup = new Cleanup();

  constructor(
    private readonly page: Page,
    private readonly feed: ChainFeed,
    private readonly changed: () => void,
  ) {}

  start(): void {
    this.cleanup.add(
      this.feed.onChange(() => this.follow()),
      this.page.client.on('connected', () => this.load()),
      () => this.loading?.abort(),
    );
    this.follow();
  }

  stop(): void {
    this.cleanup.run();
  }

  private follow(): void {
    const { chain, expiry } = this.feed;
    if (expiry !== this.expiry) {
      this.expiry = expiry;
      this.points = new DayPoints();
      this.newest = '';
      this.load();
    }
    if (!chain || chain.timestamp === this.newest) return;
    this.newest = chain.timestamp;
    const record = chain as unknown as HistoryRecord;
    if (this.loading) this.waiting.push(record);
    this.add(record);
    this.changed();
  }

  private load(): void {
    this.loading?.abort();
    this.loading = undefined;
    this.waiting = [];
    const { expiry } = this;
    if (expiry === undefined) return;
    const { symbol } = this.feed;
    const request = { type: 'summary', symbol, expiry, limit: ROWS } as const;
    const loading = (this.loading = new AbortController());
    this.page.client.history(request, { signal: loading.signal }).then(
      (page) => this.loading === loading && this.join(page),
      () => {
        if (this.loading !== loading) return;
        this.loading = undefined;
        const isOff = this.page.client.limits?.history_seconds === 0;
        this.note = `${isOff ? 'The gateway keeps no history' : 'The history is not available'}. The chart begins with live data.`;
        this.changed();
      },
    );
  }

  private join(page: History): void {
    this.loading = undefined;
    this.note = '';
    this.points = new DayPoints();
    const gaps = new Set(page.gaps);
    recordsOf(page).forEach((record, row) => {
      if (gaps.has(row)) this.points.addGap(timeOf(record.timestamp) / 1_000);
      this.add(record);
    });
    const last = this.points.data[0].at(-1) ?? -Infinity;
    for (const record of this.waiting.splice(0))
      if (timeOf(record.timestamp) / 1_000 > last) this.add(record);
    this.changed();
  }

  private add(record: HistoryRecord): void {
    const seconds = timeOf(record.timestamp) / 1_000;
    if (!Number.isFinite(seconds)) return;
    this.points.add(seconds, {
      pcrOi: numberOf(record.pcr_oi),
      pcrVolume: numberOf(record.pcr_volume),
      straddle: numberOf(record.atm_straddle_price),
    });
  }
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
