import type { Socket } from 'node:net';
import { GatewayProcess } from '../support/gateway-process.js';
import { chain, EXPIRY, underlying } from '../support/messages.js';
import { RedisServer } from '../support/redis-server.js';
import { listening, TcpProxy } from '../support/tcp-proxy.js';
import { claims, epoch, hs256, JWT_SECRET } from '../support/tokens.js';
import { waitFor } from '../support/wait.js';
import { type Options, type Version, VersionedClient, VERSIONS } from './support/versions.js';

const versions = Object.keys(VERSIONS) as Version[];

/** The name, the options, and the transport that must be in use in the end. */
const WAYS: readonly (readonly [string, Options, string])[] = [
  ['websocket', { transports: ['websocket'] }, 'websocket'],
  ['polling', { transports: ['polling'] }, 'polling'],
  ['polling that upgrades', { transports: ['polling', 'websocket'] }, 'websocket'],
  ['websocket, then polling', { transports: ['websocket', 'polling'] }, 'websocket'],
];
// The option is passed to `ws`, which offers compression by default. Polling has no compression in
// Node.
const uncompressed = { perMessageDeflate: false } as unknown as Options;
const MATRIX = versions.flatMap((version) =>
  WAYS.flatMap(([name, options, transport]) =>
    transport === 'polling'
      ? [{ version, way: name, options, transport }]
      : [
          { version, way: `${name}, compressed`, options, transport },
          { version, way: `${name}, not compressed`, options: { ...options, ...uncompressed }, transport },
        ],
  ),
);

/** A network that blocks WebSockets, as some companies' networks do. */
class NoWebSockets extends TcpProxy {
  static override async start(targetPort: number): Promise<NoWebSockets> {
    return new NoWebSockets(await listening(), targetPort);
  }

  protected override request(chunk: Buffer, target: Socket): void {
    if (/^upgrade: websocket/im.test(chunk.toString('latin1'))) target.destroy();
    else super.request(chunk, target);
  }
}

describe('socket.io-client', () => {
  let redis: RedisServer;
  let gateway: GatewayProcess;
  let products = 0;

  beforeAll(async () => {
    redis = await RedisServer.start();
    gateway = await GatewayProcess.start({ REDIS_URL: redis.url, COMPRESS_ABOVE_BYTES: '200' });
    await gateway.ready();
  });
  afterAll(async () => {
    await gateway.stop();
    await redis.stop();
  });

  const price = (product: string, n: number) =>
    redis.client.publish('enriched:underlying', JSON.stringify(underlying(product, n)));
  const publishChain = (product: string, n: number, expiry = EXPIRY) =>
    redis.client.publish('enriched:option_chain', JSON.stringify(chain(product, n, expiry)));

  it.each(MATRIX)('$version by $way: the whole contract', async ({ version, options, transport }) => {
    const [product, other] = [`V${++products}`, `V${++products}`];
    const client = await VersionedClient.open(version, gateway.url, options);
    const connected = await client.next('connected');
    expect(connected).toMatchObject({ rooms: ['general'], user: null, client_id: client.socket.id });
    await waitFor(
      () => client.transport === transport,
      () => client.transport,
    );

    // A snapshot, with and without a subscription, before the first live update.
    await price(product, 1);
    await publishChain(product, 1);
    await publishChain(product, 1, '2026-12-03');
    await client.next('chain_summary', (summary) => summary.product === product && summary.expiry !== EXPIRY);
    client.clear();
    const snapshot = await client.ask('get_snapshot', { type: 'chain', symbol: product });
    expect(snapshot).toEqual({
      ok: true,
      rooms: [`chain:${product}`],
      snapshots: [{ room: `chain:${product}`, updates: 2 }],
    });
    expect(client.received.map(({ event }) => event)).toEqual(['chain_update', 'chain_update', 'snapshot']);
    client.clear();

    // One symbol, a batch, and one expiry. Each is acknowledged and confirmed.
    expect(await client.ask('subscribe', { type: 'product', symbol: product })).toEqual({
      ok: true,
      rooms: [`product:${product}`],
    });
    expect(client.received.map(({ event }) => event)).toEqual(['subscribed', 'underlying_update']);
    const batch = { type: 'product', symbols: [product, other] };
    expect((await client.ask('subscribe', batch)).rooms).toEqual([`product:${product}`, `product:${other}`]);
    await client.ask('subscribe', { type: 'chain', symbol: product, expiry: EXPIRY });
    const rooms = ['general', `product:${product}`, `product:${other}`, `chain:${product}:${EXPIRY}`];
    expect(await client.ask('list_subscriptions')).toEqual({ ok: true, rooms });
    expect((await client.next('subscriptions')).rooms).toEqual(rooms);

    // Live updates arrive once, even if the client is in two rooms, and only for the subscribed
    // expiry.
    client.clear();
    await price(product, 2);
    await publishChain(product, 2);
    await publishChain(product, 2, '2026-12-03');
    await client.next('chain_summary', (summary) => summary.product === product && summary.expiry !== EXPIRY);
    expect(client.all('underlying_update').filter((update) => update.product === product)).toEqual([
      expect.objectContaining({ type: 'UNDERLYING_ENRICHED', price: 2 }),
    ]);
    expect(
      client.all('chain_update').map(({ expiry, spot_price, strikes }) => [expiry, spot_price, strikes]),
    ).toEqual([[EXPIRY, 2, [21450, 21500, 21550]]]);

    // Leaves the rooms, including `general`.
    await client.ask('unsubscribe', { type: 'product', symbols: [product, other] });
    await client.ask('unsubscribe', { type: 'general' });
    expect(client.all('unsubscribed').map(({ room }) => room)).toEqual([
      `product:${product}`,
      `product:${other}`,
      'general',
    ]);
    client.clear();
    await price(product, 3);
    await publishChain(product, 3);
    await client.next('chain_update');
    expect(client.all('underlying_update')).toEqual([]);
    const { products: known } = await client.ask('get_products');
    expect(known).toContain(product);

    // Invalid requests are answered, and do not close the connection.
    client.clear();
    client.contract.sendsInvalid = true;
    expect(await client.ask('subscribe', { type: 'product', symbol: 'N*' })).toMatchObject({
      ok: false,
      error: { code: 'INVALID_SYMBOL', message: 'Invalid subscription request' },
    });
    client.socket.emit('subscribe', 'rubbish');
    await client.next('error', ({ code }) => code === 'INVALID_PAYLOAD');
    expect(await client.ask('get_snapshot', { type: 'general' })).toMatchObject({ ok: false });
    expect(client.socket.connected).toBe(true);
    client.close();
  });

  it.each(MATRIX)(
    '$version by $way: reconnects after the connection is lost',
    async ({ version, options }) => {
      const product = `V${++products}`;
      const proxy = await TcpProxy.start(gateway.port);
      const client = await VersionedClient.open(version, `http://127.0.0.1:${proxy.port}`, {
        ...options,
        reconnectionDelay: 50,
      });
      client.socket.on('connected', () =>
        client.socket.emit('subscribe', { type: 'product', symbol: product }),
      );
      const before = (await client.next('connected')).client_id;
      await client.next('subscribed');
      proxy.cut();
      await waitFor(() => client.disconnects.length > 0);
      await price(product, 1);
      client.clear();
      proxy.mend();
      expect((await client.next('connected')).client_id).not.toBe(before);
      await client.next('subscribed', ({ room }) => room === `product:${product}`);
      expect((await client.next('underlying_update', (update) => update.product === product)).price).toBe(1);
      client.close();
      await proxy.stop();
    },
  );

  it.each(versions)('%s: subscribes to 999 products in one turn over polling', async (version) => {
    const open = await GatewayProcess.start({ REDIS_URL: redis.url, MAX_UNKNOWN_SUBSCRIPTIONS: '1000' });
    const client = await VersionedClient.open(version, open.url, { transports: ['polling'] });
    await client.next('connected');
    // The messages are longer than MAX_PAYLOAD_BYTES together. Versions before 4.5 send them in one
    // body.
    const symbols = Array.from({ length: 999 }, (_, n) => `A_SYMBOL_OF_SOME_LENGTH_${n}`);
    await Promise.all(symbols.map((symbol) => client.ask('subscribe', { type: 'product', symbol })));
    const rooms = ['general', ...symbols.map((symbol) => `product:${symbol}`)];
    expect(await client.ask('list_subscriptions')).toEqual({ ok: true, rooms });
    expect(client.disconnects).toEqual([]);
    client.close();
    await open.stop();
  });

  it.each(versions)(
    '%s: a polling client that would upgrade keeps polling if WebSocket is blocked',
    async (version) => {
      const proxy = await NoWebSockets.start(gateway.port);
      const options = { transports: ['polling', 'websocket'] };
      const client = await VersionedClient.open(version, `http://127.0.0.1:${proxy.port}`, options);
      await client.next('connected');
      expect(await client.ask('list_subscriptions')).toEqual({ ok: true, rooms: ['general'] });
      expect(client.transport).toBe('polling');
      client.close();
      await proxy.stop();
    },
  );

  it.each(versions)(
    '%s: only version 4.8 tries the second transport if WebSocket is blocked',
    async (version) => {
      const proxy = await NoWebSockets.start(gateway.port);
      const client = await VersionedClient.open(version, `http://127.0.0.1:${proxy.port}`, {
        transports: ['websocket', 'polling'],
        tryAllTransports: true,
        reconnectionDelay: 20,
        reconnectionDelayMax: 20,
      });
      if (version === '4.8.4') {
        await client.next('connected');
        expect(client.transport).toBe('polling');
      } else {
        await waitFor(() => client.refusals.length >= 5);
        expect(new Set(client.refusals)).toEqual(new Set(['websocket error']));
        expect(client.received).toEqual([]);
      }
      client.close();
      await proxy.stop();
    },
  );

  it('of version 2 is told that its protocol is not supported', async () => {
    const response = await gateway.get('/socket.io/?EIO=3&transport=polling');
    expect([response.status, await response.json()]).toEqual([
      400,
      { code: 5, message: 'Unsupported protocol version' },
    ]);
  });

  it.each(versions)(
    '%s: is drained over every transport with a reason, and reconnects by itself',
    async (version) => {
      const [old, next] = await Promise.all([
        GatewayProcess.start({ REDIS_URL: redis.url, DRAIN_TIMEOUT_MS: '500' }),
        GatewayProcess.start({ REDIS_URL: redis.url }),
      ]);
      const clients = await Promise.all(
        WAYS.map(async ([, options]) => {
          const client = await VersionedClient.open(version, old.url, { ...options, reconnectionDelay: 50 });
          await client.next('connected');
          return client;
        }),
      );
      // Like a load balancer, which leads a reconnecting client to the other replica.
      for (const { socket } of clients) Object.assign(socket.io, { uri: next.url });
      const stopped = old.stop();
      for (const client of clients) {
        expect(await client.next('server_draining')).toEqual({ reconnect_in_ms: expect.any(Number) });
        expect(await client.next('closing')).toMatchObject({ code: 'DRAINING', reconnect: true });
        await waitFor(
          () => client.all('connected').length === 2,
          () => JSON.stringify(client.refusals),
        );
        client.close();
      }
      expect(await stopped).toBe(0);
      await next.stop();
    },
  );

  it.each(versions)(
    '%s: a token is rejected with connect_error, and a valid one is accepted',
    async (version) => {
      const guarded = await GatewayProcess.start({
        REDIS_URL: redis.url,
        AUTH_MODE: 'required',
        JWT_SECRET,
        SECRET_KEY: JWT_SECRET.toLowerCase(),
      });
      const expired = hs256(claims({ exp: epoch(-3_600) }));
      for (const [, options] of WAYS) {
        for (const [token, code] of [
          [undefined, 'AUTH_REQUIRED'],
          ['rubbish', 'TOKEN_INVALID'],
          [expired, 'TOKEN_EXPIRED'],
        ] as const) {
          const auth = token === undefined ? {} : { token };
          const client = await VersionedClient.open(version, guarded.url, { ...options, auth });
          await waitFor(() => client.refusals.length > 0);
          expect(client.refusals).toEqual([expect.objectContaining({ code, message: expect.any(String) })]);
          client.close();
        }
        const welcome = await VersionedClient.open(version, guarded.url, {
          ...options,
          auth: (give: (data: object) => void) => give({ token: hs256() }),
        });
        expect(await welcome.next('connected')).toMatchObject({ user: { user_id: '42' } });
        welcome.close();
      }
      await guarded.stop();
    },
  );
});
