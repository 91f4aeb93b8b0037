import type { SubscriptionConfirmed, UnderlyingUpdate } from '../../../src/contract/index.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { closedMarket } from '../../support/market-hours.js';
import { chain, EXPIRY, timestampOf, underlying } from '../../support/messages.js';
import { OPTION_CHAIN, UNDERLYING } from '../../support/platform.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

let redis: RedisServer;
beforeEach(async () => void (redis = await RedisServer.start()));
afterEach(() => redis.stop());

async function start(env: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    MARKET_HOURS: closedMarket(),
    CACHE_WRITE_INTERVAL_MS: '50',
    ...env,
  });
  await gateway.ready();
  return gateway;
}

const publish = (channel: string, message: object): Promise<number> =>
  redis.client.publish(channel, JSON.stringify(message));

/** Publishes the prices from `first` to `last`, whose times are a millisecond apart. */
async function publishPrices(symbol: string, first: number, last: number): Promise<void> {
  for (let n = first; n <= last; n++) await publish(UNDERLYING, underlying(symbol, n));
}

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, n) => first + n);

/** A client that is in no room. */
const connect = ({ url }: GatewayProcess, transport = 'websocket'): Promise<TestClient> =>
  TestClient.connect(url, { ...TRANSPORTS[transport], auth: { general: 'off' } });

const prices = (client: TestClient, symbol: string): number[] =>
  client
    .all('underlying_update')
    .filter(({ product }: UnderlyingUpdate) => product === symbol)
    .map(({ price }) => price);

const subscribe = async (client: TestClient, request: object): Promise<readonly SubscriptionConfirmed[]> => {
  const { ok } = (await client.ask('subscribe', { type: 'product', ...request })) as { ok: boolean };
  expect(ok).toBe(true);
  return client.all('subscribed');
};

/** How many entries the stream of a product has in Redis. */
const kept = (symbol: string): Promise<number> => redis.client.xlen(`history:product:${symbol}`);

it.each(['websocket', 'polling'])(
  'replays what a client missed, and goes on with live updates: %s',
  async (transport) => {
    const gateway = await start();
    const witness = await connect(gateway);
    await subscribe(witness, { symbol: 'NIFTY' });
    await publishPrices('NIFTY', 1, 10);
    await witness.next('underlying_update', 10);
    const client = await connect(gateway, transport);
    const [confirmed] = await subscribe(client, { symbol: 'NIFTY', since: timestampOf(4) });
    expect(confirmed).toEqual({
      room: 'product:NIFTY',
      message: 'Subscribed to product:NIFTY',
      recovered: true,
      replayed: 6,
    });
    await publishPrices('NIFTY', 11, 20);
    await client.next('underlying_update', 16);
    expect(prices(client, 'NIFTY')).toEqual(range(5, 20));
    // What is replayed is what was broadcast.
    expect(client.all('underlying_update')).toEqual(witness.all('underlying_update').slice(4));
    expect(await gateway.metric('socket_gateway_resumes_total{source="memory"}')).toBe(1);
    expect(await gateway.metric('socket_gateway_replayed_total')).toBe(6);
  },
);

it('replays from Redis what was published before the replica started', async () => {
  const old = await start();
  await publishPrices('NIFTY', 1, 500);
  await waitFor(async () => (await kept('NIFTY')) === 500);
  const fresh = await start();
  await publishPrices('NIFTY', 501, 520);
  await waitFor(async () => (await kept('NIFTY')) === 520);
  await old.stop('SIGKILL');
  await publishPrices('NIFTY', 521, 540);
  const client = await connect(fresh);
  const [confirmed] = await subscribe(client, { symbol: 'NIFTY', since: timestampOf(50) });
  expect(confirmed).toMatchObject({ recovered: true, replayed: 490 });
  await publishPrices('NIFTY', 541, 550);
  await client.next('underlying_update', 500);
  expect(prices(client, 'NIFTY')).toEqual(range(51, 550));
  expect(await fresh.metric('socket_gateway_resumes_total{source="store"}')).toBe(1);
});

it('resumes on a replica that has not received the newest update of the client yet', async () => {
  const gateway = await start();
  const client = await connect(gateway);
  await publishPrices('NIFTY', 1, 3);
  await waitFor(async () => (await kept('NIFTY')) === 3);
  const subscribed = subscribe(client, { symbol: 'NIFTY', since: timestampOf(5) });
  await waitFor(
    async () => (await gateway.metric('socket_gateway_client_messages_total{event="subscribe"}')) === 1,
  );
  await publishPrices('NIFTY', 4, 6);
  expect(await subscribed).toMatchObject([{ recovered: true }]);
  await publishPrices('NIFTY', 7, 8);
  await client.next('underlying_update', 3);
  expect(prices(client, 'NIFTY')).toEqual([6, 7, 8]);
});

it('sends the snapshot and says so if the update of the client is no longer kept', async () => {
  const gateway = await start({ HISTORY_SECONDS: '120' });
  const client = await connect(gateway);
  const [hour, times] = [3_600_000, range(1, 300)];
  for (const n of times) await publish(UNDERLYING, underlying('NIFTY', n));
  for (const n of times) await publish(UNDERLYING, underlying('NIFTY', 3 * hour + n));
  await waitFor(async () => (await kept('NIFTY')) >= 300);
  await gateway.stop();
  const other = await start({ HISTORY_SECONDS: '120' });
  client.close();
  const late = await connect(other);
  await publishPrices('NIFTY', 3 * hour + 301, 3 * hour + 302);
  const [confirmed] = await subscribe(late, { symbol: 'NIFTY', since: timestampOf(2) });
  expect(confirmed).toMatchObject({ recovered: false });
  expect(confirmed).not.toHaveProperty('replayed');
  await late.next('underlying_update');
  expect(prices(late, 'NIFTY')).toEqual([3 * hour + 302]);
});

it('resumes each symbol of a batch from its own time', async () => {
  const gateway = await start();
  const client = await connect(gateway);
  for (const symbol of ['A', 'B', 'C']) await publishPrices(symbol, 1, 5);
  await waitFor(async () => (await kept('C')) === 5);
  const since = { A: timestampOf(3), B: timestampOf(5), C: null, 'not a symbol': timestampOf(1) };
  client.contract.sendsInvalid = true;
  const confirmed = await subscribe(client, { symbols: ['A', 'B', 'C'], since });
  expect(confirmed).toEqual([
    expect.objectContaining({ room: 'product:A', recovered: true, replayed: 2 }),
    expect.objectContaining({ room: 'product:B', recovered: true, replayed: 0 }),
    { room: 'product:C', message: 'Subscribed to product:C' },
  ]);
  expect(['A', 'B', 'C'].map((symbol) => prices(client, symbol))).toEqual([[4, 5], [], [5]]);
});

it('never sends an older price after a newer one to a client that is in general', async () => {
  const gateway = await start();
  const client = await TestClient.connect(gateway.url);
  await publishPrices('NIFTY', 1, 5);
  await client.next('underlying_update', 5);
  const [confirmed] = await subscribe(client, { symbol: 'NIFTY', since: timestampOf(2) });
  expect(confirmed).toMatchObject({ recovered: false });
  await client.settled();
  expect(prices(client, 'NIFTY')).toEqual([1, 2, 3, 4, 5, 5]);
  // A client that has received nothing in this connection yet can resume.
  const other = await TestClient.connect(gateway.url);
  const [resumed] = await subscribe(other, { symbol: 'NIFTY', since: timestampOf(2) });
  expect(resumed).toMatchObject({ recovered: true, replayed: 3 });
  const [general] = (await subscribe(other, { type: 'general', since: timestampOf(2) })).slice(-1);
  expect(general).toMatchObject({ room: 'general', recovered: false });
});

it('never sends a client again what it received in a room that it has left', async () => {
  const gateway = await start();
  const client = await connect(gateway);
  await publishPrices('NIFTY', 1, 2);
  await waitFor(async () => (await kept('NIFTY')) === 2);
  await subscribe(client, { symbol: 'NIFTY' });
  await publishPrices('NIFTY', 3, 5);
  await client.next('underlying_update', 4);
  await client.ask('unsubscribe', { type: 'product', symbol: 'NIFTY' });
  const confirmed = await subscribe(client, { symbol: 'NIFTY', since: timestampOf(2) });
  expect(confirmed.at(-1)).toMatchObject({ recovered: false });
  await publishPrices('NIFTY', 6, 7);
  await waitFor(() => prices(client, 'NIFTY').at(-1) === 7);
  expect(prices(client, 'NIFTY')).toEqual([2, 3, 4, 5, 5, 6, 7]);
});

it('does not put a client in general that asks for it, and lets it join later', async () => {
  const gateway = await start();
  const client = await connect(gateway);
  expect((await client.next('connected')).rooms).toEqual([]);
  await publishPrices('NIFTY', 1, 1);
  await client.settled();
  expect(client.all('underlying_update')).toEqual([]);
  await subscribe(client, { type: 'general' });
  await publishPrices('NIFTY', 2, 2);
  await client.next('underlying_update');
  expect(prices(client, 'NIFTY')).toEqual([2]);
});

it('charges a client for the updates that it missed', async () => {
  const gateway = await start({ WORK_BURST: '1000', WORK_PER_SECOND: '1000' });
  const client = await connect(gateway);
  await publishPrices('NIFTY', 1, 162);
  await waitFor(async () => (await kept('NIFTY')) === 162);
  const [confirmed] = await subscribe(client, { symbol: 'NIFTY', since: timestampOf(2) });
  expect(confirmed).toMatchObject({ recovered: true, replayed: 160 });
  expect(await gateway.metric('socket_gateway_request_work_total{event="subscribe"}')).toBe(11);
});

it('resumes chains with their newest state', async () => {
  const gateway = await start();
  const client = await connect(gateway);
  for (const expiry of [EXPIRY, '2026-12-03'])
    for (const n of [1, 2]) await publish(OPTION_CHAIN, chain('NIFTY', n, expiry));
  await waitFor(async () => (await gateway.metric('socket_gateway_cache_entries')) === 2);
  const [confirmed] = await subscribe(client, { type: 'chain', symbol: 'NIFTY', since: timestampOf(1) });
  expect(confirmed).toMatchObject({ recovered: true, replayed: 2, conflated: true });
  expect(client.all('chain_update').map(({ spot_price }) => spot_price)).toEqual([2, 2]);
});

it('reports a gap after an outage of Redis, and resumes from the updates after it', async () => {
  const gateway = await start({ FEED_PROBE_AFTER_MS: '200' });
  const first = await connect(gateway);
  await publishPrices('NIFTY', 1, 5);
  await waitFor(async () => (await kept('NIFTY')) === 5);
  await redis.kill();
  await waitFor(async () => (await gateway.get('/health/ready')).status !== 200);
  const during = await connect(gateway);
  expect(await subscribe(during, { symbol: 'NIFTY', since: timestampOf(5) })).toMatchObject([
    { recovered: false },
  ]);
  await redis.restart();
  await gateway.ready();
  await publishPrices('NIFTY', 11, 15);
  await during.next('underlying_update', 6);
  expect(prices(during, 'NIFTY')).toEqual([5, ...range(11, 15)]);
  const after = await connect(gateway);
  const confirmed = await subscribe(after, { symbol: 'NIFTY', since: timestampOf(5) });
  expect(confirmed).toMatchObject([{ recovered: false }]);
  expect(await subscribe(first, { symbol: 'NIFTY', since: timestampOf(12) })).toMatchObject([
    { recovered: true, replayed: 3 },
  ]);
});

it.each([
  ['not a time', 'yesterday'],
  ['a number', 1_795_322_619],
  ['a list', [timestampOf(1)]],
  ['an object with something else', { NIFTY: 5 }],
])('rejects %s as since', async (_, since) => {
  const gateway = await start();
  const client = await connect(gateway);
  client.contract.sendsInvalid = true;
  await expect(client.ask('subscribe', { type: 'product', symbol: 'NIFTY', since })).resolves.toMatchObject({
    ok: false,
    error: { code: 'INVALID_TIME', details: [{ field: 'since' }] },
  });
  await expect(client.ask('unsubscribe', { type: 'product', symbol: 'NIFTY', since })).resolves.toMatchObject(
    {
      ok: true,
    },
  );
});
