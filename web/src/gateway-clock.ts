import type { SocketClient } from '@deltastream/socket-client';

/**
 * The time of the gateway, and a tick each second for everything that ages. The clock of a reader's
 * machine may be wrong by minutes, which would make every age wrong.
 */
export class GatewayClock {
  /** By how much the gateway's clock is ahead of this machine's, ms. */
  private offsetMs = 0;
  private readonly listeners = new Set<() => void>();
  private readonly timer = setInterval(() => {
    for (const listener of this.listeners) listener();
  }, 1_000);
  private readonly remove: () => void;

  constructor(client: SocketClient) {
    this.remove = client.on('connected', ({ server_time }) => {
      this.offsetMs = server_time * 1_000 - Date.now();
    });
  }

  /** Milliseconds since the epoch by the gateway's clock. */
  now(): number {
    return Date.now() + this.offsetMs;
  }

  /** Calls `listener` each second. Returns a function that removes it. */
  onTick(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  stop(): void {
    clearInterval(this.timer);
    this.remove();
    this.listeners.clear();
  }
}
