import { join } from 'node:path';
import type { ChainUpdate } from '../../../src/contract/index.js';
import { parseTimestamp } from '../../../src/contract/timestamp.js';
import { Command } from '../../support/command.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { closedMarket, OPEN_MARKET } from '../../support/market-hours.js';
import { OPTION_CHAIN, UNDERLYING } from '../../support/platform.js';
import { redisClient } from '../../support/redis-client.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

const FEED = join(__dirname, '../../../dist/tools/feed.js');

interface Published {
  readonly product: string;
  readonly expiry?: string;
  readonly timestamp: string;
  readonly processed_at: string;
  readonly price?: number;
}

/** A simulated worker with the given faults, the messages that it published, and a gateway. */
class World {
  readonly published: Published[] = [];
  readonly product = 'FAULTY';

  private constructor(
    private readonly redis: RedisServer,
    readonly gateways: readonly GatewayProcess[],
  ) {}

  static async start(...environments: Readonly<Record<string, string>>[]): Promise<World> {
    const redis = await RedisServer.start();
    const gateways = await Promise.all(
      environments.map((env) => GatewayProcess.start({ REDIS_URL: redis.url, PRODUCTS: 'FAULTY', ...env })),
    );
    await Promise.all(gateways.map((gateway) => gateway.ready()));
    const world = new World(redis, gateways);
    const log = redisClient({ port: redis.port, disconnectTimeout: 100 });
    log.on('message', (_, data: string) => world.published.push(JSON.parse(data) as Published));
    await log.subscribe(UNDERLYING, OPTION_CHAIN);
    return world;
  }

  get gateway(): GatewayProcess {
    return this.gateways[0]!;
  }

  feed(...flags: readonly string[]): Command {
    const common = ['--products', 'FAULTY', '--seed', '7', '--redis', this.redis.url];
    return Command.spawn(process.execPath, [FEED, ...common, ...flags]);
  }

  /** A client in the rooms of the product. */
  async client(gateway = this.gateway): Promise<TestClient> {
    const client = await TestClient.connect(gateway.url);
    await client.ask('subscribe', { type: 'chain', symbol: this.product });
    return client;
  }

  /**
   * Waits until the gateway has handled all that a feed published, and the client has received it.
   */
  async carried(feed: Command, client: TestClient): Promise<void> {
    const [, total] = /Stopped\. (\d+) messages/.exec(feed.output)!;
    await waitFor(() => this.published.length === Number(total), 'not all messages are logged');
    await waitFor(async () => {
      const counts = [UNDERLYING, OPTION_CHAIN].map((channel) =>
        this.gateway.metric(`socket_gateway_feed_messages_total{channel="${channel}"}`),
      );
      const [prices = 0, chains = 0] = await Promise.all(counts);
      return prices + chains === this.published.length;
    }, 'the gateway did not take all that was published');
    await client.settled();
  }

  /** The number of messages of both kinds that the gateway `dropped` for a reason. */
  async count(reason: 'older' | 'repeated' | 'rebased'): Promise<number> {
    const counts = ['underlying', 'chain'].map((kind) =>
      this.gateway.metric(`socket_gateway_feed_${reason}_total{kind="${kind}"}`),
    );
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  async stop(...clients: readonly TestClient[]): Promise<void> {
    for (const client of clients) client.close();
    for (const gateway of this.gateways) expect(await gateway.stop()).toBe(0);
    await this.redis.stop();
  }
}

const timesOf = (messages: readonly { timestamp: unknown }[]) =>
  messages.map(({ timestamp }) => parseTimestamp(timestamp)!);
const increases = (times: readonly number[]) => times.every((time, i) => i === 0 || time > times[i - 1]!);
const statusesOf = (client: TestClient) => client.all('feed_status').map(({ status }) => status);

it('reordered and redelivered messages are dropped and counted, and clients see none go back', async () => {
  const world = await World.start({});
  const client = await world.client();
  const feed = world.feed('--rate', '100', '--reorder', '0.3', '--redeliver', '0.3', '--duration', '2');
  expect(await feed.exit()).toBe(0);
  await world.carried(feed, client);

  /** What a client has to get, and how many of the others repeat the newest message. */
  const newest = new Map<string, number>();
  const due: Published[] = [];
  let older = 0;
  let repeated = 0;
  for (const message of world.published) {
    const stream = message.expiry ?? '';
    const time = parseTimestamp(message.timestamp)!;
    const last = newest.get(stream) ?? -1;
    if (time > last) {
      newest.set(stream, time);
      due.push(message);
    } else if (time === last) repeated++;
    else older++;
  }
  expect(older).toBeGreaterThan(20);
  expect(repeated).toBeGreaterThan(5);
  expect([await world.count('older'), await world.count('repeated')]).toEqual([older, repeated]);
  const received = (event: 'underlying_update' | 'chain_update') => timesOf(client.all(event));
  const prices = due.filter(({ expiry }) => expiry === undefined);
  expect(received('underlying_update')).toEqual(timesOf(prices));
  expect(received('chain_update')).toEqual(timesOf(due.filter(({ expiry }) => expiry !== undefined)));
  expect(await world.count('rebased')).toBe(0);
  await world.stop(client);
});

it('a clock that is set back stops a product until the gateway accepts its time', async () => {
  // Ten times as long, because the time of the feed was right before.
  const world = await World.start({ CLOCK_RESET_AFTER_MS: '100' });
  const client = await world.client();
  const feed = world.feed('--rate', '50', '--set-back', '1:3600');
  const hourAgo = () => (Date.now() - 1_800_000) * 1000;
  const rebased = (event: 'underlying_update' | 'chain_update') =>
    timesOf(client.all(event)).some((time) => time < hourAgo());
  await feed.until(() => rebased('underlying_update') && rebased('chain_update'));
  expect(await feed.end('SIGTERM')).toBe(0);
  await world.carried(feed, client);

  expect(await world.count('rebased')).toBe(2);
  for (const event of ['underlying_update', 'chain_update'] as const) {
    const updates = client.all(event);
    const times = timesOf(updates);
    const back = times.findIndex((time) => time < hourAgo());
    expect(increases(times.slice(0, back)) && increases(times.slice(back))).toBe(true);
    const firstOld = world.published.find(
      ({ expiry, timestamp }) =>
        (expiry === undefined) === (event === 'underlying_update') && parseTimestamp(timestamp)! < hourAgo(),
    );
    const waited = parseTimestamp(updates[back]!.processed_at)! - parseTimestamp(firstOld!.processed_at)!;
    expect(waited).toBeGreaterThanOrEqual(1_000_000);
  }
  expect(await world.count('older')).toBe(
    world.published.length - client.all('underlying_update').length - client.all('chain_update').length,
  );
  await world.stop(client);
});

it('a product that pauses becomes stale, and is live again with its next price', async () => {
  const world = await World.start({ STALE_AFTER_MS: '500' });
  const client = await world.client();
  const feed = world.feed('--rate', '20', '--gaps', '1:3');
  await feed.until(() => statusesOf(client).slice(-4).join() === 'stale,live,stale,live');
  expect(await feed.end('SIGTERM')).toBe(0);
  const events = client.received
    .map(({ event }) => event)
    .filter((event) => event === 'feed_status' || event === 'underlying_update');
  const statuses = client.received.filter(({ event }) => event === 'feed_status');
  const next = (status: unknown) => client.received[client.received.indexOf(status as never) + 1];
  for (const status of statuses) {
    if ((status.payload as { status: string }).status === 'live')
      expect(next(status)).toMatchObject({ event: 'underlying_update' });
  }
  expect(events.filter((event) => event === 'underlying_update').length).toBeGreaterThan(20);
  expect(increases(timesOf(client.all('underlying_update')))).toBe(true);
  expect((await world.count('older')) + (await world.count('repeated'))).toBe(0);
  await world.stop(client);
});

it('a closed market is stale only for a gateway that does not know its hours', async () => {
  const stale = { STALE_AFTER_MS: '500' };
  const world = await World.start(
    { ...stale, MARKET_HOURS: OPEN_MARKET },
    { ...stale, MARKET_HOURS: closedMarket() },
  );
  const [unaware, aware] = await Promise.all(world.gateways.map((gateway) => world.client(gateway)));
  const feed = world.feed('--rate', '20', '--closed', '1:2');
  // Before the first price, the product is stale where the market is open.
  await feed.until(() => statusesOf(unaware!).slice(-4).join() === 'stale,live,stale,live');
  expect(await feed.end('SIGTERM')).toBe(0);
  await waitFor(
    () => aware!.all('underlying_update').length === unaware!.all('underlying_update').length,
    'the gateways do not agree',
  );
  await aware!.settled();
  expect(statusesOf(aware!)).toEqual([]);
  await world.stop(unaware!, aware!);
});

it('a sparse chain arrives whole, and an option that did not trade keeps its time', async () => {
  const world = await World.start({});
  const client = await world.client();
  const feed = world.feed('--rate', '50', '--sparse', '0.1');
  await client.next('chain_update', 20);
  expect(await feed.end('SIGTERM')).toBe(0);
  const chains: ChainUpdate[] = client.all('chain_update');
  const legs = chains.map(({ calls, puts }) => [...calls, ...puts]);
  let moved = 0;
  for (const [i, chain] of legs.entries()) {
    expect(chain).toHaveLength(42);
    for (const leg of chain) {
      const before = legs[i - 1]?.find(({ symbol }) => symbol === leg.symbol);
      if (!before) continue;
      if (leg.timestamp === before.timestamp) expect(leg).toEqual(before);
      else moved++;
    }
  }
  expect(moved / (42 * (legs.length - 1))).toBeLessThan(0.3);
  expect(moved).toBeGreaterThan(0);
  expect(increases(timesOf(chains))).toBe(true);
  await world.stop(client);
});

it('the same seed publishes the same prices with the same faults', async () => {
  const world = await World.start();
  const run = async (...flags: readonly string[]): Promise<(number | undefined)[]> => {
    world.published.length = 0;
    const faults = ['--reorder', '0.2', '--redeliver', '0.2', '--gaps', '0.3:0.1'];
    const feed = world.feed('--rate', '100', ...faults, ...flags);
    await feed.until(() => world.published.length > 150);
    expect(await feed.end('SIGTERM')).toBe(0);
    return world.published.slice(0, 150).map(({ price }) => price);
  };
  const first = await run();
  expect(await run()).toEqual(first);
  expect(await run('--seed', '8')).not.toEqual(first);
  await world.stop();
});
