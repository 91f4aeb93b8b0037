import { setTimeout as delay } from 'node:timers/promises';
import { repeat } from '../../support/cleanup.js';
import type { GatewayProcess } from '../../support/gateway-process.js';
import { underlying } from '../../support/messages.js';
import { UNDERLYING } from '../../support/platform.js';
import type { RedisServer } from '../../support/redis-server.js';
import { from, TestClient, TRANSPORTS } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';
import type { AttackFigures } from './attack.js';

export const SURVIVORS = 100;
/** Updates per second. */
const RATE = 50;
const QUIET_MS = 2_000;
const PRODUCT = 'GOOD';
/** The address of the good clients, which differs from the attackers'. */
export const GOOD_ADDRESS = '127.0.0.9';

interface Figures {
  readonly attack: string;
  readonly figures: AttackFigures;
  readonly updates: number;
  readonly delaysMs: readonly number[];
}

/**
 * Good clients that must receive every number of a feed while others attack. Measures their delay.
 */
export class Survivors {
  private readonly figures: Figures[] = [];
  private quiet: readonly number[] = [];
  private readonly publishedAt: number[] = [];
  private delaysMs: number[] = [];
  private pause: (() => void) | undefined;

  private constructor(
    private readonly gateway: GatewayProcess,
    private readonly redis: RedisServer,
    private readonly clients: readonly TestClient[],
  ) {
    for (const { socket } of clients) {
      socket.on('underlying_update', ({ price }: { price: number }) => {
        this.delaysMs.push(performance.now() - this.publishedAt[price - 1]!);
      });
    }
  }

  /** Connects them, and measures their delay without an attack. */
  static async start(gateway: GatewayProcess, redis: RedisServer, count = SURVIVORS): Promise<Survivors> {
    const clients = await Promise.all(
      Array.from({ length: count }, (_, n) => {
        const transport = TRANSPORTS[n % 5 === 0 ? 'polling' : 'websocket'];
        return TestClient.connect(gateway.url, { ...transport, ...from(GOOD_ADDRESS) });
      }),
    );
    for (const client of clients) client.clear();
    const survivors = new Survivors(gateway, redis, clients);
    survivors.publish();
    await delay(QUIET_MS);
    await survivors.expectUnharmed();
    survivors.quiet = survivors.delaysMs;
    return survivors;
  }

  /** Runs all attacks at once. The clients must receive everything and stay connected. */
  async survive<Name extends string>(
    attacks: Readonly<Record<Name, () => Promise<AttackFigures>>>,
  ): Promise<Readonly<Record<Name, AttackFigures>>> {
    this.delaysMs = [];
    const { delaysMs } = this;
    const before = this.publishedAt.length;
    this.publish();
    const names = Object.keys(attacks) as Name[];
    const all = await Promise.all(names.map(async (name) => [name, await attacks[name]()] as const));
    const updates = this.publishedAt.length - before;
    await this.expectUnharmed();
    for (const [name, figures] of all) this.figures.push({ attack: name, figures, updates, delaysMs });
    return Object.fromEntries(all) as Record<Name, AttackFigures>;
  }

  /** Waits until no other connection is left. */
  async settle(): Promise<void> {
    let seen = -1;
    await waitFor(
      async () => (seen = await this.gateway.metric('socket_gateway_connections')) === this.clients.length,
      () => `${seen} connections, not ${this.clients.length}`,
      60_000,
    );
  }

  /** The delay at the 99th percentile in ms, without an attack and during the last one. */
  p99(): { readonly before: number; readonly during: number } {
    const during = this.figures.at(-1)?.delaysMs ?? [];
    return { before: Number(percentile(this.quiet, 99)), during: Number(percentile(during, 99)) };
  }

  /** The measurements, as a table. */
  report(): string {
    if (this.figures.length === 0) return '';
    const rows = this.figures.map(({ attack, figures, updates, delaysMs }) => [
      attack,
      figures.tried.toLocaleString('en'),
      figures.letIn.toLocaleString('en'),
      Object.entries(figures.refused)
        .map(([why, n]) => `${n.toLocaleString('en')} ${why}`)
        .join(', ') || '0',
      cutOf(figures),
      `${updates}`,
      `${percentile(this.quiet, 50)} / ${percentile(this.quiet, 99)}`,
      `${percentile(delaysMs, 50)} / ${percentile(delaysMs, 99)}`,
    ]);
    const head = [
      'attack',
      'tried',
      'let in',
      'refused',
      'cut',
      'updates to each of the good',
      'p50 / p99 ms before',
      'during',
    ];
    const rule = ['---', '---:', '---:', '---', '---', '---:', '---:', '---:'];
    return ['', ...[head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`), ''].join('\n');
  }

  stop(): void {
    this.pause?.();
    for (const client of this.clients) client.close();
  }

  private publish(): void {
    const begun = performance.now();
    let published = 0;
    // Publishes as many as are due, because this process may be late.
    this.pause = repeat(() => {
      for (; published < ((performance.now() - begun) * RATE) / 1_000; published++) {
        const number = this.publishedAt.push(performance.now());
        void this.redis.client.publish(UNDERLYING, JSON.stringify(underlying(PRODUCT, number)));
      }
    }, 1_000 / RATE);
  }

  /**
   * Checks that each client received every number since the last check, once and in order, and
   * nothing else.
   */
  private async expectUnharmed(): Promise<void> {
    this.pause?.();
    const last = this.publishedAt.length;
    const told = (client: TestClient): number[] => client.all('underlying_update').map(({ price }) => price);
    const behind = (): TestClient[] => this.clients.filter((client) => told(client).at(-1) !== last);
    await waitFor(
      () => behind().length === 0,
      () =>
        `${behind().length} were not told ${last}, but ${behind()
          .slice(0, 3)
          .map((client) => told(client).at(-1))
          .join()}`,
    );
    for (const client of this.clients) {
      const numbers = told(client);
      expect(numbers).toEqual(numbers.map((_, n) => last - numbers.length + 1 + n));
      expect(client.received).toHaveLength(numbers.length);
      expect(client.disconnects).toEqual([]);
    }
    expect(new Set(this.clients.map((client) => client.received.length)).size).toBe(1);
    for (const client of this.clients) client.clear();
    expect(this.gateway.logs.filter(({ level = 0 }) => level >= 50)).toEqual([]);
    expect((await this.gateway.get('/health')).status).toBe(200);
  }
}

function percentile(values: readonly number[], percent: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? 0).toFixed(1);
}

/** The number of cut connections, and their median duration. */
function cutOf({ cut, cutAfterMs }: AttackFigures): string {
  return cut === 0
    ? '0'
    : `${cut.toLocaleString('en')} after ${(Number(percentile(cutAfterMs, 50)) / 1_000).toFixed(1)} s`;
}
