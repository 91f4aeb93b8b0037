import { GatewayProcess } from './gateway-process.js';
import { timestampOf, underlying } from './messages.js';
import { UNDERLYING } from './platform.js';
import { TestClient } from './test-client.js';
import { waitFor } from './wait.js';

/** Within this time after a fault, a client must have the newest price. */
const CONVERGES_WITHIN_MS = 20_000;

const PRODUCT = 'NIFTY';

/** The operations of the platform's worker, on any kind of Redis. */
export interface Worker {
  publish(channel: string, data: string): Promise<unknown>;
  set(key: string, value: string): Promise<unknown>;
  get(key: string): Promise<string | null>;
}

interface Health {
  readonly status: string;
  readonly error: object;
  readonly details: Readonly<Record<string, { readonly status: string; readonly [field: string]: unknown }>>;
}

/**
 * A gateway with one stock client that stays connected through every fault, and a worker that
 * publishes numbered prices.
 */
export class WatchedGateway {
  private price = 0;

  private constructor(
    readonly gateway: GatewayProcess,
    readonly client: TestClient,
    private readonly worker: Worker,
  ) {}

  static async start(env: Readonly<Record<string, string>>, worker: Worker): Promise<WatchedGateway> {
    const gateway = await GatewayProcess.start({
      FEED_PROBE_AFTER_MS: '1000',
      CACHE_WRITE_INTERVAL_MS: '100',
      ...env,
    });
    await gateway.ready();
    const client = await TestClient.connect(gateway.url, { transports: ['websocket'], reconnection: true });
    const watched = new WatchedGateway(gateway, client, worker);
    await watched.publishes();
    await watched.remembered();
    return watched;
  }

  get prices(): number[] {
    return this.client.all('underlying_update').map(({ price }: { price: number }) => price);
  }

  /** Publishes the next price, and waits until the client has received it. */
  async publishes(): Promise<void> {
    const price = ++this.price;
    await this.worker.publish(UNDERLYING, JSON.stringify(underlying(PRODUCT, price)));
    await waitFor(() => this.prices.includes(price), `price ${price} never came: ${this.prices.join()}`);
  }

  /** Waits until `latest:*` has the newest price. */
  async remembered(): Promise<void> {
    const stored = async () =>
      JSON.parse((await this.worker.get(`latest:underlying:${PRODUCT}`)) ?? '{}') as object;
    await waitFor(
      async () => 'price' in (await stored()) && ((await stored()) as { price: number }).price === this.price,
    );
  }

  /** Writes the worker's next price only to `latest:*`, as if its publication had been lost. */
  async missesOne(): Promise<void> {
    const price = ++this.price;
    const entry = JSON.stringify({ price, timestamp: timestampOf(price) });
    await this.worker.set(`latest:underlying:${PRODUCT}`, entry);
  }

  /**
   * Call this when the fault has ended. The client receives the price it missed, and then the feed
   * continues.
   */
  async converges(): Promise<void> {
    const newest = this.price;
    await waitFor(
      () => this.prices.includes(newest),
      () => `the missed price ${newest} did not come: ${this.prices.join()}; ${this.lastFault()}`,
      CONVERGES_WITHIN_MS,
    );
    await this.gateway.ready();
    await this.publishes();
    this.expectUnharmed();
  }

  /** Checks that the client was never disconnected, and received no price twice or out of order. */
  expectUnharmed(): void {
    expect(this.client.disconnects).toEqual([]);
    expect(this.prices).toEqual([...new Set(this.prices)].sort((a, b) => a - b));
    expect(this.gateway.exitCode).toBeNull();
  }

  /** Waits until `/health` reports that the feed is down, and the reason. */
  async feedIsDown(reason: RegExp): Promise<void> {
    await waitFor(
      async () => {
        const { status, details } = await this.health();
        return status === 'unhealthy' && reason.test(String(details.feed?.reason));
      },
      () => `health does not name it; ${this.lastFault()}`,
    );
    expect((await this.gateway.get('/health/ready')).status).toBe(503);
  }

  /**
   * Waits until the gateway notices that its feed connection failed, and says why. In a Redis
   * Cluster another node may carry the feed a moment later, too soon for `/health` to be seen while
   * the feed is down.
   */
  async feedFails(problem: RegExp): Promise<void> {
    await waitFor(
      () =>
        this.gateway.logs.some(
          (line) =>
            line.msg === 'redis_connection_failed' &&
            line.role === 'feed' &&
            problem.test(String(line.problem)),
        ),
      () => `the gateway does not notice it; ${this.lastFault()}`,
    );
  }

  /** Waits until `/health` reports a problem of the cache, still with the status 200. */
  async cacheHasProblem(problem: RegExp): Promise<void> {
    await waitFor(
      async () => {
        const { status, details } = await this.health();
        return (
          status === 'healthy' &&
          details.cache?.status === 'up' &&
          problem.test(String(details.cache.problem))
        );
      },
      () => `health does not name it; ${this.lastFault()}`,
    );
    expect((await this.gateway.get('/health/ready')).status).toBe(200);
  }

  async cacheIsWell(): Promise<void> {
    await waitFor(
      async () => (await this.health()).details.cache?.problem === undefined,
      'the problem stays',
    );
  }

  faults(connection: string, kind: string): Promise<number> {
    return this.gateway.metric(
      `socket_gateway_redis_errors_total{connection="${connection}",kind="${kind}"}`,
    );
  }

  private async health(): Promise<Health> {
    return this.gateway.json<Health>('/health');
  }

  private lastFault(): string {
    return JSON.stringify(this.gateway.logs.filter(({ level }) => Number(level) >= 40).slice(-3));
  }
}
