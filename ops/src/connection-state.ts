import type { StreamState } from './api/stats-stream.js';
import { duration } from './format.js';
import { byId, setData, setText } from './ui/dom.js';

/** Numbers older than this are shown as old, ms. */
const OLD_MS = 3_000;

/** Shows whether the numbers are live, and how old they are if not. */
export class ConnectionState {
  private readonly text = byId('stream', HTMLParagraphElement);
  private readonly retry = byId('retry', HTMLButtonElement);
  private readonly views = byId('views', HTMLDivElement);
  private state: StreamState = { kind: 'connecting' };
  private newestAt: number | undefined;
  private wasLive = true;

  constructor(private readonly announce: (text: string) => void) {}

  set(state: StreamState): void {
    this.state = state;
    this.show();
  }

  /** Call it when stats have arrived. */
  received(): void {
    this.newestAt = performance.now();
    this.show();
  }

  /** Call it each second. */
  show(): void {
    const now = performance.now();
    const age = this.newestAt === undefined ? undefined : now - this.newestAt;
    const isOld = age !== undefined && age > OLD_MS;
    const isLive = this.state.kind === 'live' && !isOld;
    setData(this.views, 'old', isOld ? 'yes' : undefined);
    setData(
      this.text,
      'state',
      isLive ? 'live' : this.state.kind === 'connecting' && !isOld ? 'connecting' : 'lost',
    );
    setText(
      this.text,
      [this.inWords(now), isOld ? `Numbers are ${duration(age / 1_000)} old.` : ''].join(' ').trim(),
    );
    this.retry.hidden = this.state.kind !== 'lost';
    if (age === undefined || isLive === this.wasLive) return;
    this.wasLive = isLive;
    this.announce(
      isLive ? 'The numbers are live again.' : `The numbers are no longer live. ${this.inWords(now)}`,
    );
  }

  private inWords(now: number): string {
    switch (this.state.kind) {
      case 'connecting':
        return 'Connecting…';
      case 'live':
        return this.newestAt !== undefined && now - this.newestAt > OLD_MS ? 'Waiting.' : 'Live';
      case 'lost': {
        const seconds = Math.max(0, Math.ceil((this.state.retryAt - now) / 1_000));
        return `${this.state.problem} Next try in ${seconds} s.`;
      }
    }
  }
}
