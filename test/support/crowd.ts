import { setTimeout as delay } from 'node:timers/promises';
import type { FeedClient } from './feed-client.js';
import { TICKING } from './numbered-feed.js';

/**
 * If the time between two checks of the clients exceeds this, in ms, this process itself was
 * stalled.
 */
const MAX_STEP_MS = 50;

/** The clients of one numbered feed, checked for what the gateway promises each of them. */
export class Crowd {
  constructor(readonly clients: readonly FeedClient[]) {}

  begin(): void {
    for (const client of this.clients) client.begin();
  }

  /**
   * Waits until every client has these numbers, or newer ones. Time in which this process is
   * stalled, and so reads nothing, does not count.
   */
  async converge(taken: ReadonlyMap<string, number>, timeoutMs = 30_000): Promise<void> {
    const numbers = new Map(taken);
    let left = timeoutMs;
    for (let last = performance.now(); ;) {
      const behind = this.clients.filter((client) => !client.has(numbers));
      if (behind.length === 0) return;
      if (left < 0) {
        const some = behind.slice(0, 4).map((client) => describe(client, numbers));
        throw new Error(`${behind.length} clients do not have the newest: ${some.join(' | ')}`);
      }
      await delay(10);
      const now = performance.now();
      left -= Math.min(now - last, MAX_STEP_MS);
      last = now;
    }
  }

  expectUnharmed(): void {
    const violations = this.clients.flatMap((client) => client.violations.splice(0));
    if (violations.length > 0) {
      throw new Error(`${violations.length} violations, such as ${violations.slice(0, 5).join('; ')}`);
    }
  }

  get holdsMovingPricesForStale(): boolean {
    return this.clients.some(({ stale }) => TICKING.some((product) => stale.has(product)));
  }

  /** The first few clients with a problem. */
  oddities(): string {
    const odd = this.clients.filter(({ socket, violations }) => !socket.connected || violations.length > 0);
    return odd
      .slice(0, 5)
      .map(({ socket, violations }) => `${socket.id}: ${violations.join('; ')}`)
      .join(' | ');
  }

  leave(): void {
    for (const { socket } of this.clients) socket.disconnect();
  }

  get messages(): number {
    return this.clients.reduce((sum, { messages }) => sum + messages, 0);
  }

  get disconnects(): number {
    return this.clients.reduce((sum, { disconnects }) => sum + disconnects, 0);
  }

  /** The longest time that any client was without an update since `begin`, in ms. */
  get worstGapMs(): number {
    return Math.max(...this.clients.map(({ worstGapMs }) => worstGapMs));
  }
}

function describe(client: FeedClient, numbers: ReadonlyMap<string, number>): string {
  const journal = `[${client.journal.slice(-12).join('; ')}; now ${Math.round(performance.now())}]`;
  if (!client.socket.connected) return `not connected ${journal}`;
  const missing = [...numbers].filter(([stream, number]) => (client.newest.get(stream) ?? 0) < number);
  return `${missing.map(([stream, number]) => `${stream} ${client.newest.get(stream)} of ${number}`).join(', ')} ${journal}`;
}

/** Formats rows of cells as a Markdown table. Numbers are aligned to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.toLocaleString('en')));
  const rule = head.map((_, column) =>
    rows.every((row) => typeof row[column] === 'number') ? '---:' : '---',
  );
  return ['', ...[head, rule, ...cells].map((line) => `| ${line.join(' | ')} |`), ''].join('\n');
}
