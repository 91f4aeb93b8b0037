import type { LatencyHistogram } from './latency-histogram.js';

const PRODUCT = Buffer.from('"product":');
const TIMESTAMP = Buffer.from('"timestamp":');
const QUOTE = 0x22;

/** How the resuming clients of a load generator fared. */
export interface ResumeResults {
  /** How often the server said that a client may have missed updates of a product. */
  notRecovered: number;
  /** From each new connection to the last update that was missed. */
  readonly catchUps: LatencyHistogram;
}

/**
 * What a client remembers over its connections to ask for what it missed, as the client packages do.
 */
export class Resumption {
  /** The timestamp of the newest update of each product. */
  private readonly newest = new Map<string, string>();
  /** How many updates of each product are still to be replayed. -1: not confirmed yet. */
  private readonly due = new Map<string, number>();
  private openedUs = 0;

  constructor(
    private readonly symbols: readonly string[],
    private readonly results: ResumeResults,
  ) {}

  /** The client connects, for the first time or again. */
  opened(nowUs: number): void {
    this.openedUs = nowUs;
    this.due.clear();
    if (this.newest.size > 0) for (const symbol of this.symbols) this.due.set(symbol, -1);
  }

  /** The request that subscribes. */
  request(): string {
    const since = this.newest.size > 0 ? { since: Object.fromEntries(this.newest) } : {};
    return `42["subscribe",${JSON.stringify({ type: 'product', symbols: this.symbols, ...since })}]`;
  }

  /** A `subscribed` arrived. */
  confirmed(message: string, nowUs: number): void {
    const symbol = /"room":"product:([^"]+)"/.exec(message)?.[1];
    if (symbol === undefined || !this.due.has(symbol)) return;
    const replayed = /"recovered":true,"replayed":(\d+)/.exec(message)?.[1];
    if (replayed === undefined && this.newest.has(symbol)) this.results.notRecovered++;
    this.progress(symbol, Number(replayed ?? 0), nowUs);
  }

  /** An update arrived. */
  took(message: Buffer, nowUs: number): void {
    const product = textAfter(message, PRODUCT);
    const timestamp = textAfter(message, TIMESTAMP);
    if (product === undefined || timestamp === undefined) return;
    this.newest.set(product, timestamp);
    const due = this.due.get(product);
    if (due !== undefined && due > 0) this.progress(product, due - 1, nowUs);
  }

  private progress(symbol: string, due: number, nowUs: number): void {
    if (due > 0) {
      this.due.set(symbol, due);
      return;
    }
    this.due.delete(symbol);
    if (this.due.size === 0) this.results.catchUps.add(nowUs - this.openedUs);
  }
}

/** The text after `name`. Python writes a space before it, and JavaScript does not. */
function textAfter(message: Buffer, name: Buffer): string | undefined {
  const found = message.indexOf(name);
  if (found < 0) return undefined;
  const from = message.indexOf(QUOTE, found + name.length) + 1;
  const end = message.indexOf(QUOTE, from);
  return from === 0 || end < 0 ? undefined : message.toString('latin1', from, end);
}
