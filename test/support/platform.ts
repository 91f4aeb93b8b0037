import type { GatewayProcess } from './gateway-process.js';
import { chain, underlying } from './messages.js';
import type { RedisServer } from './redis-server.js';
import type { TestClient } from './test-client.js';
import { waitFor } from './wait.js';

export const UNDERLYING = 'enriched:underlying';
export const OPTION_CHAIN = 'enriched:option_chain';

/** The platform's worker, publishing on a test's Redis for one gateway. Make one before anything is published. */
export class Platform {
  private readonly published = new Map<string, number>();
  private made = 0;

  constructor(
    private readonly redis: RedisServer,
    private readonly gateway: GatewayProcess,
  ) {}

  /** A product no other test has: what one test publishes must not be another's snapshot. */
  product(): string {
    return `M&M-${++this.made}.BAJAJ_`;
  }

  /** Publishes the string or bytes as they are, or an object as its JSON. */
  async publish(channel: string, data: string | Buffer | object): Promise<void> {
    const text = typeof data === 'string' || Buffer.isBuffer(data) ? data : JSON.stringify(data);
    const receivers = await this.redis.client.publish(channel, text);
    if (receivers === 0) throw new Error(`nobody is subscribed to ${channel}`);
    this.published.set(channel, (this.published.get(channel) ?? 0) + 1);
  }

  /** Publishes the `n`-th price of a product; older ones than its last are dropped by the gateway. */
  async underlying(product: string, n: number): Promise<void> {
    await this.publish(UNDERLYING, underlying(product, n));
  }

  /** Publishes the `n`-th chain of a product and expiry. */
  async chain(product: string, n: number, expiry?: string): Promise<void> {
    await this.publish(OPTION_CHAIN, chain(product, n, expiry));
  }

  /** When it resolves, the gateway has dealt with all that was published, and `clients` have all it sent them for it. */
  async carried(...clients: readonly TestClient[]): Promise<void> {
    for (const [channel, count] of this.published) {
      const sample = `socket_gateway_feed_messages_total{channel="${channel}"}`;
      await waitFor(
        async () => (await this.gateway.metric(sample)) >= count,
        `the gateway did not take all that was published on ${channel}`,
      );
    }
    await Promise.all(clients.map((client) => client.settled()));
  }
}
