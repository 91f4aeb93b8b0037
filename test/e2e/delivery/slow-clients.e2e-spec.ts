import type { Socket as TcpSocket } from 'node:net';
import type { ManagerOptions } from 'socket.io-client';
import type { ClosingCode, Lagging, UnderlyingUpdate } from '../../../src/contract/index.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { chain, EXPIRY, underlying } from '../../support/messages.js';
import { PacketCheck } from '../../support/packet-check.js';
import { OPTION_CHAIN, Platform, UNDERLYING } from '../../support/platform.js';
import { PollingClient } from '../../support/polling-client.js';
import { RedisServer } from '../../support/redis-server.js';
import { SseClient } from '../../support/sse-client.js';
import { PLAIN, type Received, TestClient, TRANSPORTS } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

const LAGGING = 'socket_gateway_lagging_clients';
const CONFLATED = 'socket_gateway_conflated_total';
const closed = (reason: string) => `socket_gateway_slow_clients_closed_total{reason="${reason}"}`;
const TRANSPORT_KINDS = { 'WebSocket of Socket.IO': TRANSPORTS.websocket!, 'plain WebSocket': PLAIN };
/** They differ in how a connection is closed, and not in what is left out. */
const CLOSING_KINDS = { ...TRANSPORT_KINDS, MessagePack: TRANSPORTS['websocket with MessagePack']! };
const PADDING = 'x'.repeat(100_000);

let redis: RedisServer;
let gateway: GatewayProcess;
let platform: Platform;
let clients: TestClient[] = [];

beforeAll(async () => void (redis = await RedisServer.start()));
afterAll(() => redis.stop());

async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
  gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    CONFLATE_ABOVE_BYTES: '65536',
    COMPRESS_ABOVE_BYTES: '0', // uncompressed padding fills the kernel's buffers
    ...env,
  });
  platform = new Platform(redis, gateway);
}

afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  // The gateway must keep no data of a client that has disconnected.
  await waitFor(async () => (await gateway.metric('socket_gateway_connections')) === 0);
  expect(await gateway.metric(LAGGING)).toBe(0);
  await gateway.stop();
  await redis.client.flushall();
});

async function connect(options?: Partial<ManagerOptions>): Promise<TestClient> {
  const client = await TestClient.connect(gateway.url, options);
  clients.push(client);
  return client;
}

/** The TCP connection of a stock client's WebSocket. */
function tcpOf(client: TestClient): TcpSocket {
  return (client.socket.io.engine.transport as unknown as { ws: { _socket: TcpSocket } }).ws._socket;
}

/**
 * Makes a stock client stop reading until the kernel's buffers for it are full and the gateway
 * conflates its updates.
 */
async function stopReading(client: TestClient, product: string): Promise<number> {
  const before = await gateway.metric(LAGGING);
  tcpOf(client).pause();
  let n = 0;
  await waitFor(async () => {
    await priced(product, ++n);
    return (await gateway.metric(LAGGING)) > before;
  }, 'it is never behind');
  return n;
}

/** Publishes the `n`-th price, and waits until every client that is reading has received it. */
async function priced(product: string, n: number, ...readers: readonly TestClient[]): Promise<void> {
  await platform.publish(UNDERLYING, { ...underlying(product, n), padding: PADDING });
  for (const reader of readers) await waitFor(() => prices(reader.received, product).at(-1) === n);
}

/** The numbers of a product's prices, in the order received. */
function prices(received: readonly Received[], product: string): number[] {
  return received.flatMap(({ event, payload }) => {
    const update = payload as UnderlyingUpdate;
    return event === 'underlying_update' && update.product === product ? [update.price] : [];
  });
}

const range = (n: number) => Array.from({ length: n }, (_, index) => index + 1);
const laggingOf = (received: readonly Received[]) =>
  received.filter(({ event }) => event === 'lagging').map(({ payload }) => payload as Lagging);

describe.each(Object.entries(TRANSPORT_KINDS))('a client over a %s that stops reading', (_, kind) => {
  it('is sent only the newest price of each product once it reads again, and does not affect other clients', async () => {
    await start();
    const [slow, reader] = [await connect(kind), await connect()];
    const [one, other] = [platform.product(), platform.product()];
    const stopped = Date.now();
    tcpOf(slow).pause();
    let n = 0;
    await waitFor(async () => {
      await priced(one, ++n, reader);
      await priced(other, n, reader);
      return (await gateway.metric(CONFLATED)) >= 20;
    }, 'it is never conflated');
    expect(await gateway.metric(LAGGING)).toBe(1);
    expect(prices(reader.received, one)).toEqual(range(n));
    expect(prices(reader.received, other)).toEqual(range(n));

    tcpOf(slow).resume();
    await waitFor(async () => (await gateway.metric(LAGGING)) === 0);
    await platform.carried(slow);
    const notices = laggingOf(slow.received);
    expect(notices).toHaveLength(1);
    const [{ dropped, since_ms }] = notices as [Lagging];
    expect(dropped).toBe(await gateway.metric(CONFLATED));
    expect(since_ms).toBeGreaterThan(0);
    expect(since_ms).toBeLessThanOrEqual(Date.now() - stopped);

    // The client receives every update up to the notice, and only the newest one after it.
    const notice = slow.received.findIndex(({ event }) => event === 'lagging');
    const [early, late] = [slow.received.slice(0, notice), slow.received.slice(notice)];
    for (const product of [one, other]) {
      expect(prices(early, product)).toEqual(range(prices(early, product).length));
      expect(prices(late, product)).toEqual([n]);
    }
    expect(dropped + slow.all('underlying_update').length).toBe(2 * n);

    // From here on, the client receives every update again.
    await priced(one, n + 1, slow, reader);
    await priced(one, n + 2, slow, reader);
    expect(laggingOf(slow.received)).toHaveLength(1);
    expect(laggingOf(reader.received)).toEqual([]);
  });

  it('is sent all held-back updates, however many products and chains there are', async () => {
    await start();
    const [slow, reader] = [await connect(kind), await connect()];
    const products = Array.from({ length: 30 }, () => platform.product());
    await slow.ask('subscribe', { type: 'chain', symbols: products });
    const last = await stopReading(slow, products[0]!);
    for (const n of [last + 1, last + 2]) {
      for (const product of products) {
        await priced(product, n);
        await platform.publish(OPTION_CHAIN, { ...chain(product, n), padding: PADDING });
      }
    }
    // The prices before these also count, so this number may be reached before the last chain.
    await waitFor(async () => (await gateway.metric(CONFLATED)) >= 60);
    await platform.carried(reader);
    tcpOf(slow).resume();
    await waitFor(async () => (await gateway.metric(LAGGING)) === 0);
    await slow.settled();
    expect(laggingOf(slow.received)).toHaveLength(1);
    const notice = slow.received.findIndex(({ event }) => event === 'lagging');
    for (const product of products) {
      expect(prices(slow.received.slice(notice), product)).toEqual([last + 2]);
      const chains = slow.all('chain_update').filter((update) => update.product === product);
      expect(chains.map(({ spot_price, expiry }) => [spot_price, expiry])).toEqual([[last + 2, EXPIRY]]);
    }
  });

  it('is told exactly how many updates it missed, even if it subscribes again in between', async () => {
    await start();
    const slow = await connect(kind);
    const product = platform.product();
    const subscribed = 'socket_gateway_client_messages_total{event="subscribe"}';
    let n = await stopReading(slow, product);
    for (let again = 1; again <= 40; again++) {
      slow.socket.emit('subscribe', { type: 'product', symbol: product });
      await waitFor(async () => (await gateway.metric(subscribed)) === again);
      if (again % 4 === 0) await priced(product, ++n);
    }
    await platform.carried();
    tcpOf(slow).resume();
    await waitFor(async () => (await gateway.metric(LAGGING)) === 0);
    await platform.carried(slow);
    const received = new Set(prices(slow.received, product));
    const told = laggingOf(slow.received).reduce((sum, { dropped }) => sum + dropped, 0);
    expect(told).toBe(n - received.size);
    expect(told).toBe(await gateway.metric(CONFLATED));
  });

  it('leaves no data behind when it disconnects', async () => {
    await start();
    const slow = await connect(kind);
    await stopReading(slow, platform.product());
    tcpOf(slow).destroy();
    await waitFor(async () => (await gateway.metric(LAGGING)) === 0);
    expect(slow.disconnects).toEqual(['transport close']);
  });

  it('receives no updates of a room after `unsubscribed`', async () => {
    await start();
    const slow = await connect(kind);
    const [general, left] = [platform.product(), platform.product()];
    await slow.ask('subscribe', { type: 'chain', symbol: left });
    const last = await stopReading(slow, general);
    for (const n of [1, 2, 3]) await platform.publish(OPTION_CHAIN, { ...chain(left, n), padding: PADDING });
    await waitFor(async () => (await gateway.metric(CONFLATED)) >= 4); // two chains, two summaries
    slow.socket.emit('unsubscribe', { type: 'chain', symbol: left });
    await waitFor(
      async () => (await gateway.metric('socket_gateway_client_messages_total{event="unsubscribe"}')) === 1,
    );
    await platform.publish(OPTION_CHAIN, { ...chain(left, 4), padding: PADDING });
    await platform.carried();
    tcpOf(slow).resume();
    await waitFor(() => slow.all('chain_summary').at(-1)?.spot_price === 4);
    await slow.settled();
    const ends = slow.received.findIndex(({ event }) => event === 'unsubscribed');
    expect(slow.received.findLastIndex(({ event }) => event === 'chain_update')).toBeLessThan(ends);
    expect(slow.all('chain_update').map(({ spot_price }) => spot_price)).toEqual([3]);
    expect(prices(slow.received, general).at(-1)).toBe(last);
    const { length } = slow.received.filter(({ event }) => /^(underlying|chain)_/.test(event));
    expect(length + laggingOf(slow.received).reduce((sum, { dropped }) => sum + dropped, 0)).toBe(last + 7);
  });
});

describe.each(Object.entries(CLOSING_KINDS))('a client over a %s that never reads again', (_, kind) => {
  /** The reason with which a stock client's last connection ended. */
  function closeOf(client: TestClient): Promise<{ code: number; reason: string }> {
    return new Promise((resolve) =>
      client.socket.once('disconnect', (_, details) =>
        resolve((details as unknown as { context: { code: number; reason: string } }).context),
      ),
    );
  }

  async function isToldAndComesBack(client: TestClient, reason: string): Promise<void> {
    const ended = closeOf(client);
    await waitFor(async () => (await gateway.metric(closed(reason))) > 0);
    expect(await gateway.metric(LAGGING)).toBe(0);
    await waitFor(async () => (await gateway.metric('socket_gateway_connections')) === 0);
    client.clear();
    tcpOf(client).resume();
    expect(await ended).toMatchObject({ code: 4008, reason: 'TOO_SLOW' });
    expect(client.received.at(-1)).toEqual({
      event: 'closing',
      payload: {
        code: 'TOO_SLOW' satisfies ClosingCode,
        message:
          'The client did not read what it was sent. Reconnect, and subscribe to less if this happens again.',
        reconnect: true,
      },
    });
    await client.next('connected'); // the client reconnects by itself
    expect(client.disconnects).toEqual(['transport close']);
    expect(await gateway.metric(closed(reason))).toBe(1);
  }

  it.each([
    ['', 0],
    [', also if responses are waiting', 5],
  ])('is notified and closed after SLOW_CLIENT_TIMEOUT_MS%s, and reconnects', async (_, questions) => {
    await start({ SLOW_CLIENT_TIMEOUT_MS: '1000' });
    const slow = await connect({ ...kind, reconnection: true });
    const reader = await connect();
    const product = platform.product();
    let n = await stopReading(slow, product);
    for (let question = 0; question < questions; question++) slow.socket.emit('get_products');
    await waitFor(async () => {
      await priced(product, ++n, reader);
      return (await gateway.metric(closed('stalled'))) > 0;
    }, 'it is never closed');
    reader.close();
    await isToldAndComesBack(slow, 'stalled');
  });

  it('is notified and closed when more than MAX_CLIENT_BUFFER_BYTES of responses wait for it', async () => {
    const products = Array.from({ length: 500 }, (_, n) => `PRODUCT-WITH-A-LONG-NAME-${n}`);
    await start({ MAX_CLIENT_BUFFER_BYTES: '262144', PRODUCTS: products.join(',') });
    const slow = await connect({ ...kind, reconnection: true });
    await stopReading(slow, 'X');
    for (let question = 0; question < 50; question++) slow.socket.emit('get_products');
    await isToldAndComesBack(slow, 'overflow');
  });
});

describe('an event stream that stops reading', () => {
  const pricesOf = (client: SseClient) =>
    client.all('underlying_update').map(({ data }) => data.price as number);

  async function stopped(): Promise<{ client: SseClient; product: string; n: number }> {
    const product = platform.product();
    const client = await SseClient.open(gateway.url, `rooms=${encodeURIComponent(`product:${product}`)}`);
    await client.next('subscribed');
    client.response.socket.pause();
    let n = 0;
    await waitFor(async () => {
      await priced(product, ++n);
      return (await gateway.metric(LAGGING)) === 1;
    }, 'it is never behind');
    return { client, product, n };
  }

  it('is sent only the newest price once it reads again', async () => {
    await start();
    const { client, product, n } = await stopped();
    for (const more of [1, 2, 3]) await priced(product, n + more);
    await platform.carried();
    client.response.socket.resume();
    const { dropped } = (await client.next('lagging')).data as unknown as Lagging;
    await waitFor(() => pricesOf(client).at(-1) === n + 3);
    expect(dropped + pricesOf(client).length).toBe(n + 3);
    await priced(product, n + 4);
    await waitFor(() => pricesOf(client).at(-1) === n + 4);
    client.close();
  });

  it('is told why and closed after SLOW_CLIENT_TIMEOUT_MS, if it never reads again', async () => {
    await start({ SLOW_CLIENT_TIMEOUT_MS: '1000' });
    const slow = await stopped();
    const { client, product } = slow;
    await waitFor(async () => {
      await priced(product, ++slow.n);
      return (await gateway.metric(closed('stalled'))) > 0;
    }, 'it is never closed');
    client.response.socket.resume();
    await waitFor(() => client.closed, 'it was not closed');
    expect(client.events.at(-1)).toMatchObject({ event: 'closing', data: { code: 'TOO_SLOW' } });
  });
});

describe('a client that does not poll', () => {
  const SMALL = 'x'.repeat(2_000);
  const publish = (product: string, n: number) =>
    platform.publish(UNDERLYING, { ...underlying(product, n), padding: SMALL });

  it('is sent the newest price of each product once it polls again', async () => {
    await start();
    const client = await PollingClient.connect(gateway.url, new PacketCheck());
    const products = [platform.product(), platform.product()];
    let n = 0;
    await waitFor(async () => {
      n++;
      for (const product of products) await publish(product, n);
      return (await gateway.metric(CONFLATED)) >= 20;
    }, 'it is never conflated');
    await platform.carried();
    expect(await gateway.metric(LAGGING)).toBe(1);

    const newest = () => products.every((product) => prices(client.received, product).at(-1) === n);
    await waitFor(async () => {
      await client.poll();
      return newest();
    }, 'the newest never came');
    await waitFor(async () => (await gateway.metric(LAGGING)) === 0);
    const notices = laggingOf(client.received);
    expect(notices).toHaveLength(1);
    const updates = client.received.filter(({ event }) => event === 'underlying_update');
    expect(notices[0]!.dropped + updates.length).toBe(2 * n);
    for (const product of products) {
      const numbers = prices(client.received, product);
      expect(numbers).toEqual([...range(numbers.length - 1), n]);
    }
    expect(client.received.findIndex(({ event }) => event === 'lagging')).toBe(client.received.length - 3);
    await client.close();
  });

  it('is closed after SLOW_CLIENT_TIMEOUT_MS, and the rejection of its next poll makes a stock client reconnect', async () => {
    await start({ SLOW_CLIENT_TIMEOUT_MS: '1000' });
    const client = await PollingClient.connect(gateway.url, new PacketCheck());
    const product = platform.product();
    let n = 0;
    await waitFor(async () => {
      await publish(product, ++n);
      return (await gateway.metric(closed('stalled'))) > 0;
    }, 'it is never closed');
    await waitFor(async () => (await gateway.metric('socket_gateway_connections')) === 0);
    await client.poll();
    expect(client.closed).toBe(true);
    expect(await gateway.metric(closed('stalled'))).toBe(1);
  });
});
