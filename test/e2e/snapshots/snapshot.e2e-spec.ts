import { GatewayProcess } from '../../support/gateway-process.js';
import { chain, EXPIRY, STRIKES, timestampOf, underlying } from '../../support/messages.js';
import { RedisServer } from '../../support/redis-server.js';
import { SlowRedis } from '../../support/slow-redis.js';
import { TestClient } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

describe('snapshots', () => {
  let redis: RedisServer;
  beforeAll(async () => void (redis = await RedisServer.start()));
  afterAll(() => redis.stop());
  afterEach(() => redis.client.flushall());

  async function withGateway(env: Record<string, string>, act: (gateway: GatewayProcess) => Promise<void>) {
    const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, ...env });
    try {
      await act(gateway);
    } finally {
      await gateway.stop();
    }
  }

  it('a late replica loads every shape that the platform stores, and skips entries it cannot read', async () => {
    const { client } = redis;
    await client.set(
      'latest:underlying:WORKER',
      JSON.stringify({ price: 7.5, timestamp: timestampOf(1) }),
      'EX',
      300,
    );
    await client.set('latest:underlying:FLASK', JSON.stringify(underlying('FLASK', 2)), 'EX', 60);
    await client.set('latest:chain:FLASK', JSON.stringify(chain('FLASK', 3, '2026-12-03')), 'EX', 60);
    await client.set(`latest:chain:WORKER:${EXPIRY}`, JSON.stringify(chain('WORKER', 5)), 'EX', 300);
    await client.set(
      'latest:chain:WORKER:2026-12-03',
      JSON.stringify(chain('WORKER', 4, '2026-12-03')),
      'EX',
      300,
    );
    await client.set('latest:underlying:BROKEN', '{"price": NaN}');
    await client.set(`latest:chain:BROKEN:${EXPIRY}`, 'not json');
    await client.lpush('latest:underlying:LIST', 'wrong kind of key');
    for (let i = 0; i < 2_000; i++) await client.set(`latest:option:${i}`, 'unrelated');

    await withGateway({}, async (gateway) => {
      await redis.client.config('RESETSTAT');
      const one = await TestClient.connect(gateway.url);
      await one.ask('subscribe', { type: 'product', symbols: ['WORKER', 'FLASK', 'BROKEN'] });
      await one.ask('subscribe', { type: 'chain', symbols: ['WORKER', 'FLASK'] });
      await one.settled();
      expect(one.all('underlying_update')).toEqual([
        {
          type: 'UNDERLYING_ENRICHED',
          product: 'WORKER',
          price: 7.5,
          timestamp: timestampOf(1),
          processed_at: timestampOf(1),
        },
        underlying('FLASK', 2),
      ]);
      expect(one.all('chain_update')).toEqual([
        { ...chain('WORKER', 5), strikes: STRIKES },
        { ...chain('WORKER', 4, '2026-12-03'), strikes: STRIKES },
        { ...chain('FLASK', 3, '2026-12-03'), strikes: STRIKES },
      ]);
      expect((await one.next('products')).products).toEqual(
        expect.arrayContaining(['WORKER', 'FLASK', 'NIFTY']),
      );
      // The gateway read one key, for the product that was not in memory, and never scanned the
      // keyspace.
      const stats = await redis.client.info('commandstats');
      expect(stats).toMatch(/cmdstat_mget:calls=1,/);
      expect(stats).not.toMatch(/cmdstat_(scan|keys)/);
      expect(await gateway.metric('socket_gateway_cache_unreadable_total{reason="non_finite_number"}')).toBe(
        2,
      );
      expect(await gateway.metric('socket_gateway_cache_unreadable_total{reason="not_json"}')).toBe(1);
      expect(gateway.logged('cache_entry_unreadable')).toBeDefined();
      one.close();
    });
  });

  it('an entry that appears in Redis later is found on request', async () => {
    await withGateway({}, async (gateway) => {
      await redis.client.set(
        'latest:underlying:LATER',
        JSON.stringify({ price: 1, timestamp: timestampOf(1) }),
      );
      await redis.client.set(`latest:chain:LATER:${EXPIRY}`, JSON.stringify(chain('LATER', 1)));
      await redis.client.set('latest:chain:FLASK', JSON.stringify(chain('FLASK', 1)));
      const clients = await Promise.all([1, 2, 3].map(() => TestClient.connect(gateway.url)));
      for (const client of clients) {
        client.socket.emit('subscribe', { type: 'product', symbol: 'LATER' });
        client.socket.emit('subscribe', { type: 'chain', symbol: 'LATER', expiry: EXPIRY });
        client.socket.emit('subscribe', { type: 'chain', symbol: 'FLASK' });
      }
      for (const client of clients) {
        await client.next('underlying_update');
        await client.next('chain_update', 2);
        expect(client.counts()).toMatchObject({ underlying_update: 1, chain_update: 2, subscribed: 3 });
        client.close();
      }
    });
  });

  it('entries that the gateway writes to latest:* warm a replica that starts later', async () => {
    await withGateway({}, async (gateway) => {
      const client = await TestClient.connect(gateway.url);
      await redis.client.set(
        'latest:underlying:OWN',
        JSON.stringify({ price: 1, timestamp: timestampOf(1) }),
        'EX',
        300,
      );
      await redis.client.publish('enriched:underlying', JSON.stringify(underlying('OWN', 2)));
      await redis.client.publish('enriched:option_chain', JSON.stringify(chain('OWN', 3)));
      await client.next('chain_summary');
      await waitFor(() => redis.client.exists('latest:chain:OWN'));
      client.close();
    });
    expect(JSON.parse((await redis.client.get('latest:underlying:OWN'))!)).toEqual(underlying('OWN', 2));
    expect(JSON.parse((await redis.client.get(`latest:chain:OWN:${EXPIRY}`))!)).toMatchObject(
      chain('OWN', 3),
    );
    // the gateway keeps the worker's longer time to live
    expect(await redis.client.ttl('latest:underlying:OWN')).toBeGreaterThan(200);
    expect(await redis.client.ttl('latest:chain:OWN')).toBeLessThanOrEqual(60);
    await withGateway({}, async (gateway) => {
      const client = await TestClient.connect(gateway.url);
      await client.ask('subscribe', { type: 'chain', symbol: 'OWN' });
      expect(client.all('chain_update')).toEqual([{ ...chain('OWN', 3), strikes: STRIKES }]);
      client.close();
    });
  });

  it('writes the remaining entries when it is stopped', async () => {
    await withGateway({ CACHE_WRITE_INTERVAL_MS: '60000' }, async (gateway) => {
      const client = await TestClient.connect(gateway.url);
      for (const n of [1, 2, 3]) {
        await redis.client.publish('enriched:underlying', JSON.stringify(underlying('FLUSH', n)));
      }
      await client.next('underlying_update', 3);
      client.close();
    });
    expect(JSON.parse((await redis.client.get('latest:underlying:FLUSH'))!).price).toBe(3);
    expect(await redis.client.exists('socket-gateway:latest-writer')).toBe(0);
  });

  it('writes no more often than its interval, however fast the feed is', async () => {
    await withGateway({}, async (gateway) => {
      const client = await TestClient.connect(gateway.url);
      for (let n = 1; n <= 1_000; n++) {
        void redis.client.publish('enriched:underlying', JSON.stringify(underlying('BUSY', n)));
      }
      await client.next('underlying_update', 1_000);
      await waitFor(
        async () =>
          (JSON.parse((await redis.client.get('latest:underlying:BUSY')) ?? '{}') as { price?: number })
            .price === 1_000,
      );
      expect(await gateway.metric('socket_gateway_cache_store_writes_total')).toBeLessThan(10);
      client.close();
    });
  });

  describe('with a slow store', () => {
    let slow: SlowRedis;
    beforeAll(async () => void (slow = await SlowRedis.start(redis.port)));
    afterAll(() => slow.stop());

    it('a snapshot that arrives after a newer live message is not sent', async () => {
      await withGateway({ REDIS_URL: slow.url }, async (gateway) => {
        await redis.client.set(
          'latest:underlying:RACE',
          JSON.stringify({ price: 1, timestamp: timestampOf(1) }),
        );
        await redis.client.set(
          'latest:underlying:QUIET',
          JSON.stringify({ price: 9, timestamp: timestampOf(9) }),
        );
        slow.hold(/latest:underlying:/i);
        const client = await TestClient.connect(gateway.url);
        client.socket.emit('subscribe', { type: 'product', symbols: ['RACE', 'QUIET'] });
        await client.next('subscribed', 2);
        await waitFor(() => slow.holds > 0, 'the store was not asked');
        await redis.client.publish('enriched:underlying', JSON.stringify(underlying('RACE', 2)));
        await client.next('underlying_update');
        slow.release();
        await waitFor(() => client.all('underlying_update').some(({ product }) => product === 'QUIET'));
        expect(client.all('underlying_update').map(({ product, price }) => [product, price])).toEqual([
          ['RACE', 2],
          ['QUIET', 9],
        ]);
        client.close();
      });
    });

    it('a client that left the room during the read is sent nothing', async () => {
      await withGateway({ REDIS_URL: slow.url }, async (gateway) => {
        await redis.client.set(
          'latest:underlying:LEFT',
          JSON.stringify({ price: 1, timestamp: timestampOf(1) }),
        );
        await redis.client.set(
          'latest:underlying:STAYED',
          JSON.stringify({ price: 1, timestamp: timestampOf(1) }),
        );
        slow.hold(/latest:underlying:/i);
        const client = await TestClient.connect(gateway.url);
        client.socket.emit('subscribe', { type: 'product', symbols: ['LEFT', 'STAYED'] });
        await client.next('subscribed', 2);
        await client.ask('unsubscribe', { type: 'product', symbol: 'LEFT' });
        slow.release();
        await client.next('underlying_update');
        expect(client.all('underlying_update').map(({ product }) => product)).toEqual(['STAYED']);
        client.close();
      });
    });
  });
});
