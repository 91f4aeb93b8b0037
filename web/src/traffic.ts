const WINDOW_MS = 3_000;

/**
 * What the connection delivers: counters, and rates over the last three seconds. The counters only
 * grow, so a part of the page can take their differences over periods of its own.
 */
export class Traffic {
  /** The bytes of all received messages as text, before the WebSocket compresses them. */
  bytes = 0;
  /** The received updates: prices, summaries and chains. */
  updates = 0;
  private readonly samples: { readonly at: number; readonly bytes: number; readonly updates: number }[] = [];

  /** Takes a sample. Call it at least once a second. @param now in ms, monotonic */
  sample(now: number): void {
    this.samples.push({ at: now, bytes: this.bytes, updates: this.updates });
    while (this.samples.length > 2 && now - this.samples[1]!.at >= WINDOW_MS) this.samples.shift();
  }

  get bytesPerSecond(): number | undefined {
    return this.rate('bytes');
  }

  get updatesPerSecond(): number | undefined {
    return this.rate('updates');
  }

  private rate(counter: 'bytes' | 'updates'): number | undefined {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (!first || !last || last.at <= first.at) return undefined;
    return ((last[counter] - first[counter]) * 1_000) / (last.at - first.at);
  }
}
