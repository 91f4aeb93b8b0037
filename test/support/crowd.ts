import { setTimeout as delay } from 'node:timers/promises';
import type { FeedClient } from './feed-client.js';
import { TICKING } from './numbered-feed.js';

/** Longer than this between two looks at the clients, and this process stood still, ms. */
const MAX_STEP_MS = 50;

/** Clients of one numbered feed, held to what each is promised. */
export class Crowd {
  constructor(readonly clients: readonly FeedClient[]) {}

  begin(): void {
    for (const client of this.clients) client.begin();
  }

  /**
   * Every client has these numbers, or newer ones. When this process itself stands still, and reads nothing of what it was sent,
   * the time is not counted.
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

  /** The first few that are not as they should be. */
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

  /** The longest that any one was without an update since `begin`, ms. */
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

/** Rows of cells as a table of Markdown; numbers stand to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.toLocaleString('en')));
  const rule = head.map((_, column) =>
    rows.every((row) => typeof row[column] === 'number') ? '---:' : '---',
  );
  return ['', ...[head, rule, ...cells].map((line) => `| ${line.join(' | ')} |`), ''].join('\n');
}
