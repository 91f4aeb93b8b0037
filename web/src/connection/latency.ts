import type { SocketClient } from '@deltastream/socket-client';

const EVERY_MS = 5_000;
/** A page that has just connected is busy with what it receives. In ms. */
const FIRST_MS = 1_000;
const MAX_SAMPLES = 12;

/** Measures the latency of the connection every few seconds, while it can be seen. */
export class LatencyProbe {
  /** The newest measurement in ms. `undefined` until there is one on this connection. */
  last: number | undefined;
  /** When the gateway answered last, by `performance.now()`. */
  answeredAt = -Infinity;
  private samples: number[] = [];
  private readonly timer = setInterval(() => void this.measure(), EVERY_MS);
  private readonly removers: readonly (() => void)[];
  private first: ReturnType<typeof setTimeout> | undefined;
  private isAsking = false;

  constructor(
    private readonly client: SocketClient,
    private readonly changed: () => void,
  ) {
    this.removers = [client.on('state', ({ state }) => state === 'connected' && this.restart())];
  }

  /** The median of the last minute, in ms. */
  get median(): number | undefined {
    const sorted = [...this.samples].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)];
  }

  stop(): void {
    clearInterval(this.timer);
    clearTimeout(this.first);
    for (const remove of this.removers) remove();
  }

  private restart(): void {
    this.last = undefined;
    this.samples = [];
    clearTimeout(this.first);
    this.first = setTimeout(() => void this.measure(), FIRST_MS);
  }

  private async measure(): Promise<void> {
    const { client } = this;
    const isOpen = client.state === 'connected' || client.state === 'draining';
    if (this.isAsking || document.hidden || !isOpen) return;
    this.isAsking = true;
    try {
      this.last = await client.latency({ timeoutMs: EVERY_MS });
      this.answeredAt = performance.now();
      this.samples = [...this.samples, this.last].slice(-MAX_SAMPLES);
    } catch {
      this.last = undefined; // no answer in time, or a gateway without heartbeats
    } finally {
      this.isAsking = false;
      this.changed();
    }
  }
}
