import type { Redis } from 'ioredis';
import { underlying } from '../../support/messages.js';
import { UNDERLYING } from '../../support/platform.js';
import { TestClient } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';
import { differences, expectAgreement, type Prices, stored } from './agreement.js';
import type { ChaosCluster } from './chaos-cluster.js';

/**
 * Within this time after a fault, every client must have the newest price, and then every replica and
 * `latest:*`. It takes less than 5 s, but the machine may stall meanwhile.
 */
const AGREES_WITHIN_MS = 20_000;
const CLIENTS_PER_REPLICA = 2;
const MOST_SYMBOLS = 100;
const LIFETIME_S = 300;

/** An update as the worker publishes it. */
export interface Update {
  readonly product: string;
  readonly price: number;
  /** The time of the market, in ms. */
  readonly time: number;
  /** The time of the worker, in ms. By default it is the time of the market. */
  readonly processed?: number;
  /** Padding that makes the message long. */
  readonly padding?: string;
}

/**
 * A cluster with two stock clients at each replica, which reconnect by themselves to the same
 * replica, and a worker that does not retry. The worker writes each price to `latest:*` and then
 * publishes it.
 */
export class Witnesses {
  /** The worker's newest price of each product. */
  private readonly newest = new Map<string, number>();

  private constructor(
    private readonly cluster: ChaosCluster,
    private readonly redis: Redis,
    private readonly products: readonly string[],
    private readonly clients: readonly TestClient[],
  ) {}

  /** Connects the clients, and waits until all of them have each product's first price. */
  static async start(cluster: ChaosCluster, redis: Redis, products: readonly string[]): Promise<Witnesses> {
    const urls = cluster.replicas.flatMap(({ process }) =>
      Array.from({ length: CLIENTS_PER_REPLICA }, () => process.url),
    );
    const clients = await Promise.all(
      urls.map((url) =>
        TestClient.connect(url, {
          transports: ['websocket'],
          reconnection: true,
          reconnectionDelayMax: 1_000,
        }),
      ),
    );
    const witnesses = new Witnesses(cluster, redis, products, clients);
    for (const client of clients) {
      await witnesses.subscribe(client);
      client.socket.on('connect', () => void witnesses.subscribe(client));
    }
    const time = Date.now();
    await witnesses.publish(products.map((product) => ({ product, price: 1, time })));
    await witnesses.agree();
    return witnesses;
  }

  /** Writes and publishes each update over one connection. */
  async publish(updates: readonly Update[]): Promise<void> {
    const pipeline = this.redis.pipeline();
    for (const { product, price, time, processed = time, padding } of updates) {
      const message = JSON.stringify({
        ...underlying(product, price),
        timestamp: naive(time),
        processed_at: naive(processed),
        ...(padding !== undefined && { padding }),
      });
      pipeline.set(`latest:underlying:${product}`, message, 'EX', LIFETIME_S);
      pipeline.publish(UNDERLYING, message);
      this.newest.set(product, price);
    }
    for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
  }

  /** Call this when a fault has ended. Every part must have the newest prices in time. */
  async agree(): Promise<void> {
    const prices: Prices = new Map(this.newest);
    const wrong = () =>
      this.clients.flatMap((client, n) => differences(`client ${n}`, prices, lastPrices(client)));
    await waitFor(
      () => wrong().length === 0,
      () => `${wrong().length} prices are not the newest: ${wrong().slice(0, 6).join('; ')}`,
      AGREES_WITHIN_MS,
    );
    await expectAgreement(
      this.cluster.replicas.map(({ process }) => process.url),
      this.redis,
      prices,
      AGREES_WITHIN_MS,
    );
  }

  /**
   * Checks that `latest:*` still has the worker's last values, once no replica runs that could
   * correct them.
   */
  async kept(): Promise<void> {
    const wrong = differences('latest:*', this.newest, await stored(this.redis, this.products));
    if (wrong.length > 0) {
      throw new Error(`${wrong.length} keys were overwritten: ${wrong.slice(0, 6).join('; ')}`);
    }
  }

  stop(): void {
    for (const client of this.clients) client.close();
  }

  private async subscribe(client: TestClient): Promise<void> {
    for (let start = 0; start < this.products.length; start += MOST_SYMBOLS) {
      const symbols = this.products.slice(start, start + MOST_SYMBOLS);
      // the client subscribes again with the next connection
      await client.ask('subscribe', { type: 'product', symbols }).catch(() => undefined);
    }
  }
}

function lastPrices(client: TestClient): Prices {
  return new Map(client.all('underlying_update').map(({ product, price }) => [product, price]));
}

function naive(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '');
}
