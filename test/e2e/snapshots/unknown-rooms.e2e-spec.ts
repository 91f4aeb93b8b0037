import type { ErrorPayload } from '../../../src/contract/index.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { chain, EXPIRY, underlying } from '../../support/messages.js';
import { OPTION_CHAIN, UNDERLYING } from '../../support/platform.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

const OTHER_EXPIRY = '2026-12-03';
const NEVER = { status: 'stale', last_update: null, age_ms: null };

describe('a subscription to a room without data', () => {
  let redis: RedisServer;
  let gateway: GatewayProcess;
  let client: TestClient;

  beforeAll(async () => {
    redis = await RedisServer.start();
    gateway = await GatewayProcess.start({ REDIS_URL: redis.url, PRODUCTS: 'NIFTY,BANKNIFTY' });
  });
  afterAll(async () => {
    await gateway?.stop();
    await redis?.stop();
  });
  beforeEach(async () => void (client = await connect()));
  afterEach(() => client.close());

  const connect = () => TestClient.connect(gateway.url, TRANSPORTS.websocket, false);
  const publish = (channel: string, message: object) =>
    redis.client.publish(channel, JSON.stringify(message));
  const subscribed = (room: string, unknown = true) => ({
    event: 'subscribed',
    payload: { room, message: `Subscribed to ${room}`, ...(unknown && { known: false }) },
  });
  const told = (event: string, ...payloads: object[]) => payloads.map((payload) => ({ event, payload }));
  const about = (product: string) =>
    client.received.filter(({ payload }) => JSON.stringify(payload).includes(product));

  it('reports a product as unknown and stale until its first price, and then as live', async () => {
    const answer = (await client.ask('subscribe', { type: 'product', symbol: 'NEW1' })) as object;
    expect(answer).toEqual({ ok: true, rooms: ['product:NEW1'] });
    await client.next('feed_status');
    expect(about('NEW1')).toEqual([
      subscribed('product:NEW1'),
      ...told('feed_status', { product: 'NEW1', ...NEVER }),
    ]);
    client.clear();
    const bystander = await connect();
    await publish(UNDERLYING, underlying('NEW1', 1));
    await publish(UNDERLYING, underlying('NEW1', 2));
    await client.next('underlying_update', 2);
    await bystander.next('underlying_update', 2);
    expect(client.received).toEqual([
      ...told('feed_status', { product: 'NEW1', status: 'live', last_update: expect.any(String), age_ms: 0 }),
      ...told('underlying_update', underlying('NEW1', 1), underlying('NEW1', 2)),
    ]);
    // No other client waited for the product.
    expect(bystander.all('feed_status')).toEqual([]);
    client.clear();
    await client.ask('subscribe', { type: 'product', symbol: 'NEW1' });
    expect(about('NEW1')[0]).toEqual(subscribed('product:NEW1', false));
    bystander.close();
  });

  it('reports an expiry that does not exist, although its product and other chains are live', async () => {
    await publish(UNDERLYING, underlying('NIFTY', 1));
    await publish(OPTION_CHAIN, chain('NIFTY', 1));
    await client.next('chain_summary');
    client.clear();
    const request = { type: 'chain', symbol: 'NIFTY', expiry: OTHER_EXPIRY };
    expect(await client.ask('subscribe', request)).toEqual({
      ok: true,
      rooms: [`chain:NIFTY:${OTHER_EXPIRY}`],
    });
    await client.ask('subscribe', { type: 'chain', symbol: 'NIFTY' });
    await client.next('chain_status');
    await client.next('chain_update');
    expect(client.received.filter(({ event }) => event !== 'chain_update')).toEqual(
      expect.arrayContaining([
        subscribed(`chain:NIFTY:${OTHER_EXPIRY}`),
        subscribed('chain:NIFTY', false),
        ...told('chain_status', { product: 'NIFTY', expiry: OTHER_EXPIRY, ...NEVER }),
      ]),
    );
    expect(client.all('feed_status')).toEqual([]);
    client.clear();
    await publish(OPTION_CHAIN, chain('NIFTY', 2, OTHER_EXPIRY));
    await client.next('chain_update');
    const order = client.received.map(({ event }) => event);
    expect(order.indexOf('chain_status')).toBeLessThan(order.indexOf('chain_update'));
    expect(client.all('chain_status')).toMatchObject([{ expiry: OTHER_EXPIRY, status: 'live' }]);
  });

  it('reports all chains of an unknown product as unknown, and the product too', async () => {
    await client.ask('subscribe', { type: 'chain', symbol: 'NEW2' });
    await client.next('chain_status');
    expect(client.all('feed_status')).toEqual([{ product: 'NEW2', ...NEVER }]);
    expect(client.all('chain_status')).toEqual([{ product: 'NEW2', expiry: null, ...NEVER }]);
    await publish(OPTION_CHAIN, chain('NEW2', 1));
    await client.next('chain_update');
    expect(client.all('chain_status')[1]).toMatchObject({ product: 'NEW2', expiry: EXPIRY, status: 'live' });
    expect(client.all('feed_status')[1]).toMatchObject({ product: 'NEW2', status: 'live' });
  });

  it('does not report an entry in Redis as stale because it is missing in memory', async () => {
    await redis.client.set('latest:underlying:STORED', JSON.stringify(underlying('STORED', 1)));
    await client.ask('subscribe', { type: 'product', symbol: 'STORED' });
    await client.next('underlying_update');
    await client.settled();
    expect(about('STORED')[0]).toEqual(subscribed('product:STORED'));
    expect(client.all('feed_status').filter(({ last_update }) => last_update === null)).toEqual([]);
  });

  it.each([
    [{ type: 'product', symbol: 'nifty' }, { nifty: 'NIFTY' }],
    [{ type: 'product', symbol: 'NFTY' }, { NFTY: 'NIFTY' }],
    [{ type: 'chain', symbol: 'NITFY' }, { NITFY: 'NIFTY' }],
    [{ type: 'product', symbols: ['bankNifty', 'NIFTY', 'ZZZ'] }, { bankNifty: 'BANKNIFTY' }],
    [{ type: 'product', symbol: 'ZZZ' }, undefined],
    [{ type: 'product', symbol: 'NIFTY' }, undefined],
  ])('%j suggests %j in the acknowledgement', async (request, suggestions) => {
    const answer = (await client.ask('subscribe', request)) as Record<string, unknown>;
    expect(answer.ok).toBe(true);
    expect(answer.suggestions).toEqual(suggestions);
  });

  it('reports a configured product as known before its first price', async () => {
    await client.ask('subscribe', { type: 'product', symbol: 'BANKNIFTY' });
    expect(about('BANKNIFTY')).toEqual([subscribed('product:BANKNIFTY', false)]);
  });

  it('reports nothing more to a client that left the room', async () => {
    client.socket.emit('subscribe', { type: 'product', symbol: 'NEW3' });
    await client.ask('unsubscribe', { type: 'product', symbol: 'NEW3' });
    await waitFor(async () => (await gateway.metric('socket_gateway_cache_store_reads_total')) > 0);
    await client.settled();
    // The gateway may have read the store before the second request. After that request no event
    // may arrive.
    expect(about('NEW3').map(({ event }) => event)[0]).toBe('subscribed');
    expect(about('NEW3').at(-1)?.event).toBe('unsubscribed');
  });
});

describe('more rooms of unknown products than the limit for one client', () => {
  let redis: RedisServer;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    redis = await RedisServer.start();
    gateway = await GatewayProcess.start({
      REDIS_URL: redis.url,
      MAX_UNKNOWN_SUBSCRIPTIONS: '2',
      PRODUCTS: 'NIFTY',
    });
  });
  afterAll(async () => {
    await gateway?.stop();
    await redis?.stop();
  });

  it('are rejected until the products are known, with the rooms, the time to retry and advice', async () => {
    const client = await TestClient.connect(gateway.url, TRANSPORTS.websocket, false);
    const request = { type: 'product', symbols: ['NIFTY', 'NEW1', 'NEW2', 'NEW3', 'NEW4'] };
    const { ok, error } = (await client.ask('subscribe', request)) as { ok: boolean; error: ErrorPayload };
    expect(ok).toBe(false);
    expect(error).toMatchObject({ code: 'TOO_MANY_SUBSCRIPTIONS', rooms: ['product:NEW3', 'product:NEW4'] });
    expect(error.retry_after_ms).toBeGreaterThanOrEqual(30_000);
    expect(error.retry_after_ms).toBeLessThanOrEqual(60_000);
    expect(error.message).toContain('Subscribe again after retry_after_ms');
    expect(client.all('error')).toEqual([error]);
    expect(
      await client.ask('subscribe', { type: 'product', symbols: ['NIFTY', 'NEW1', 'NEW2'] }),
    ).toMatchObject({
      ok: true,
    });
    const rest = { type: 'product', symbols: ['NEW3', 'NEW4'] };
    expect(await client.ask('subscribe', rest)).toMatchObject({ ok: false, error: { rooms: error.rooms } });
    for (const name of ['NEW3', 'NEW4']) {
      await redis.client.publish(UNDERLYING, JSON.stringify(underlying(name, 1)));
      await client.next('underlying_update', name === 'NEW3' ? 1 : 2);
    }
    expect(await client.ask('subscribe', rest)).toEqual({ ok: true, rooms: error.rooms });
    client.close();
  });
});
