import { repeat } from '../../support/cleanup.js';
import type { GatewayProcess } from '../../support/gateway-process.js';
import { underlying } from '../../support/messages.js';
import { UNDERLYING } from '../../support/platform.js';
import type { RedisServer } from '../../support/redis-server.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

const WATCHED = 'WATCHED';
/** The product that the inputs subscribe to. It changes, but the watchers must not receive it. */
const OTHERS = ['NIFTY', 'A', 'M&M'];
const INTERVAL_MS = 50;

/** Uninvolved clients, one for each transport, subscribed to one product with numbered prices. */
export class Watchers {
  private published = 0;
  private expected = 0;
  private pause: (() => void) | undefined;

  private constructor(
    private readonly redis: RedisServer,
    readonly clients: Readonly<Record<string, TestClient>>,
  ) {}

  static async start(gateway: GatewayProcess, redis: RedisServer): Promise<Watchers> {
    const clients: Record<string, TestClient> = {};
    for (const transport of ['websocket', 'polling']) {
      const client = await TestClient.connect(gateway.url, TRANSPORTS[transport]);
      await client.ask('subscribe', { type: 'product', symbol: WATCHED });
      await client.ask('unsubscribe', { type: 'general' });
      await client.settled();
      client.clear();
      clients[transport] = client;
    }
    return new Watchers(redis, clients);
  }

  get count(): number {
    return Object.keys(this.clients).length;
  }

  /** Which of them lost their connections, and why. */
  get lost(): string {
    return JSON.stringify(
      Object.entries(this.clients).flatMap(([transport, { disconnects }]) =>
        disconnects.length > 0 ? [{ transport, disconnects }] : [],
      ),
    );
  }

  begin(): void {
    this.pause ??= repeat(() => {
      const number = ++this.published;
      for (const product of [WATCHED, ...OTHERS])
        void this.redis.client.publish(UNDERLYING, JSON.stringify(underlying(product, number)));
    }, INTERVAL_MS);
  }

  /**
   * Checks that each client received every number since the beginning, once and in order, and
   * nothing else. Returns how many.
   */
  async end(): Promise<number> {
    this.pause?.();
    this.pause = undefined;
    const first = this.expected + 1;
    this.expected = this.published;
    const numbers = Array.from({ length: this.published - first + 1 }, (_, n) => first + n);
    for (const [transport, client] of Object.entries(this.clients)) {
      const lastPrice = (): unknown =>
        (client.received.at(-1)?.payload as { price?: unknown } | undefined)?.price;
      await waitFor(
        () => lastPrice() === this.published,
        `the watcher by ${transport} was not told the last price`,
      );
      // Waits for anything else that is in flight.
      const received = [...client.received];
      await client.settled();
      const told = received.map(({ event, payload }) => ({
        event,
        ...(payload as { product: string; price: number }),
      }));
      expect(told.map(({ event, product, price }) => `${event} ${product} ${price}`)).toEqual(
        numbers.map((number) => `underlying_update ${WATCHED} ${number}`),
      );
      expect(client.received.slice(received.length)).toEqual([
        { event: 'products', payload: expect.anything() },
      ]);
      expect(client.disconnects).toEqual([]);
      client.clear();
    }
    return numbers.length;
  }

  stop(): void {
    this.pause?.();
    for (const client of Object.values(this.clients)) client.close();
  }
}
