import { setTimeout as delay } from 'node:timers/promises';
import type { ManagerOptions } from 'socket.io-client';
import { GatewayProcess } from '../../support/gateway-process.js';
import { chain, EXPIRY, underlying } from '../../support/messages.js';
import { OPTION_CHAIN, UNDERLYING } from '../../support/platform.js';
import { RedisServer } from '../../support/redis-server.js';
import { type Acknowledged, StreamChecker, TICK } from '../../support/stream-checker.js';
import { TestClient, TRANSPORTS, UNCOMPRESSED } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

/** How many times each client changes its subscriptions. */
const CHANGES = 40;
/** High enough that no client is conflated. */
const NEVER_REACHED = 268_435_456;

const REQUESTS = [
  { type: 'product', symbol: 'A' },
  { type: 'product', symbols: ['A', 'B'] },
  { type: 'product', symbol: 'B' },
  { type: 'chain', symbol: 'A' },
  { type: 'chain', symbol: 'A', expiry: EXPIRY },
  { type: 'general' },
];

/** A pseudo-random sequence with a fixed seed, so that a failure can be reproduced. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/**
 * Publishes rounds of A, its chain, B and TICK, and new products, about 500 messages a second,
 * until it is stopped.
 */
class Feed {
  rounds = 0;
  private products = 0;
  private running = true;
  private readonly done: Promise<void>;

  constructor(
    private readonly redis: RedisServer,
    private readonly below = chance(1),
  ) {
    this.done = this.run();
  }

  private async run(): Promise<void> {
    while (this.running) {
      const burst = 1 + this.below(10);
      const pipeline = this.redis.client.pipeline();
      for (let i = 0; i < burst; i++) {
        const n = ++this.rounds;
        pipeline.publish(UNDERLYING, JSON.stringify(underlying('A', n)));
        pipeline.publish(OPTION_CHAIN, JSON.stringify(chain('A', n)));
        pipeline.publish(UNDERLYING, JSON.stringify(underlying('B', n)));
        pipeline.publish(UNDERLYING, JSON.stringify(underlying(TICK, n)));
      }
      const k = ++this.products;
      pipeline.publish(UNDERLYING, JSON.stringify(underlying(`NEW-${k}`, k)));
      await pipeline.exec();
      await delay(burst * 8); // keeps the feed at its rate
    }
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.done;
  }
}

/** A client that keeps changing its subscriptions at arbitrary moments. */
class Restless {
  readonly checker: StreamChecker;

  private constructor(
    readonly name: string,
    readonly client: TestClient,
    private readonly below: (limit: number) => number,
  ) {
    this.checker = new StreamChecker(name);
  }

  static async connect(url: string, name: string, options: Partial<ManagerOptions>, seed: number) {
    const client = await TestClient.connect(url, options);
    const restless = new Restless(name, client, chance(seed));
    await restless.request('subscribe', { type: 'product', symbol: TICK });
    return restless;
  }

  get transport(): string {
    return this.client.socket.io.engine.transport.name;
  }

  async changes(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const requests = Array.from({ length: 1 + this.below(3) }, () => this.any());
      // Half of the time the next change follows at once, half of the time after some more updates.
      if (this.below(2) === 0) continue;
      await Promise.all(requests);
      const until = this.client.received.length + this.below(40);
      await waitFor(() => this.client.received.length >= until, `${this.name} is sent nothing any more`);
    }
    await this.request('subscribe', { type: 'product', symbol: 'A' });
  }

  /** Starts the upgrade that a stock client starts by itself as soon as it is connected. */
  async upgrade(): Promise<void> {
    (this.client.socket.io.engine as unknown as { _probe(name: string): void })._probe('websocket');
    await waitFor(() => this.transport === 'websocket', `${this.name} was not upgraded`);
  }

  /** Loses the connection, and reconnects as a stock client does. */
  async reconnect(): Promise<void> {
    const connections = this.client.all('connected').length;
    this.client.socket.io.engine.close();
    await this.client.next('connected', connections + 1);
    await this.request('subscribe', { type: 'product', symbol: TICK });
  }

  faults(rounds: number): readonly string[] {
    for (const received of this.client.received) this.checker.take(received);
    this.checker.end(rounds);
    return this.checker.faults;
  }

  private any(): Promise<void> {
    const event = (['subscribe', 'unsubscribe', 'get_products'] as const)[this.below(3)]!;
    return event === 'get_products'
      ? this.request(event)
      : this.request(event, REQUESTS[this.below(REQUESTS.length)]!);
  }

  /** Resolves with the acknowledgement, and records its position among the received events. */
  private request(request: Acknowledged['request'], ...args: readonly object[]): Promise<void> {
    return new Promise((resolve) => {
      this.client.socket.emit(request, ...args, (answer: Acknowledged['answer']) => {
        this.client.received.push({ event: 'acknowledged', payload: { request, answer } });
        resolve();
      });
    });
  }
}

it('a client on any transport receives every number of its rooms once and in order, however it changes its subscriptions', async () => {
  const redis = await RedisServer.start();
  const gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    CONFLATE_ABOVE_BYTES: `${NEVER_REACHED}`,
    MAX_CLIENT_BUFFER_BYTES: `${4 * NEVER_REACHED}`,
  });
  const feed = new Feed(redis);
  await waitFor(
    async () => (await gateway.metric(`socket_gateway_feed_messages_total{channel="${UNDERLYING}"}`)) > 3,
  );
  let seed = 0;
  const connect = (name: string, options: Partial<ManagerOptions>) =>
    Restless.connect(gateway.url, name, options, ++seed);

  const late = { transports: ['polling', 'websocket'], upgrade: false };
  const steady = await Promise.all([
    ...Object.entries(TRANSPORTS).flatMap(([name, options]) => [
      connect(name, options),
      connect(name, options),
    ]),
    connect('websocket without compression', UNCOMPRESSED),
  ]);
  const upgrading = await Promise.all(['one', 'two', 'three'].map((n) => connect(`upgrading, ${n}`, late)));
  const returning = await connect('returning', {
    transports: ['websocket'],
    reconnection: true,
    reconnectionDelay: 1,
  });
  await Promise.all([
    ...steady.map((client) => client.changes(CHANGES)),
    ...upgrading.map(async (client, index) => {
      expect(client.transport).toBe('polling');
      await client.changes(5 * (index + 1));
      await Promise.all([client.upgrade(), client.changes(CHANGES)]);
    }),
    (async () => {
      for (let i = 0; i < 4; i++) {
        await returning.changes(CHANGES / 4);
        await returning.reconnect();
      }
      await returning.changes(CHANGES / 4);
    })(),
  ]);
  await feed.stop();

  const all = [...steady, ...upgrading, returning];
  for (const { client } of all) {
    await waitFor(() => client.all('underlying_update').some(({ price }) => price === feed.rounds));
    await client.settled();
  }
  expect(feed.rounds).toBeGreaterThan(100);
  expect(all.flatMap((client) => client.faults(feed.rounds)).slice(0, 20)).toEqual([]);
  expect(await gateway.metric('socket_gateway_conflated_total')).toBe(0);
  expect(await gateway.metric('socket_gateway_fanout_degraded')).toBe(0);
  expect(steady.map(({ transport }) => transport)).toEqual([
    ...['websocket', 'websocket', 'polling', 'polling'],
    ...Array.from({ length: 2 * Object.keys(TRANSPORTS).length - 3 }, () => 'websocket'),
  ]);

  for (const { client } of all) client.close();
  await gateway.stop();
  await redis.stop();
}, 180_000); // there are many clients, and the machine may be busy
