import type { GatewayProcess } from './gateway-process.js';
import { chain, underlying } from './messages.js';
import type { RedisServer } from './redis-server.js';
import type { TestClient } from './test-client.js';
import { waitFor } from './wait.js';

export const UNDERLYING = 'enriched:underlying';
export const OPTION_CHAIN = 'enriched:option_chain';

/**
 * The platform's worker, which publishes on a test's Redis for one gateway. Create it before
 * anything is published.
 */
export class Platform {
  private readonly published = new Map<string, number>();
  private made = 0;

  constructor(
    private readonly redis: RedisServer,
    private readonly gateway: GatewayProcess,
  ) {}

  /**
   * Returns a product that no other test uses, so that one test's messages are not another test's
   * snapshot.
   */
  product(): string {
    return `M&M-${++this.made}.BAJAJ_`;
  }

  /** Publishes strings and bytes unchanged, and an object as JSON. */
  async publish(channel: string, data: string | Buffer | object): Promise<void> {
    const text = typeof data === 'string' || Buffer.isBuffer(data) ? data : JSON.stringify(data);
    const receivers = await this.redis.client.publish(channel, text);
    if (receivers === 0) throw new Error(`no gateway is subscribed to ${channel}`);
    this.published.set(channel, (this.published.get(channel) ?? 0) + 1);
  }

  /**
   * Publishes the `n`-th price of a product. The gateway drops a price that is older than the last
   * one.
   */
  async underlying(product: string, n: number): Promise<void> {
    await this.publish(UNDERLYING, underlying(product, n));
  }

  /** Publishes the `n`-th chain of a product and expiry. */
  async chain(product: string, n: number, expiry?: string): Promise<void> {
    await this.publish(OPTION_CHAIN, chain(product, n, expiry));
  }

  /**
   * Resolves once the gateway has handled every publication, and `clients` have received everything
   * it sent them.
   */
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
