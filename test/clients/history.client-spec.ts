import type { Socket } from 'socket.io-client';
import { SocketClient } from '../../clients/typescript/src/client.js';
import { barsOf } from '../../clients/typescript/src/bars.js';
import {
  type ClientOptions,
  type Gap,
  historyPages,
  recordsOf,
  Series,
} from '../../clients/typescript/src/index.js';
import { foundation } from '../../clients/typescript/src/options.js';
import { cleanUp } from '../support/cleanup.js';
import { checkMessages, ContractCheck } from '../support/contract-check.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { closedMarket } from '../support/market-hours.js';
import { timestampOf, underlying } from '../support/messages.js';
import { UNDERLYING } from '../support/platform.js';
import { RedisServer } from '../support/redis-server.js';
import { waitFor } from '../support/wait.js';

let redis: RedisServer;
beforeEach(async () => void (redis = await RedisServer.start()));
afterEach(() => redis.stop());

async function startReplicas(env: Readonly<Record<string, string>> = {}): Promise<GatewayProcess[]> {
  const common = { REDIS_URL: redis.url, MARKET_HOURS: closedMarket(), CACHE_WRITE_INTERVAL_MS: '50' };
  const replicas = await Promise.all([1, 2].map(() => GatewayProcess.start({ ...common, ...env })));
  await Promise.all(replicas.map((replica) => replica.ready()));
  return replicas;
}

const publish = (product: string, n: number) =>
  redis.client.publish(UNDERLYING, JSON.stringify(underlying(product, n)));

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, n) => first + n);

/** A client that finds the other replica at each connection, and that a test can cut off. */
class RoamingClient {
  readonly gaps: Gap[] = [];
  /** The prices of each product, as its handle received them. */
  readonly prices = new Map<string, number[]>();
  readonly client: SocketClient;
  private socket: Socket | undefined;
  private opened = 0;

  constructor(replicas: readonly GatewayProcess[], options: ClientOptions) {
    const contract = new ContractCheck();
    this.client = new SocketClient(
      'http://gateway',
      { socketOptions: { reconnectionDelay: 20, reconnectionDelayMax: 200 }, ...options },
      {
        ...foundation,
        open: (_, socketOptions) => {
          const { url } = replicas[this.opened++ % replicas.length]!;
          const socket = foundation.open(url, socketOptions) as unknown as Socket;
          checkMessages(socket, contract);
          return (this.socket = socket);
        },
      },
    );
    this.client.on('gap', (gap) => this.gaps.push(gap));
    cleanUp(() => this.client.close());
  }

  async follow(products: readonly string[]): Promise<void> {
    for (const product of products) this.prices.set(product, []);
    const handle = this.client.subscribe({ type: 'product', symbols: products });
    handle.on('update', ({ product, price }) => this.prices.get(product)!.push(price));
    await handle.ready;
  }

  /** Loses the connection, as a network does. */
  cut(): void {
    this.socket?.io.engine.close();
  }

  async connected(): Promise<void> {
    await waitFor(() => this.client.state === 'connected', 'not connected');
  }
}

it('a client that resumes misses nothing, and gets nothing twice, over reconnections between replicas', async () => {
  const replicas = await startReplicas();
  const products = ['NIFTY', 'BANKNIFTY', 'AAPL'];
  const roaming = new RoamingClient(replicas, { resume: true });
  await roaming.connected();
  await roaming.follow(products);
  for (let n = 1; n <= 200; n++) {
    for (const product of products) await publish(product, n);
    // A client can resume only from a price that it has. Of the first price of all, it is not known
    // whether another one had the same timestamp.
    if (n === 2) await waitFor(() => products.every((product) => roaming.prices.get(product)!.at(-1) === 2));
    if (n % 20 !== 0) continue;
    // The cut comes while the client resumes, or after it.
    await roaming.connected();
    roaming.cut();
  }
  for (const product of products)
    await waitFor(
      () => roaming.prices.get(product)!.at(-1) === 200,
      () => `${roaming.prices.get(product)!.length} of 200 arrived`,
    );
  for (const product of products) expect(roaming.prices.get(product)).toEqual(range(1, 200));
  expect(roaming.gaps).toEqual([]);
  await waitFor(
    async () => (await roaming.client.subscriptions()).includes('general'),
    'not in general after the other rooms',
  );
  const replayed = await Promise.all(
    replicas.map((replica) => replica.metric('socket_gateway_replayed_total')),
  );
  for (const count of replayed) expect(count).toBeGreaterThan(0);
});

it('tells a client that cannot resume about the gap, and sends it the newest price', async () => {
  const replicas = await startReplicas({ HISTORY_SECONDS: '0' });
  const roaming = new RoamingClient(replicas, { resume: true, general: false });
  await roaming.follow(['NIFTY']);
  await publish('NIFTY', 1);
  await waitFor(() => roaming.prices.get('NIFTY')!.length === 1, 'no price');
  roaming.cut();
  for (const n of [2, 3]) await publish('NIFTY', n);
  await waitFor(() => roaming.prices.get('NIFTY')!.at(-1) === 3, 'no newest price');
  expect(roaming.gaps).toEqual([{ product: 'NIFTY', room: 'product:NIFTY', since: timestampOf(1) }]);
  await expect(roaming.client.history({ type: 'product', symbol: 'NIFTY' })).rejects.toMatchObject({
    code: 'HISTORY_UNAVAILABLE',
  });
});

it('pages of history go back to the first price', async () => {
  const replicas = await startReplicas();
  const { client } = new RoamingClient(replicas, {});
  for (const n of range(1, 25)) await publish('NIFTY', n);
  const handle = client.subscribe({ type: 'product', symbol: 'NIFTY' });
  await waitFor(() => handle.latest?.price === 25, 'no price');
  const pages: unknown[] = [];
  for await (const page of historyPages(client, { type: 'product', symbol: 'NIFTY', limit: 10 }))
    pages.push(recordsOf(page).map(({ price }) => price));
  expect(pages).toEqual([range(16, 25), range(6, 15), range(1, 5)]);
  const stopping = new AbortController();
  const asked = handle.history({ limit: 5 }, { signal: stopping.signal });
  stopping.abort();
  await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
  expect((await handle.history({ limit: 5 })).updates).toHaveLength(5);
});

it.each([true, false])(
  'a series has each price once over a reconnection to another replica (resume: %s)',
  async (resume) => {
    const replicas = await startReplicas();
    const roaming = new RoamingClient(replicas, { resume });
    for (const n of range(1, 10)) await publish('NIFTY', n);
    await roaming.connected();
    const raw = new Series(roaming.client, { symbol: 'NIFTY' }, () => undefined).start();
    const bars = new Series(roaming.client, { symbol: 'NIFTY', resolution: '1m' }, () => undefined).start();
    for (const n of range(11, 20)) await publish('NIFTY', n);
    const newest = () => raw.points.at(-1)?.price;
    await waitFor(
      () => newest() === 20 && !raw.loading && !bars.loading,
      () => `at ${newest()}`,
    );
    roaming.cut();
    for (const n of range(21, 40)) await publish('NIFTY', n);
    await roaming.connected();
    await publish('NIFTY', 41);
    await waitFor(
      () => newest() === 41 && !raw.loading && !bars.loading,
      () => `at ${newest()}`,
    );
    const all = range(1, 41).map((n) => ({ timestamp: timestampOf(n), price: n }));
    expect(raw.points).toEqual(all);
    expect(bars.points).toEqual(barsOf(all, 60_000));
    expect([raw.error, bars.error]).toEqual([undefined, undefined]);
  },
);
