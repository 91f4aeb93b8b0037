import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayProcess } from '../../support/gateway-process.js';
import { closedMarket, OPEN_MARKET } from '../../support/market-hours.js';
import { Platform } from '../../support/platform.js';
import { RedisServer } from '../../support/redis-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { claims, hs256, JWT_SECRET } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

const BEAT = { server_time: expect.any(Number) as number, feed: 'up', market: 'open', queue_ms: 0 };

describe('heartbeat', () => {
  let redis: RedisServer;
  let gateway: GatewayProcess;
  beforeAll(async () => {
    redis = await RedisServer.start();
    gateway = await GatewayProcess.start({ REDIS_URL: redis.url, MAX_SUBSCRIPTIONS: '2' });
    await gateway.ready();
  });

  it.each(Object.keys(TRANSPORTS))('reaches a client that uses %s', async (transport) => {
    const client = await TestClient.connect(gateway.url, TRANSPORTS[transport]);
    expect(await client.ask('subscribe', { type: 'heartbeat', every_ms: 1_999 })).toEqual({
      ok: true,
      rooms: ['heartbeat'],
      every_ms: 1_000,
    });
    expect(client.all('subscribed')).toEqual([
      { room: 'heartbeat', message: 'Subscribed to heartbeat', every_ms: 1_000 },
    ]);
    await client.next('heartbeat', 3);
    for (const beat of client.all('heartbeat')) expect(beat).toMatchObject({ feed: 'up', market: 'open' });
    client.close();
  });

  it.each([
    [undefined, 2_000],
    [1_000, 1_000],
    [4_999, 2_000],
    [60_000, 30_000],
  ])('every_ms %p is granted as %p', async (every_ms, granted) => {
    const client = await TestClient.connect(gateway.url);
    expect(await client.ask('subscribe', { type: 'heartbeat', every_ms })).toMatchObject({
      every_ms: granted,
    });
    client.close();
  });

  it.each<[unknown, string]>([
    [{ type: 'heartbeat', every_ms: 999 }, 'too often'],
    [{ type: 'heartbeat', every_ms: 60_001 }, 'too seldom'],
    [{ type: 'heartbeat', every_ms: 1_500.5 }, 'a fraction'],
    [{ type: 'heartbeat', every_ms: '2000' }, 'a text'],
    [{ type: 'heartbeat', every_ms: [2_000] }, 'a list'],
    [{ type: 'product', symbol: 'NIFTY', every_ms: 2_000 }, 'of a room'],
  ])('refuses %j (%s), and sends none', async (request, _) => {
    const client = await TestClient.connect(gateway.url);
    client.contract.sendsInvalid = true;
    const { ok, error } = await client.ask('subscribe', request);
    expect({ ok, code: error.code, field: error.details[0].field }).toEqual({
      ok: false,
      code: 'INVALID_INTERVAL',
      field: 'every_ms',
    });
    client.close();
  });

  it('is no room: it is in no list, and counts towards no limit', async () => {
    const client = await TestClient.connect(gateway.url);
    await client.ask('subscribe', { type: 'heartbeat' });
    expect(await client.ask('subscribe', { type: 'product', symbol: 'NIFTY' })).toMatchObject({ ok: true });
    expect(await client.ask('list_subscriptions')).toEqual({ ok: true, rooms: ['general', 'product:NIFTY'] });
    expect((await client.ask('get_products')).rooms).toEqual(['general', 'product:NIFTY']);
    client.close();
  });

  it('ends with unsubscribe', async () => {
    const client = await TestClient.connect(gateway.url);
    const witness = await TestClient.connect(gateway.url);
    for (const one of [client, witness]) await one.ask('subscribe', { type: 'heartbeat', every_ms: 1_000 });
    await client.next('heartbeat');
    expect(await client.ask('unsubscribe', { type: 'heartbeat' })).toEqual({
      ok: true,
      rooms: ['heartbeat'],
    });
    const before = client.all('heartbeat').length;
    await witness.next('heartbeat', witness.all('heartbeat').length + 3);
    expect(client.all('heartbeat')).toHaveLength(before);
    expect(client.all('unsubscribed')).toEqual([
      { room: 'heartbeat', message: 'Unsubscribed from heartbeat' },
    ]);
    for (const one of [client, witness]) one.close();
  });

  it('get_heartbeat answers at once, without a subscription', async () => {
    const client = await TestClient.connect(gateway.url);
    expect(await client.ask('get_heartbeat')).toEqual({ ok: true, rooms: [], ...BEAT });
    client.socket.emit('get_heartbeat');
    expect(await client.next('heartbeat')).toEqual(BEAT);
    client.close();
  });

  it('does not come to a client that gets updates, and says so when the feed is lost and is back', async () => {
    const platform = new Platform(redis, gateway);
    const product = platform.product();
    const client = await TestClient.connect(gateway.url);
    const EVERY_MS = 5_000;
    await client.ask('subscribe', { type: 'heartbeat', every_ms: EVERY_MS });
    await client.next('heartbeat');
    let n = 0;
    const before = client.all('heartbeat').length;
    const until = performance.now() + EVERY_MS + 1_000;
    await waitFor(async () => {
      await platform.underlying(product, ++n);
      return performance.now() > until;
    });
    expect(client.all('heartbeat').length).toBe(before);

    await client.ask('subscribe', { type: 'heartbeat', every_ms: 1_000 });
    const hasGap = async (): Promise<boolean> => {
      client.clear();
      redis.freeze();
      await waitFor(
        () => client.all('heartbeat').at(-1)?.feed === 'down',
        'it does not say that the feed is lost',
      );
      redis.thaw();
      await waitFor(
        () => client.all('heartbeat').at(-1)?.feed === 'up',
        'it does not say that the feed is back',
      );
      return client.all('feed_gap').length > 0;
    };
    // It was silent, but nothing was lost. On a slow machine the silence may last so long that the
    // connection is cut.
    expect((await hasGap()) && (await hasGap()) && (await hasGap())).toBe(false);
    client.close();
  });
});

describe('market_status', () => {
  const HOURS = `${closedMarket()}; AAPL=${OPEN_MARKET}`;
  const CLOSED = { status: 'closed', until: expect.any(String) as string };
  const APPLE = { product: 'AAPL', status: 'open', until: null };

  it('is not sent if no hours are set', async () => {
    const redis = await RedisServer.start();
    const gateway = await GatewayProcess.start({ REDIS_URL: redis.url });
    const client = await TestClient.connect(gateway.url);
    await client.settled();
    expect(client.markets).toEqual([]);
    client.close();
  });

  it('comes after connected, and when an operator halts a market in the file of holidays', async () => {
    const redis = await RedisServer.start();
    const path = join(await temporaryFolder(), 'holidays');
    await writeFile(path, '# none yet\n');
    const gateway = await GatewayProcess.start({
      REDIS_URL: redis.url,
      MARKET_HOURS: HOURS,
      MARKET_HOLIDAYS_FILE: path,
    });
    const [client, narrow] = [await TestClient.connect(gateway.url), await TestClient.connect(gateway.url)];
    await client.settled();
    expect(client.markets).toEqual([CLOSED, APPLE]);
    await narrow.ask('unsubscribe', { type: 'general' });
    await narrow.ask('subscribe', { type: 'chain', symbol: 'AAPL' });
    expect(narrow.markets.slice(2)).toEqual([APPLE]);

    await writeFile(path, 'halt AAPL\n');
    process.kill(gateway.pid, 'SIGHUP');
    const halted = { product: 'AAPL', status: 'halted', until: null };
    for (const one of [client, narrow]) {
      await waitFor(() => one.markets.at(-1)?.status === 'halted', 'nothing was said of the halt');
      expect(one.markets.at(-1)).toEqual(halted);
    }
    expect(gateway.logged('market_status')).toMatchObject({ product: 'AAPL', status: 'halted' });
    expect(await client.ask('get_heartbeat')).toMatchObject({ market: 'closed' });

    await writeFile(path, 'halt NIFTY\n'); // it has no hours of its own
    process.kill(gateway.pid, 'SIGHUP');
    await waitFor(() => gateway.logged('settings_not_reloaded'), 'the fault was not reported');
    expect(gateway.logged('settings_not_reloaded')?.problem).toContain('NIFTY');

    await writeFile(path, '# over\n');
    process.kill(gateway.pid, 'SIGHUP');
    await waitFor(() => client.markets.at(-1)?.status === 'open', 'nothing was said of the end of the halt');
    for (const one of [client, narrow]) one.close();
  });

  it('does not name other products to a client whose token allows only some', async () => {
    const redis = await RedisServer.start();
    const gateway = await GatewayProcess.start({
      REDIS_URL: redis.url,
      MARKET_HOURS: HOURS,
      AUTH_MODE: 'required',
      JWT_SECRET,
      SECRET_KEY: [...JWT_SECRET].reverse().join(''),
      ROLE_ROOMS: 'user=product:NIFTY',
    });
    const client = await TestClient.connect(gateway.url, {
      ...TRANSPORTS.websocket,
      auth: { token: hs256(claims({ role: 'user' })) },
    });
    await client.settled();
    expect(client.markets).toEqual([CLOSED]);
    client.close();
  });
});
