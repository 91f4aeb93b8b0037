import {
  type History,
  type HistoryAcknowledgement,
  INVALID_HISTORY_MESSAGE,
} from '../../../src/contract/index.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { closedMarket } from '../../support/market-hours.js';
import { startMemoryGateway } from '../../support/memory-gateway.js';
import { chain, EXPIRY, timestampOf, underlying } from '../../support/messages.js';
import { OPTION_CHAIN, UNDERLYING } from '../../support/platform.js';
import { RedisServer } from '../../support/redis-server.js';
import { ask } from '../../support/rest-request.js';
import { TestClient } from '../../support/test-client.js';
import { claims, hs256, JWT_SECRET } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

/** A Redis of its own for each test below, so that no other replica writes the history. */
let redis: RedisServer;
const startRedis = async (): Promise<void> => void (redis = await RedisServer.start());
const stopRedis = (): Promise<void> => redis.stop();

interface World {
  readonly url: string;
  readonly publish: (channel: string, message: object) => unknown;
}

const WORLDS: Readonly<Record<string, () => Promise<World>>> = {
  memory: async () => {
    const { ports, url } = await startMemoryGateway({ CACHE_WRITE_INTERVAL_MS: '50' });
    return {
      url,
      publish: (channel, message) => ports.feed.publish(channel, JSON.stringify(message)),
    };
  },
  redis: async () => {
    const gateway = await start();
    return { url: gateway.url, publish };
  },
};

function start(env: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
  return GatewayProcess.start({
    REDIS_URL: redis.url,
    MARKET_HOURS: closedMarket(),
    CACHE_WRITE_INTERVAL_MS: '50',
    ...env,
  });
}

const publish = (channel: string, message: object): unknown =>
  redis.client.publish(channel, JSON.stringify(message));

/** Of chains that have not expired when the next session begins. */
const LATE_EXPIRY = '2098-11-26';
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** The updates of a page as `[timestamp, price]`, with the prices only. */
const prices = ({ updates }: History): unknown[] => (updates ?? []).map(([, price]) => price);

const history = async (client: TestClient, request: object): Promise<HistoryAcknowledgement> => {
  return (await client.ask('get_history', { type: 'product', ...request })) as HistoryAcknowledgement;
};

describe.each(Object.entries(WORLDS))('get_history, on the ports of %s', (_, begin) => {
  let world: World;
  let client: TestClient;
  let symbols = 0;
  let symbol: string;
  beforeAll(async () => {
    await startRedis();
    world = await begin();
    client = await TestClient.connect(world.url);
  });
  afterAll(async () => {
    client.close();
    await stopRedis();
  });
  beforeEach(() => {
    symbol = `HIST${symbols++}`;
    client.clear();
  });

  /** Publishes prices at these times, in ms, and waits until the replica has received them. */
  const publishPrices = async (...times: number[]): Promise<void> => {
    for (const time of times) await world.publish(UNDERLYING, underlying(symbol, time));
    await waitFor(() => client.all('underlying_update').at(-1)?.price === times.at(-1));
  };

  it('sends what was published until now, as event and acknowledgement', async () => {
    await publishPrices(1, 2, 3);
    const answer = await history(client, { symbol });
    const page = {
      type: 'product',
      symbol,
      expiry: null,
      resolution: 'raw',
      columns: ['timestamp', 'price'],
      updates: [1, 2, 3].map((n) => [timestampOf(n), n]),
      gaps: [0],
      next: null,
    };
    expect(answer).toEqual({ ok: true, rooms: [`product:${symbol}`], ...page });
    expect(client.all('history')).toEqual([page]);
  });

  it('takes null for a field that is left out', async () => {
    client.contract.sendsInvalid = true;
    await publishPrices(1, 2);
    const fields = ['expiry', 'from', 'to', 'limit', 'resolution', 'cursor'];
    const empty = Object.fromEntries(fields.map((field) => [field, null]));
    expect(await history(client, { symbol, ...empty })).toEqual(await history(client, { symbol }));
    for (const type of ['summary', 'opening'])
      expect(await history(client, { symbol, ...empty, type })).toEqual(
        await history(client, { symbol, type }),
      );
  });

  it('pages back from the newest update, and forward from a time', async () => {
    await publishPrices(1, 2, 3, 4, 5, 6, 7);
    const back: unknown[][] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page: History = await history(client, { symbol, limit: 3, ...(cursor && { cursor }) });
      back.push(prices(page));
      cursor = page.next;
    }
    expect(back).toEqual([[5, 6, 7], [2, 3, 4], [1]]);
    const forward: unknown[][] = [];
    const range = { symbol, from: timestampOf(2), to: timestampOf(6), limit: 3 };
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page: History = await history(client, { ...range, ...(cursor && { cursor }) });
      forward.push(prices(page));
      cursor = page.next;
    }
    expect(forward).toEqual([
      [2, 3, 4],
      [5, 6],
    ]);
  });

  it('says that nothing is known of a product, and suggests one with a similar name', async () => {
    const answer = await history(client, { symbol: 'niftY' });
    expect(answer).toMatchObject({ updates: [], next: null, known: false, suggestions: { niftY: 'NIFTY' } });
    expect(client.all('history').at(-1)).toMatchObject({ known: false });
    await publishPrices(1);
    const later = await history(client, { symbol, from: '2027-01-01T00:00:00' });
    expect([later.updates, later.known]).toEqual([[], undefined]);
  });

  it('refuses a cursor with another symbol, resolution or range', async () => {
    await publishPrices(1, 2, 3);
    const { next: cursor } = await history(client, { symbol, limit: 1 });
    expect(prices(await history(client, { symbol, limit: 2, cursor }))).toEqual([1, 2]);
    client.contract.sendsInvalid = true;
    const others = [
      { symbol: 'NIFTY' },
      { resolution: '1m' },
      { from: timestampOf(1) },
      { to: timestampOf(9) },
    ];
    for (const other of others) {
      const answer = (await client.ask('get_history', {
        type: 'product',
        symbol,
        ...other,
        cursor,
      })) as object;
      expect(answer).toMatchObject({
        ok: false,
        error: {
          code: 'INVALID_PAGE',
          message: 'The cursor does not belong to this request.',
          details: [{ field: 'cursor', problem: expect.stringMatching(/^is of another request/) }],
        },
      });
    }
    client.contract.sendsInvalid = false;
  });

  it('sends the summaries of a chain, by default of the nearest expiry', async () => {
    for (const n of [1, 2]) await world.publish(OPTION_CHAIN, chain(symbol, n));
    await client.next('chain_summary', 2);
    const answer = await history(client, { type: 'summary', symbol });
    expect(answer).toMatchObject({ expiry: EXPIRY, rooms: [`chain:${symbol}:${EXPIRY}`], next: null });
    expect(answer.updates).toHaveLength(2);
    const { columns, updates } = answer;
    expect(Object.fromEntries(columns.map((name, index) => [name, updates?.[0]?.[index]]))).toEqual({
      timestamp: timestampOf(1),
      spot_price: 1,
      pcr_oi: 0.9464,
      pcr_volume: 1.0259,
      max_pain_strike: 21400,
      atm_strike: 21500,
      atm_straddle_price: 449.33,
      total_call_oi: 1146062,
      total_put_oi: 1084590,
    });
    await expect(history(client, { type: 'summary', symbol: 'NEVER-SEEN' })).resolves.toMatchObject({
      expiry: null,
      updates: [],
    });
  });

  it('sends the first chain of the session, by default of the nearest expiry', async () => {
    const WEEK = 7 * 24 * 60 * MINUTE;
    const opening = async (more: object = {}) => history(client, { type: 'opening', symbol, ...more });
    for (const n of [1, 2]) await world.publish(OPTION_CHAIN, chain(symbol, n, LATE_EXPIRY));
    await client.next('chain_summary', 2);
    await waitFor(async () => (await opening()).updates?.length === 3);
    const answer = await opening();
    expect(answer).toEqual({
      ok: true,
      rooms: [`chain:${symbol}:${LATE_EXPIRY}`],
      type: 'opening',
      symbol,
      expiry: LATE_EXPIRY,
      resolution: 'raw',
      columns: ['timestamp', 'strike', 'call_open_interest', 'call_last', 'put_open_interest', 'put_last'],
      updates: [
        [timestampOf(1), 21450, 20859, 715.93, null, null],
        [timestampOf(1), 21500, 20859, 715.93, 20859, 715.93],
        [timestampOf(1), 21550, null, null, 20859, 715.93],
      ],
      next: null,
    });
    // From the first chain of the next session on, the one before is not taken for its opening.
    await world.publish(OPTION_CHAIN, chain(symbol, WEEK, LATE_EXPIRY));
    await client.next('chain_summary', 3);
    await waitFor(async () => {
      const { updates = [] } = await opening({ expiry: LATE_EXPIRY });
      const times = updates.map(([timestamp]) => timestamp);
      expect(times).toEqual(Array(times.length).fill(timestampOf(WEEK)));
      return times.length === 3;
    });
    await expect(opening({ symbol: 'NEVER-SEEN' })).resolves.toMatchObject({
      expiry: null,
      updates: [],
      known: false,
    });
    await expect(opening({ expiry: '2098-01-01' })).resolves.toMatchObject({ updates: [], known: false });
  });

  it('combines prices to bars, with that of the current minute', async () => {
    // The test messages begin 39 seconds after a minute.
    const at = (minute: number, second: number): number => minute * MINUTE + (second - 39) * SECOND;
    await publishPrices(at(1, 0), at(1, 30), at(1, 10), at(1, 59), at(2, 0), at(2, 5), at(4, 1));
    const bar = (minute: number, ...values: number[]) => [
      new Date(Date.UTC(2026, 10, 22, 4, 43 + minute)).toISOString(),
      ...values,
    ];
    // The third price is older than the second one, so that no client received it.
    const expected = [
      bar(1, at(1, 0), at(1, 59), at(1, 0), at(1, 59), 3),
      bar(2, at(2, 0), at(2, 5), at(2, 0), at(2, 5), 2),
      bar(4, at(4, 1), at(4, 1), at(4, 1), at(4, 1), 1),
    ];
    const answer = await history(client, { symbol, resolution: '1m' });
    expect(answer.bars).toEqual(expected);
    expect(answer.columns).toEqual(['timestamp', 'open', 'high', 'low', 'close', 'count']);
    const pages: unknown[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page: History = await history(client, {
        symbol,
        resolution: '1m',
        limit: 2,
        ...(cursor && { cursor }),
      });
      pages.push(page.bars);
      cursor = page.next;
    }
    expect(pages).toEqual([expected.slice(1), expected.slice(0, 1)]);
    const five = await history(client, { symbol, resolution: '5m' });
    expect(five.bars).toEqual([
      [new Date(Date.UTC(2026, 10, 22, 4, 40)).toISOString(), at(1, 0), at(1, 59), at(1, 0), at(1, 59), 3],
      [new Date(Date.UTC(2026, 10, 22, 4, 45)).toISOString(), at(2, 0), at(4, 1), at(2, 0), at(4, 1), 3],
    ]);
  });

  it.each([
    [{ type: 'general' }, 'INVALID_TYPE', 'type'],
    [{ symbol: '*' }, 'INVALID_SYMBOL', 'symbol'],
    [{ symbol: undefined }, 'INVALID_SYMBOL', 'symbol'],
    [{ expiry: EXPIRY }, 'INVALID_EXPIRY', 'expiry'],
    [{ from: 'yesterday' }, 'INVALID_TIME', 'from'],
    [{ to: 5 }, 'INVALID_TIME', 'to'],
    [{ limit: 0 }, 'INVALID_PAGE', 'limit'],
    [{ limit: 5_001 }, 'INVALID_PAGE', 'limit'],
    [{ limit: '10' }, 'INVALID_PAGE', 'limit'],
    [{ resolution: '2m' }, 'INVALID_PAGE', 'resolution'],
    [{ type: 'summary', resolution: '1m' }, 'INVALID_PAGE', 'resolution'],
    [{ type: 'opening', limit: 10 }, 'INVALID_PAGE', 'limit'],
    [{ type: 'opening', from: timestampOf(1) }, 'INVALID_TIME', 'from'],
    [{ type: 'opening', to: timestampOf(1) }, 'INVALID_TIME', 'to'],
    [{ type: 'opening', resolution: '1m' }, 'INVALID_PAGE', 'resolution'],
    [{ type: 'opening', expiry: 'soon' }, 'INVALID_EXPIRY', 'expiry'],
    [{ cursor: 'c1-1' }, 'INVALID_PAGE', 'cursor'],
    [{ cursor: 'b1-1' }, 'INVALID_PAGE', 'cursor'],
    [{ cursor: { $gt: '' } }, 'INVALID_PAGE', 'cursor'],
  ])('rejects %j with %s', async (request, code, field) => {
    client.contract.sendsInvalid = true;
    const answer = (await client.ask('get_history', { type: 'product', symbol, ...request })) as object;
    expect(answer).toMatchObject({ ok: false, error: { code, details: [{ field }], event: 'get_history' } });
    expect(answer).toHaveProperty('error.message', INVALID_HISTORY_MESSAGE);
  });
});

describe('the history in Redis', () => {
  beforeEach(startRedis);
  afterEach(stopRedis);

  it('keeps nothing if HISTORY_SECONDS is 0', async () => {
    const gateway = await start({ HISTORY_SECONDS: '0' });
    const client = await TestClient.connect(gateway.url);
    await publish(UNDERLYING, underlying('OFF', 1));
    await client.next('underlying_update');
    const answer = (await client.ask('get_history', { type: 'product', symbol: 'OFF' })) as object;
    expect(answer).toMatchObject({ ok: false, error: { code: 'HISTORY_UNAVAILABLE' } });
    expect(answer).not.toHaveProperty('error.retry_after_ms');
    expect((await client.next('connected')).limits.history_seconds).toBe(0);
    await client.ask('unsubscribe', { type: 'general' });
    const rest = await ask(gateway.url, '/v1/history/prices/OFF');
    expect([rest.status, rest.json.code, rest.headers['retry-after']]).toEqual([
      503,
      'HISTORY_UNAVAILABLE',
      undefined,
    ]);
    const resumed = { type: 'product', symbol: 'OFF', since: timestampOf(1) };
    await client.ask('subscribe', resumed);
    await expect(client.next('subscribed')).resolves.toMatchObject({ recovered: false });
    await gateway.stop();
    expect(await redis.client.exists('history:product:OFF')).toBe(0);
  });

  it('gives history only to clients that may subscribe to the room', async () => {
    const gateway = await start({ AUTH_MODE: 'required', JWT_SECRET, SECRET_KEY: JWT_SECRET });
    const token = hs256(claims({ products: ['NIFTY'] }));
    const client = await TestClient.connect(gateway.url, { transports: ['websocket'], auth: { token } });
    await expect(history(client, { symbol: 'NIFTY' })).resolves.toMatchObject({ ok: true });
    await expect(client.ask('get_history', { type: 'product', symbol: 'AAPL' })).resolves.toMatchObject({
      ok: false,
      error: { code: 'FORBIDDEN' },
    });
    await expect(client.ask('get_history', { type: 'summary', symbol: 'AAPL' })).resolves.toMatchObject({
      error: { code: 'FORBIDDEN' },
    });
  });

  it('says that the history cannot be read, and serves live updates, if Redis refuses it', async () => {
    await redis.client.set('history:product:REFUSED', 'of another program');
    const gateway = await start();
    const client = await TestClient.connect(gateway.url);
    await publish(UNDERLYING, underlying('REFUSED', 1));
    await client.next('underlying_update');
    const answer = (await client.ask('get_history', { type: 'product', symbol: 'REFUSED' })) as object;
    expect(answer).toMatchObject({
      ok: false,
      error: { code: 'HISTORY_UNAVAILABLE', retry_after_ms: expect.any(Number) as number },
    });
    await waitFor(() => gateway.logged('history_failed')?.problem !== undefined);
    await waitFor(
      async () => (await gateway.metric('socket_gateway_history_errors_total{operation="write"}')) > 0,
    );
    await publish(UNDERLYING, underlying('FINE', 2));
    await client.next('underlying_update', 2);
    await waitFor(async () => (await redis.client.xlen('history:product:FINE')) === 1);
  });

  it('leaves out entries of another program, tells the operator, and resumes around them', async () => {
    const gateway = await start();
    await gateway.ready();
    const client = await TestClient.connect(gateway.url, { auth: { general: 'off' } });
    const stream = 'history:product:SHARED';
    await redis.client.xadd(stream, '1-1', 'v', '{"product":"OTHER","price":1,"timestamp":"x"}');
    await redis.client.xadd(stream, '1-18446744073709551615', 'other', 'form');
    await redis.client.xadd(stream, '2-2', 'v', 'not JSON', 'g', '1');
    await redis.client.xadd('history:bars:SHARED', '60000-0', 'v', '{}');
    for (const n of [1, 2, 3]) await publish(UNDERLYING, underlying('SHARED', n));
    await waitFor(async () => (await redis.client.xlen(stream)) === 6);
    const page = await history(client, { symbol: 'SHARED', limit: 4 });
    expect(prices(page)).toEqual([1, 2, 3]);
    const older = await history(client, { symbol: 'SHARED', limit: 4, cursor: page.next! });
    expect(older).toMatchObject({ updates: [], next: null });
    await expect(history(client, { symbol: 'SHARED', resolution: '1m' })).resolves.toMatchObject({
      bars: [[expect.any(String), 1, 3, 1, 3, 3]],
    });
    const logged = gateway.logs.filter(({ msg }) => msg === 'history_entry_unreadable');
    expect(logged).toMatchObject([{ stream, id: '2-2' }]);
    expect(await gateway.metric('socket_gateway_history_unreadable_total')).toBe(3);
    // A replica that must read the stream skips them too.
    const other = await start();
    await other.ready();
    await publish(UNDERLYING, underlying('SHARED', 4));
    const late = await TestClient.connect(other.url, { auth: { general: 'off' } });
    await late.ask('subscribe', { type: 'product', symbol: 'SHARED', since: timestampOf(2) });
    await expect(late.next('subscribed')).resolves.toMatchObject({ recovered: true, replayed: 2 });
    await gateway.stop();
  });

  it('lets one replica write, and each update once', async () => {
    const replicas = await Promise.all([start(), start(), start()]);
    await Promise.all(replicas.map((replica) => replica.ready()));
    const numbers = Array.from({ length: 50 }, (__, n) => n + 1);
    for (const n of numbers) await publish(UNDERLYING, underlying('ONCE', n));
    await waitFor(async () => (await redis.client.xlen('history:product:ONCE')) === numbers.length);
    const client = await TestClient.connect(replicas[0].url);
    expect(prices(await history(client, { symbol: 'ONCE' }))).toEqual(numbers);
    // The writer is killed with updates that it has not written. Another one goes on.
    const written = await Promise.all(
      replicas.map((replica) => replica.metric('socket_gateway_history_writes_total{kind="update"}')),
    );
    const writer = replicas[written.findIndex((count) => count > 0)]!;
    const more = Array.from({ length: 50 }, (__, n) => n + 51);
    for (const n of more) await publish(UNDERLYING, underlying('ONCE', n));
    await writer.stop('SIGKILL');
    await publish(UNDERLYING, underlying('ONCE', 101));
    await waitFor(async () => (await redis.client.xlen('history:product:ONCE')) === 101);
    const other = await TestClient.connect(replicas.find((replica) => replica !== writer)!.url);
    const page = await history(other, { symbol: 'ONCE' });
    expect(prices(page)).toEqual([...numbers, ...more, 101]);
    expect(page.gaps).toEqual([0]);
    await Promise.all(replicas.filter((replica) => replica !== writer).map((replica) => replica.stop()));
  });
});
