import { GatewayProcess } from '../../support/gateway-process.js';
import { closedMarket } from '../../support/market-hours.js';
import { chain, EXPIRY, STRIKES, summary, timestampOf, underlying } from '../../support/messages.js';
import { OPTION_CHAIN, Platform, UNDERLYING } from '../../support/platform.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

/** The products in the documentation of the original service, in that order. */
const CONFIGURED = ['NIFTY', 'BANKNIFTY', 'FINNIFTY', 'SENSEX', 'AAPL', 'TSLA', 'SPY', 'QQQ'];
const OTHER_EXPIRY = '2026-12-31';
const LIMITS = {
  max_symbols_per_request: 7,
  max_subscriptions: 70,
  max_payload_bytes: 700_000,
  max_symbol_length: 32,
  events_per_second: 1_000,
  event_burst: 10_000,
  work_per_second: 100_000,
  work_burst: 1_000_000,
  max_unknown_subscriptions: 60,
  max_chains_per_snapshot: 20,
  heartbeat_ms: 1_000,
  max_history_rows: 5_000,
  history_seconds: 3_600,
  max_connections_per_user: 30,
  max_connections_per_ip: null,
};

/** The transport that a client of each kind uses in the end. */
const SETTLES_ON: Readonly<Record<string, string>> = {
  websocket: 'websocket',
  polling: 'polling',
  'polling that upgrades': 'websocket',
  'websocket, then polling': 'websocket',
  'websocket with MessagePack': 'websocket',
  'plain websocket': 'websocket',
  'plain websocket with MessagePack': 'websocket',
};

/** The `n`-th chain in the form in which the gateway sends it. */
const chainUpdate = (...args: Parameters<typeof chain>) => ({ ...chain(...args), strikes: STRIKES });

const subscribed = (room: string) => ({ room, message: `Subscribed to ${room}` });
const unsubscribed = (room: string) => ({ room, message: `Unsubscribed from ${room}` });

let redis: RedisServer;
let gateway: GatewayProcess;
let platform: Platform;

beforeAll(async () => {
  redis = await RedisServer.start();
  gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    // The repeated reads of Redis after the start send entries that only Redis has to the rooms.
    // Waiting for them here keeps those messages out of the tests.
    CACHE_WRITE_INTERVAL_MS: '50',
    MARKET_HOURS: closedMarket(), // test/freshness checks how the age of a price is handled
    MAX_SYMBOLS_PER_REQUEST: `${LIMITS.max_symbols_per_request}`,
    REPLICA_NAME: 'one',
    MAX_SUBSCRIPTIONS: `${LIMITS.max_subscriptions}`,
    MAX_PAYLOAD_BYTES: `${LIMITS.max_payload_bytes}`,
    EVENTS_PER_SECOND: `${LIMITS.events_per_second}`,
    EVENT_BURST: `${LIMITS.event_burst}`,
    WORK_PER_SECOND: `${LIMITS.work_per_second}`,
    WORK_BURST: `${LIMITS.work_burst}`,
    MAX_UNKNOWN_SUBSCRIPTIONS: `${LIMITS.max_unknown_subscriptions}`,
    MAX_CHAINS_PER_SNAPSHOT: `${LIMITS.max_chains_per_snapshot}`,
    MAX_CONNECTIONS_PER_USER: `${LIMITS.max_connections_per_user}`,
  });
  platform = new Platform(redis, gateway);
});

afterAll(async () => {
  await gateway?.stop();
  await redis?.stop();
});

describe.each(Object.entries(TRANSPORTS))('the event contract over %s', (kind, transport) => {
  let clients: TestClient[];
  let product: string;

  beforeEach(() => {
    clients = [];
    product = platform.product();
  });

  afterEach(() => {
    for (const client of clients) client.close();
  });

  const connect = async (): Promise<TestClient> => {
    const client = await TestClient.connect(gateway.url, transport);
    clients.push(client);
    return client;
  };

  /** A client that receives only the prices and summaries of the rooms it subscribes to. */
  const connectOutsideGeneral = async (): Promise<TestClient> => {
    const client = await connect();
    await client.ask('unsubscribe', { type: 'general' });
    client.clear();
    return client;
  };

  const transportOf = (client: TestClient) => client.socket.io.engine.transport.name;

  it(`uses the transport ${SETTLES_ON[kind]}`, async () => {
    const client = await connect();
    await waitFor(() => transportOf(client) === SETTLES_ON[kind], 'the transport never changed');
    await client.settled();
    await platform.underlying(product, 1);
    await platform.carried(client);
    expect(client.all('underlying_update')).toStrictEqual([underlying(product, 1)]);
    expect(transportOf(client)).toBe(SETTLES_ON[kind]);
    expect(client.disconnects).toEqual([]);
  });

  describe('connected', () => {
    it('greets a client with its id, its rooms, the time and the limits', async () => {
      const before = Date.now() / 1000;
      const client = await connect();
      const after = Date.now() / 1000;

      const [greeting, ...more] = client.all('connected');
      expect(more).toEqual([]);
      expect(greeting).toStrictEqual({
        message: 'Connected to DeltaStream socket gateway',
        client_id: client.socket.id,
        replica: 'one',
        rooms: ['general'],
        server_time: expect.any(Number),
        limits: LIMITS,
        user: null,
      });
      expect(greeting!.server_time).toBeGreaterThanOrEqual(before);
      expect(greeting!.server_time).toBeLessThanOrEqual(after);
    });

    it('sends nothing else until a message is published or the client sends a request', async () => {
      await platform.underlying(product, 1);
      await platform.carried();
      const client = await connect();
      await client.settled();
      expect(client.counts()).toEqual({ connected: 1, products: 1 });
    });
  });

  describe('subscribe and unsubscribe', () => {
    const requests = [
      {
        name: 'product',
        request: (symbol: string) => ({ type: 'product', symbol }),
        rooms: (symbol: string) => [`product:${symbol}`],
      },
      {
        name: 'chain',
        request: (symbol: string) => ({ type: 'chain', symbol }),
        rooms: (symbol: string) => [`chain:${symbol}`],
      },
      {
        name: 'chain of one expiry',
        request: (symbol: string) => ({ type: 'chain', symbol, expiry: EXPIRY }),
        rooms: (symbol: string) => [`chain:${symbol}:${EXPIRY}`],
      },
      {
        name: 'a batch of products',
        request: (symbol: string) => ({ type: 'product', symbols: [symbol, `${symbol}B`, `${symbol}C`] }),
        rooms: (symbol: string) => [`product:${symbol}`, `product:${symbol}B`, `product:${symbol}C`],
      },
      {
        name: 'a batch of chains of one expiry',
        request: (symbol: string) => ({ type: 'chain', symbols: [symbol, `${symbol}B`], expiry: EXPIRY }),
        rooms: (symbol: string) => [`chain:${symbol}:${EXPIRY}`, `chain:${symbol}B:${EXPIRY}`],
      },
      {
        name: 'a batch that names a symbol twice',
        request: (symbol: string) => ({ type: 'product', symbols: [symbol, `${symbol}B`, symbol] }),
        rooms: (symbol: string) => [`product:${symbol}`, `product:${symbol}B`],
      },
      {
        name: 'symbol and symbols together',
        request: (symbol: string) => ({ type: 'product', symbol: `${symbol}B`, symbols: [symbol] }),
        rooms: (symbol: string) => [`product:${symbol}B`, `product:${symbol}`],
      },
      {
        name: 'fields of null and fields it does not know',
        request: (symbol: string) => ({
          type: 'product',
          symbol,
          symbols: null,
          expiry: null,
          colour: 'red',
        }),
        rooms: (symbol: string) => [`product:${symbol}`],
      },
    ];

    it.each(requests)(
      '$name: confirms each room with an event, and all rooms with the acknowledgement',
      async (entry) => {
        const client = await connect();
        // The gateway treats null and unknown fields as absent, although no document tells clients
        // to send them.
        client.contract.sendsInvalid = Object.values(entry.request(product)).some((value) => value === null);
        const rooms = entry.rooms(product);

        const joined = await client.ask('subscribe', entry.request(product));
        expect(joined).toStrictEqual({ ok: true, rooms });
        expect(client.all('subscribed')).toStrictEqual(rooms.map(subscribed));
        expect((await client.ask('get_products')).rooms).toEqual(['general', ...rooms]);

        const left = await client.ask('unsubscribe', entry.request(product));
        expect(left).toStrictEqual({ ok: true, rooms });
        expect(client.all('unsubscribed')).toStrictEqual(rooms.map(unsubscribed));
        expect((await client.ask('get_products')).rooms).toEqual(['general']);
        expect(client.all('error')).toEqual([]);
      },
    );

    it('does the same for a client that passes no acknowledgement', async () => {
      const client = await connectOutsideGeneral();
      client.socket.emit('subscribe', { type: 'product', symbol: product });
      expect(await client.next('subscribed')).toStrictEqual(subscribed(`product:${product}`));
      client.socket.emit('unsubscribe', { type: 'product', symbol: product });
      expect(await client.next('unsubscribed')).toStrictEqual(unsubscribed(`product:${product}`));
    });

    it('handles the requests of a client in the order in which they arrive', async () => {
      const client = await connectOutsideGeneral();
      const request = { type: 'product', symbol: product };
      for (let round = 0; round < 20; round++) {
        client.socket.emit('subscribe', request);
        client.socket.emit('unsubscribe', request);
      }
      await client.ask('subscribe', request);
      const events = client.received.map(({ event }) => event);
      expect(events).toEqual([
        ...Array<string[]>(20).fill(['subscribed', 'unsubscribed']).flat(),
        'subscribed',
      ]);
      expect((await client.ask('get_products')).rooms).toEqual([`product:${product}`]);
    });

    // get_products has no payload to check, but it must not overtake requests that have one,
    // because its response lists the rooms.
    it('answers get_products after the subscriptions requested before it', async () => {
      const client = await connectOutsideGeneral();
      const symbols = Array.from({ length: 20 }, (_, index) => `${product}${index}`);
      for (const symbol of symbols) client.socket.emit('subscribe', { type: 'product', symbol });
      const { rooms } = await client.ask('get_products');
      expect(rooms).toEqual(symbols.map((symbol) => `product:${symbol}`));
    });

    it('ignores a second subscription to the same room: each update is still sent once', async () => {
      const client = await connectOutsideGeneral();
      const request = { type: 'product', symbol: product };
      const room = `product:${product}`;
      expect(await client.ask('subscribe', request)).toStrictEqual({ ok: true, rooms: [room] });
      expect(await client.ask('subscribe', request)).toStrictEqual({ ok: true, rooms: [room] });
      expect(client.all('subscribed')).toStrictEqual([subscribed(room), subscribed(room)]);

      await platform.underlying(product, 1);
      await platform.carried(client);
      expect(client.all('underlying_update')).toStrictEqual([underlying(product, 1)]);

      await client.ask('unsubscribe', request);
      await platform.underlying(product, 2);
      await platform.carried(client);
      expect(client.all('underlying_update')).toHaveLength(1);
    });

    it('confirms an unsubscription from a room that the client never joined', async () => {
      const client = await connect();
      const rooms = [`chain:${product}:${EXPIRY}`];
      const left = await client.ask('unsubscribe', { type: 'chain', symbol: product, expiry: EXPIRY });
      expect(left).toStrictEqual({ ok: true, rooms });
      expect(client.all('unsubscribed')).toStrictEqual(rooms.map(unsubscribed));
      expect(client.all('error')).toEqual([]);
    });

    it('sends no more updates of a room after the client left it', async () => {
      const client = await connectOutsideGeneral();
      await client.ask('subscribe', { type: 'chain', symbol: product });
      await platform.chain(product, 1);
      await client.next('chain_update');
      await client.ask('unsubscribe', { type: 'chain', symbol: product });
      await platform.chain(product, 2);
      await platform.carried(client);
      expect(client.all('chain_update')).toStrictEqual([chainUpdate(product, 1)]);
    });
  });

  describe('general', () => {
    it('can be left, so that only updates of subscribed rooms arrive, and joined again', async () => {
      const other = platform.product();
      const client = await connect();
      await client.ask('subscribe', { type: 'product', symbol: product });

      expect(await client.ask('unsubscribe', { type: 'general' })).toStrictEqual({
        ok: true,
        rooms: ['general'],
      });
      expect(client.all('unsubscribed')).toStrictEqual([unsubscribed('general')]);
      await platform.underlying(other, 1);
      await platform.underlying(product, 1);
      await platform.chain(product, 1);
      await platform.carried(client);
      expect(client.all('underlying_update')).toStrictEqual([underlying(product, 1)]);
      expect(client.all('chain_summary')).toEqual([]);

      client.clear();
      expect(await client.ask('subscribe', { type: 'general' })).toStrictEqual({
        ok: true,
        rooms: ['general'],
      });
      expect(client.all('subscribed')).toStrictEqual([subscribed('general')]);
      await platform.underlying(other, 2);
      await platform.underlying(product, 2);
      await platform.chain(product, 2);
      await platform.carried(client);
      expect(client.all('underlying_update')).toStrictEqual([underlying(other, 2), underlying(product, 2)]);
      expect(client.all('chain_summary')).toStrictEqual([summary(product, 2)]);
    });
  });

  describe('get_products', () => {
    it('lists the configured products first, then those seen on the feed, in the event and the acknowledgement', async () => {
      const client = await connect();
      await platform.underlying(product, 1);
      const chained = platform.product();
      await platform.chain(chained, 1);
      await platform.publish(UNDERLYING, underlying('NIFTY', Date.now()));
      await platform.carried();
      await client.ask('subscribe', { type: 'product', symbol: product });
      client.clear();

      const answer = await client.ask('get_products');
      const { products } = answer as { products: string[] };
      expect(answer).toStrictEqual({ ok: true, rooms: ['general', `product:${product}`], products });
      expect(client.all('products')).toStrictEqual([{ products }]);
      expect(products.slice(0, CONFIGURED.length)).toEqual(CONFIGURED);
      expect(products).toEqual(expect.arrayContaining([product, chained]));
      expect(new Set(products).size).toBe(products.length);
    });

    it('needs no acknowledgement and ignores any payload', async () => {
      const client = await connect();
      client.socket.emit('get_products');
      client.socket.emit('get_products', {});
      client.socket.emit('get_products', null, [1]);
      await client.next('products', 3);
      for (const { products } of client.all('products'))
        expect(products).toEqual(expect.arrayContaining(CONFIGURED));
      expect(client.all('error')).toEqual([]);
    });
  });

  describe('list_subscriptions', () => {
    it('lists every contract room that the client is in, in the event and the acknowledgement', async () => {
      const client = await connect();
      expect(await client.ask('list_subscriptions')).toStrictEqual({ ok: true, rooms: ['general'] });
      await client.ask('subscribe', { type: 'product', symbols: [product, `${product}B`] });
      await client.ask('subscribe', { type: 'chain', symbol: product, expiry: EXPIRY });
      await client.ask('unsubscribe', { type: 'product', symbol: product });
      client.clear();
      const rooms = ['general', `product:${product}B`, `chain:${product}:${EXPIRY}`];
      expect(await client.ask('list_subscriptions')).toStrictEqual({ ok: true, rooms });
      expect(client.received).toStrictEqual([{ event: 'subscriptions', payload: { rooms } }]);
      await client.ask('unsubscribe', { type: 'general' });
      expect((await client.ask('list_subscriptions')).rooms).toEqual(rooms.slice(1));
    });

    it('needs no acknowledgement and ignores any payload', async () => {
      const client = await connect();
      client.socket.emit('list_subscriptions');
      client.socket.emit('list_subscriptions', { type: 'product' }, [1]);
      await client.next('subscriptions', 2);
      expect(client.all('subscriptions')).toEqual([{ rooms: ['general'] }, { rooms: ['general'] }]);
      expect(client.all('error')).toEqual([]);
    });

    it('is answered after the subscriptions requested before it', async () => {
      const client = await connectOutsideGeneral();
      client.socket.emit('subscribe', { type: 'product', symbol: product });
      expect((await client.ask('list_subscriptions')).rooms).toEqual([`product:${product}`]);
    });
  });

  describe('underlying_update', () => {
    it('is sent to general and to the product room, once to a client that is in both', async () => {
      const inGeneral = await connect();
      const inBoth = await connect();
      const inProduct = await connectOutsideGeneral();
      const inNeither = await connectOutsideGeneral();
      for (const client of [inBoth, inProduct])
        await client.ask('subscribe', { type: 'product', symbol: product });
      await inNeither.ask('subscribe', { type: 'product', symbol: `${product}X` });
      await inNeither.ask('subscribe', { type: 'chain', symbol: product });

      await platform.underlying(product, 1);
      await platform.underlying(product, 2);
      await platform.carried(inGeneral, inBoth, inProduct, inNeither);
      for (const client of [inGeneral, inBoth, inProduct]) {
        expect(client.all('underlying_update')).toStrictEqual([
          underlying(product, 1),
          underlying(product, 2),
        ]);
      }
      expect(inNeither.all('underlying_update')).toEqual([]);
    });

    it('keeps fields that the gateway does not know', async () => {
      const client = await connect();
      const published = {
        ...underlying(product, 1),
        venue: 'NSE',
        depth: { bids: [[1, 2.5]] },
        halted: null,
      };
      await platform.publish(UNDERLYING, published);
      expect(await client.next('underlying_update')).toStrictEqual(published);
    });

    it('gets type and processed_at from the gateway if the producer omits them', async () => {
      const client = await connect();
      const timestamp = timestampOf(1);
      await platform.publish(UNDERLYING, { product, price: 1.5, timestamp });
      expect(await client.next('underlying_update')).toStrictEqual({
        type: 'UNDERLYING_ENRICHED',
        product,
        price: 1.5,
        timestamp,
        processed_at: timestamp,
      });
    });

    it('reaches a client with many products in the order of publication', async () => {
      const products = Array.from({ length: LIMITS.max_symbols_per_request }, () => platform.product());
      const client = await connectOutsideGeneral();
      await client.ask('subscribe', { type: 'product', symbols: products });
      const expected = [1, 2, 3, 4, 5].flatMap((n) => products.map((symbol) => underlying(symbol, n)));
      for (const message of expected) await platform.publish(UNDERLYING, message);
      await platform.carried(client);
      expect(client.all('underlying_update')).toStrictEqual(expected);
    });

    it('is dropped if it is older than the last one sent', async () => {
      const client = await connect();
      for (const n of [1, 3, 2, 4]) await platform.underlying(product, n);
      await platform.carried(client);
      expect(client.all('underlying_update').map(({ price }: { price: number }) => price)).toEqual([1, 3, 4]);
    });
  });

  describe('chains', () => {
    it('sends chain_summary only to general, with exactly the documented fields', async () => {
      const inGeneral = await connect();
      const outside = await connectOutsideGeneral();
      await outside.ask('subscribe', { type: 'product', symbol: product });
      await platform.chain(product, 1);
      await platform.carried(inGeneral, outside);
      expect(inGeneral.all('chain_summary')).toStrictEqual([
        {
          product,
          expiry: EXPIRY,
          spot_price: 1,
          pcr_oi: 0.9464,
          pcr_volume: 1.0259,
          max_pain_strike: 21400,
          atm_straddle_price: 449.33,
          timestamp: timestampOf(1),
        },
      ]);
      expect(inGeneral.all('chain_update')).toEqual([]);
      expect(outside.counts()).toEqual({ subscribed: 1, products: 1 });
    });

    it('sends the full chain_update with strikes added, only to subscribers of the chain', async () => {
      const ofProduct = await connectOutsideGeneral();
      const ofExpiry = await connectOutsideGeneral();
      const ofBoth = await connectOutsideGeneral();
      const ofOtherExpiry = await connectOutsideGeneral();
      const ofOtherProduct = await connectOutsideGeneral();
      for (const client of [ofProduct, ofBoth])
        await client.ask('subscribe', { type: 'chain', symbol: product });
      for (const client of [ofExpiry, ofBoth]) {
        await client.ask('subscribe', { type: 'chain', symbol: product, expiry: EXPIRY });
      }
      await ofOtherExpiry.ask('subscribe', { type: 'chain', symbol: product, expiry: OTHER_EXPIRY });
      await ofOtherProduct.ask('subscribe', { type: 'chain', symbol: `${product}X` });
      await ofOtherProduct.ask('subscribe', { type: 'product', symbol: product });

      await platform.chain(product, 1);
      await platform.chain(product, 2);
      await platform.carried(...clients);
      for (const client of [ofProduct, ofExpiry, ofBoth]) {
        expect(client.all('chain_update')).toStrictEqual([chainUpdate(product, 1), chainUpdate(product, 2)]);
        expect(client.all('chain_summary')).toEqual([]);
      }
      expect(ofOtherExpiry.all('chain_update')).toEqual([]);
      expect(ofOtherProduct.all('chain_update')).toEqual([]);

      await platform.chain(product, 1, OTHER_EXPIRY);
      await platform.carried(...clients);
      expect(ofOtherExpiry.all('chain_update')).toStrictEqual([chainUpdate(product, 1, OTHER_EXPIRY)]);
      expect(ofProduct.all('chain_update').at(-1)).toStrictEqual(chainUpdate(product, 1, OTHER_EXPIRY));
      expect(ofExpiry.all('chain_update')).toHaveLength(2);
    });

    it('sends a subscriber that is also in general the chain once and its summary once', async () => {
      const client = await connect();
      await client.ask('subscribe', { type: 'chain', symbol: product });
      await client.ask('subscribe', { type: 'chain', symbol: product, expiry: EXPIRY });
      await platform.chain(product, 1);
      await platform.carried(client);
      expect(client.all('chain_update')).toStrictEqual([chainUpdate(product, 1)]);
      expect(client.all('chain_summary')).toStrictEqual([summary(product, 1)]);
    });

    it('keeps unknown fields and the strikes that a producer sends, but leaves them out of the summary', async () => {
      const client = await connect();
      await client.ask('subscribe', { type: 'chain', symbol: product });
      const published = { ...chain(product, 1), strikes: [1, 2, 3], skew: { '25d': -0.1 }, note: null };
      await platform.publish(OPTION_CHAIN, published);
      await platform.carried(client);
      expect(client.all('chain_update')).toStrictEqual([published]);
      expect(client.all('chain_summary')).toStrictEqual([summary(product, 1)]);
    });

    it('sends null for a straddle that the platform could not price', async () => {
      const client = await connect();
      await client.ask('subscribe', { type: 'chain', symbol: product });
      const { atm_straddle_price: _, ...unpriced } = chain(product, 1);
      await platform.publish(OPTION_CHAIN, unpriced);
      await platform.carried(client);
      expect(client.all('chain_update')).toStrictEqual([
        { ...chainUpdate(product, 1), atm_straddle_price: null },
      ]);
      expect(client.all('chain_summary')).toStrictEqual([
        { ...summary(product, 1), atm_straddle_price: null },
      ]);
    });
  });

  describe('snapshots', () => {
    it("sends the product's newest price only to the client that subscribes", async () => {
      const [asker, member, bystander] = [await connect(), await connect(), await connect()];
      await member.ask('subscribe', { type: 'product', symbol: product });
      await platform.underlying(product, 1);
      await platform.underlying(product, 2);
      await platform.carried(asker, member, bystander);
      for (const client of [asker, member, bystander]) client.clear();

      await asker.ask('subscribe', { type: 'product', symbol: product });
      expect(asker.received).toStrictEqual([
        { event: 'subscribed', payload: subscribed(`product:${product}`) },
        { event: 'underlying_update', payload: underlying(product, 2) },
      ]);
      for (const client of [member, bystander]) {
        await client.settled();
        expect(client.all('underlying_update')).toEqual([]);
      }
    });

    it('sends the newest chain of each live expiry of the product, nearest first, only to the client that subscribes', async () => {
      const expired = '2026-11-21'; // the day before the date of the feed
      const [asker, member] = [await connectOutsideGeneral(), await connectOutsideGeneral()];
      await member.ask('subscribe', { type: 'chain', symbol: product });
      for (const expiry of [OTHER_EXPIRY, EXPIRY, expired]) {
        await platform.chain(product, 1, expiry);
        await platform.chain(product, 2, expiry);
      }
      await platform.carried(member);
      member.clear();

      await asker.ask('subscribe', { type: 'chain', symbol: product });
      expect(asker.received).toStrictEqual([
        { event: 'subscribed', payload: subscribed(`chain:${product}`) },
        { event: 'chain_update', payload: chainUpdate(product, 2, EXPIRY) },
        { event: 'chain_update', payload: chainUpdate(product, 2, OTHER_EXPIRY) },
      ]);
      await member.settled();
      expect(member.all('chain_update')).toEqual([]);
    });

    it('sends only the chain of the requested expiry', async () => {
      const client = await connectOutsideGeneral();
      for (const expiry of [EXPIRY, OTHER_EXPIRY]) await platform.chain(product, 1, expiry);
      await platform.carried();
      await client.ask('subscribe', { type: 'chain', symbol: product, expiry: OTHER_EXPIRY });
      expect(client.all('chain_update')).toStrictEqual([chainUpdate(product, 1, OTHER_EXPIRY)]);
    });

    it('sends one for each symbol of a batch, after the confirmation of its room', async () => {
      const second = platform.product();
      const client = await connectOutsideGeneral();
      for (const symbol of [product, second]) await platform.underlying(symbol, 1);
      await platform.carried();
      await client.ask('subscribe', { type: 'product', symbols: [product, second] });
      expect(client.received).toStrictEqual([
        { event: 'subscribed', payload: subscribed(`product:${product}`) },
        { event: 'underlying_update', payload: underlying(product, 1) },
        { event: 'subscribed', payload: subscribed(`product:${second}`) },
        { event: 'underlying_update', payload: underlying(second, 1) },
      ]);
    });

    it("reads what only Redis has, and turns the worker's entry into the full payload", async () => {
      const client = await connect();
      const timestamp = timestampOf(1);
      await redis.client.set(
        `latest:underlying:${product}`,
        JSON.stringify({ price: 7.5, timestamp }),
        'EX',
        300,
      );
      await redis.client.set(
        `latest:chain:${product}:${EXPIRY}`,
        JSON.stringify(chain(product, 1)),
        'EX',
        300,
      );
      await client.ask('subscribe', { type: 'product', symbol: product });
      await client.ask('subscribe', { type: 'chain', symbol: product, expiry: EXPIRY });
      expect(await client.next('underlying_update')).toStrictEqual({
        type: 'UNDERLYING_ENRICHED',
        product,
        price: 7.5,
        timestamp,
        processed_at: timestamp,
      });
      expect(await client.next('chain_update')).toStrictEqual(chainUpdate(product, 1));
    });

    it('sends none for an unknown product, and none for general', async () => {
      const known = platform.product();
      const client = await connectOutsideGeneral();
      await redis.client.set(`latest:underlying:${known}`, JSON.stringify(underlying(known, 1)), 'EX', 300);
      await client.ask('subscribe', { type: 'product', symbol: product });
      await client.ask('subscribe', { type: 'chain', symbol: product });
      await client.ask('subscribe', { type: 'chain', symbol: product, expiry: EXPIRY });
      await client.ask('subscribe', { type: 'general' });
      // Redis replies in order: once this snapshot has arrived, the earlier reads are done too.
      await client.ask('subscribe', { type: 'product', symbol: known });
      expect(await client.next('underlying_update')).toStrictEqual(underlying(known, 1));
      await client.settled();
      expect(client.counts()).toEqual({ subscribed: 5, underlying_update: 1, products: 1 });
    });
  });
});
