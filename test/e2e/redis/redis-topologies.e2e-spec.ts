import { GatewayProcess } from '../../support/gateway-process.js';
import { chain } from '../../support/messages.js';
import { RedisCluster } from '../../support/redis-cluster.js';
import { MASTER_NAME, RedisSentinels } from '../../support/redis-sentinels.js';
import { RedisServer } from '../../support/redis-server.js';
import { startTlsRedis } from '../../support/redis-tls.js';
import { SlowRedis } from '../../support/slow-redis.js';
import { waitFor } from '../../support/wait.js';
import { WatchedGateway, type Worker } from '../../support/watched-gateway.js';

/**
 * The methods of a connection that a worker needs. A single server and a cluster both have them.
 */
interface Connection {
  publish(channel: string, data: string): Promise<unknown>;
  spublish(channel: string, data: string): Promise<unknown>;
  set(key: string, value: string, unit: 'EX', ttl: number): Promise<unknown>;
  get(key: string): Promise<string | null>;
}

const workerOn = (client: Connection, command: 'publish' | 'spublish' = 'publish'): Worker => ({
  publish: (channel, data) => client[command](channel, data),
  set: (key, value) => client.set(key, value, 'EX', 300),
  get: (key) => client.get(key),
});

/** The user name and the password, which are not in the URL. */
const USER = { REDIS_USERNAME: 'gw', REDIS_PASSWORD: 'p@:%ss' };

async function withUser({ client }: RedisServer): Promise<void> {
  const { REDIS_USERNAME: name, REDIS_PASSWORD: password } = USER;
  await client.call('ACL', 'SETUSER', name, 'on', `>${password}`, '~*', '&*', '+@all');
}

/** The users of the gateway's connections to a server. */
async function usersAt({ client }: RedisServer): Promise<string[]> {
  const list = String(await client.call('CLIENT', 'LIST'));
  const users = [...list.matchAll(/ name=socket-gateway:.* user=(\S+)/g)].map(([, user = '']) => user);
  return [...new Set(users)];
}

async function leave(watched: WatchedGateway): Promise<void> {
  watched.client.close();
  expect(await watched.gateway.stop()).toBe(0);
}

describe('Sentinel', () => {
  /** Used by two tests. For the second one it does not matter which server is the master. */
  let shared: Promise<RedisSentinels> | undefined;
  const others = () => (shared ??= RedisSentinels.start('sentinel-secret'));
  afterAll(async () => (await shared)?.stop());

  it('leads to the new master when the old one fails', async () => {
    const sentinels = await RedisSentinels.start('sentinel-secret');
    await Promise.all([sentinels.master, sentinels.replica].map(withUser));
    const env = { REDIS_URL: sentinels.url, REDIS_SENTINEL_PASSWORD: 'sentinel-secret', ...USER };
    const watched = await WatchedGateway.start(env, workerOn(sentinels.client));
    // Before the failover, because the gateway may find and read the new master before this test is
    // connected to it.
    await watched.missesOne();
    await sentinels.replicated();
    await sentinels.master.kill();
    await watched.feedIsDown(/^Redis cannot be reached/);
    await sentinels.failedOver();
    await watched.converges();
    await watched.remembered();
    await watched.cacheIsWell();
    expect(await usersAt(sentinels.replica)).toEqual(['gw']);
    await leave(watched);
    await sentinels.stop();
  });

  it('may name the new master while the gateway waits for a response of the sentinels', async () => {
    const sentinels = await others();
    const asked = await Promise.all(sentinels.ports.map((port) => SlowRedis.start(port)));
    const url = `redis+sentinel://${asked.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${MASTER_NAME}`;
    const env = { REDIS_URL: url, REDIS_SENTINEL_PASSWORD: 'sentinel-secret' };
    const watched = await WatchedGateway.start(env, workerOn(sentinels.client));
    await watched.missesOne();
    await sentinels.replicated();
    // The next attempt of each connection (commands, feed, adapter) asks the sentinels, and gets no
    // response.
    for (const sentinel of asked) sentinel.hold(/get-master-addr-by-name/i);
    const { client: master } = sentinels.master;
    await master.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await master.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    const waiting = () => asked.reduce((sum, { holds }) => sum + holds, 0);
    await waitFor(() => waiting() >= 3, 'the gateway does not ask for the master');
    await sentinels.failOver();
    for (const sentinel of asked) sentinel.release();
    await watched.converges();
    await watched.remembered();
    await leave(watched);
  });

  it('that knows no such master fails the start', async () => {
    const sentinels = await others();
    const gateway = GatewayProcess.spawn({
      REDIS_URL: sentinels.url.replace('mymaster', 'nobody'),
      REDIS_SENTINEL_PASSWORD: 'sentinel-secret',
    });
    expect(await gateway.exit()).toBe(1);
    expect(gateway.stderr).toContain('its sentinels know no master of that name');
  });
});

describe.each([
  ['plain pub/sub', 'publish', {}],
  ['sharded pub/sub', 'spublish', { REDIS_SHARDED_PUBSUB: 'true' }],
] as const)('Cluster with %s', (_, command, env) => {
  let cluster: RedisCluster;
  let watched: WatchedGateway;

  beforeEach(async () => {
    cluster = await RedisCluster.start();
    await Promise.all(cluster.nodes.map(withUser));
    watched = await WatchedGateway.start(
      { REDIS_URL: cluster.url, ...USER, ...env },
      workerOn(cluster.client, command),
    );
  });
  afterEach(async () => {
    await leave(watched);
    await cluster.stop();
  });

  it('delivers the feed and latest:*, and asks other replicas which clients are connected', async () => {
    await watched.publishes();
    await watched.remembered();
    watched.expectUnharmed();
    expect(await watched.faults('adapter-sub', 'other')).toBe(0);
    expect(watched.gateway.logged('redis_adapter_failed')).toBeUndefined();
    expect(watched.gateway.stderr).toBe('');
    expect(new Set((await Promise.all(cluster.nodes.map(usersAt))).flat())).toEqual(new Set(['gw']));
  });

  it('finds chains that were only stored, whichever node has them', async () => {
    const { gateway, client } = watched;
    const refreshes = () => gateway.logs.filter(({ msg }) => msg === 'cache_refreshed').length;
    await waitFor(() => refreshes() === 3, 'the refreshes did not end');
    const symbols = ['SPY', 'QQQ', 'IWM', 'DIA'];
    const keys = symbols.map((symbol) => `latest:chain:${symbol}:2026-12-01`);
    const owners = new Set(await Promise.all(keys.map((key) => cluster.ownerOf(key))));
    expect(owners.size).toBeGreaterThan(1);
    for (const [n, key] of keys.entries()) {
      await cluster.client.set(key, JSON.stringify(chain(symbols[n]!, 1, '2026-12-01')));
    }
    await client.ask('subscribe', { type: 'chain', symbols });
    await client.next('chain_update', symbols.length);
    expect(
      client
        .all('chain_update')
        .map(({ product }) => product)
        .sort(),
    ).toEqual([...symbols].sort());
    expect(await gateway.metric('socket_gateway_cache_store_searches_total')).toBe(1);
  });

  it('recovers after the connections of every node were killed', async () => {
    await watched.missesOne();
    for (const { client } of cluster.nodes) {
      await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    }
    await watched.converges();
  });

  it('recovers after a node of the feed was frozen', async () => {
    const carries = async (node: RedisServer) =>
      /name=socket-gateway:feed/.test(String(await node.client.call('CLIENT', 'LIST')));
    let carrier: RedisServer | undefined;
    for (const node of cluster.nodes) if (await carries(node)) carrier = node;
    await watched.missesOne();
    carrier!.freeze();
    await watched.feedFails(/does not answer|cannot be reached/);
    carrier!.thaw();
    await watched.converges();
    await waitFor(() => watched.client.all('feed_gap').length > 0, 'the client did not learn of the gap');
  });
});

describe('TLS', () => {
  it('is verified against REDIS_TLS_CA', async () => {
    const { server, url, ca } = await startTlsRedis();
    const watched = await WatchedGateway.start({ REDIS_URL: url, REDIS_TLS_CA: ca }, workerOn(server.client));
    await watched.publishes();
    watched.expectUnharmed();
    await leave(watched);

    const distrusting = await GatewayProcess.start({ REDIS_URL: url });
    expect(await distrusting.json('/health')).toMatchObject({
      error: { feed: { reason: expect.stringMatching(/^TLS with Redis fails \(.*certificate/) as string } },
    });
    await distrusting.stop();
    await server.stop();
  });
});
