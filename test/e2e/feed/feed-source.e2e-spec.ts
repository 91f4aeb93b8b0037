import { setTimeout as delay } from 'node:timers/promises';
import { FEED_CHANNELS } from '../../../src/feed/channels.js';
import type { FeedSource } from '../../../src/feed/feed-source.js';
import { MemoryFeed } from '../../../src/feed/memory-feed.js';
import { loadConfig } from '../../../src/config/gateway-config.js';
import type { Ports } from '../../../src/app/ports.js';
import { redisPorts } from '../../../src/app/redis-ports.js';
import { RedisCluster } from '../../support/redis-cluster.js';
import { RedisServer } from '../../support/redis-server.js';
import { PUSHED_MESSAGE, SlowRedis } from '../../support/slow-redis.js';
import { waitFor } from '../../support/wait.js';

interface Subject {
  readonly feed: FeedSource;
  publish(channel: string, data: string): Promise<void>;
  stop(): Promise<void>;
}

interface Fault {
  readonly kind?: string;
}

/**
 * Creates the ports of a gateway with these settings. The short silence limit keeps the tests
 * short.
 */
function portsOn(url: string, env: Readonly<Record<string, string>> = {}, faults: Fault[] = []): Ports {
  const config = loadConfig({ REDIS_URL: url, FEED_PROBE_AFTER_MS: '500', ...env });
  return redisPorts(config, { warn: (fields: Fault) => void faults.push(fields) });
}

const PREFIXES = { CHANNEL_PREFIX: 'staging:', KEY_PREFIX: 'other/' };
const SHARDED = { REDIS_SHARDED_PUBSUB: 'true' };

async function onServer(
  env: Readonly<Record<string, string>>,
  command: 'publish' | 'spublish',
): Promise<Subject> {
  const server = await RedisServer.start();
  return subject(portsOn(server.url, env), server, (channel, data) =>
    server.client[command](`${env.CHANNEL_PREFIX ?? ''}${channel}`, data),
  );
}

async function onCluster(
  env: Readonly<Record<string, string>>,
  command: 'publish' | 'spublish',
): Promise<Subject> {
  const cluster = await RedisCluster.start();
  // A producer uses one connection, and so one node. Nodes do not keep the order of messages that
  // different nodes publish.
  const publisher = command === 'publish' ? cluster.nodes[1]!.client : cluster.client;
  return subject(portsOn(cluster.url, env), cluster, (channel, data) =>
    publisher[command](`${env.CHANNEL_PREFIX ?? ''}${channel}`, data),
  );
}

function subject(
  ports: Ports,
  outside: { stop(): Promise<void> },
  publish: (channel: string, data: string) => Promise<unknown>,
): Subject {
  return {
    feed: ports.feed,
    publish: async (channel, data) => void (await publish(channel, data)),
    stop: async () => {
      await ports.feed.stop();
      await ports.close();
      await outside.stop();
    },
  };
}

const implementations: Record<string, () => Promise<Subject>> = {
  memory: () => {
    const feed = new MemoryFeed();
    return Promise.resolve({
      feed,
      publish: (channel, data) => Promise.resolve(feed.publish(channel, data)),
      stop: () => feed.stop(),
    });
  },
  redis: () => onServer({}, 'publish'),
  'redis, sharded': () => onServer(SHARDED, 'spublish'),
  'redis cluster': () => onCluster({}, 'publish'),
  'redis cluster, sharded': () => onCluster(SHARDED, 'spublish'),
  'redis, with prefixes': () => onServer(PREFIXES, 'publish'),
  'redis cluster, sharded, with prefixes': () => onCluster({ ...SHARDED, ...PREFIXES }, 'spublish'),
};

class Listener {
  readonly messages: [string, string][] = [];
  ups = 0;
  message(channel: string, data: string): void {
    this.messages.push([channel, data]);
  }
  downs = 0;
  up(): void {
    this.ups++;
  }
  down(): void {
    this.downs++;
  }
}

describe.each(Object.entries(implementations))('FeedSource: %s', (_, make) => {
  it('delivers every message of its channels unchanged and in order per channel, until it is stopped', async () => {
    const { feed, publish, stop } = await make();
    const listener = new Listener();
    expect(feed.status).toMatchObject({ up: false, reason: expect.any(String) });
    feed.start(FEED_CHANNELS, listener);
    await waitFor(() => feed.status.up);
    expect(listener.ups).toBe(1);

    const sent: [string, string][] = [];
    for (let n = 0; n < 200; n++) sent.push([FEED_CHANNELS[n % 2]!, `{"n": ${n}, "text": "₹ \\u0000 é"}`]);
    await publish('another:channel', 'not ours');
    for (const [channel, data] of sent) await publish(channel, data);
    await waitFor(() => listener.messages.length === sent.length);
    // Two channels may use two connections, so only the order within each channel is guaranteed.
    for (const channel of FEED_CHANNELS) {
      const of = (messages: [string, string][]) => messages.filter(([name]) => name === channel);
      expect(of(listener.messages)).toEqual(of(sent));
    }

    await feed.stop();
    expect(feed.status.up).toBe(false);
    await publish(FEED_CHANNELS[0]!, 'too late');
    expect(listener.messages).toHaveLength(sent.length);
    await stop();
  });
});

describe('RedisFeed', () => {
  let server: RedisServer;
  let ports: Ports;
  let feed: FeedSource;
  let listener: Listener;
  let faults: Fault[];

  const count = async (command: string, what: string) => {
    const stats = await server.client.info('commandstats');
    const line = stats.split('\r\n').find((text) => text.startsWith(`cmdstat_${command}:`)) ?? '';
    return Number(new RegExp(`[:,]${what}=(\\d+)`).exec(line)?.[1] ?? 0);
  };
  const subscriptions = () => count('subscribe', 'calls');

  async function begin(url: string): Promise<void> {
    faults = [];
    ports = portsOn(url, {}, faults);
    ({ feed } = ports);
    listener = new Listener();
    feed.start(FEED_CHANNELS, listener);
    await waitFor(() => feed.status.up);
  }

  async function end(): Promise<void> {
    await feed.stop();
    await ports.close();
  }

  beforeEach(async () => {
    server = await RedisServer.start();
    await begin(server.url);
  });
  afterEach(async () => {
    await end();
    await server.stop();
  });

  it('subscribes again when its connection is killed, and reports that it is up', async () => {
    await server.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await waitFor(() => !feed.status.up, 'it never noticed');
    await waitFor(() => listener.ups === 2);
    expect(listener.downs).toBe(1);
    await server.client.publish(FEED_CHANNELS[0]!, 'after');
    await waitFor(() => listener.messages.length === 1);
  });

  it('reports why it is down while Redis is away, and reconnects when Redis is back', async () => {
    await server.kill();
    await waitFor(
      () => !feed.status.up && feed.status.reason?.includes('ECONNREFUSED'),
      () => JSON.stringify(feed.status),
    );
    await server.restart();
    await waitFor(() => feed.status.up);
    await server.client.publish(FEED_CHANNELS[0]!, 'after');
    await waitFor(() => listener.messages.length === 1);
  });

  it('notices a frozen Redis although its connections stay open, and recovers when Redis does', async () => {
    server.freeze();
    await waitFor(() => !feed.status.up, 'it took a frozen Redis for a quiet one');
    server.thaw();
    await waitFor(() => feed.status.up);
    await server.client.publish(FEED_CHANNELS[0]!, 'after');
    await waitFor(() => listener.messages.length === 1);
  });

  it('can be stopped while Redis is away', async () => {
    await server.kill();
    await waitFor(() => feed.status.reason?.includes('ECONNREFUSED'));
    await feed.stop();
    expect(feed.status).toEqual({ up: false, reason: 'stopped' });
  });

  it('names a channel that it may not read, and subscribes once it may', async () => {
    await server.client.call('ACL', 'SETUSER', 'default', 'resetchannels');
    await server.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await waitFor(
      () => feed.status.reason?.includes('NOPERM'),
      () => JSON.stringify(feed.status),
    );
    await server.client.call('ACL', 'SETUSER', 'default', 'allchannels');
    await waitFor(() => feed.status.up);
  });

  it('replaces a connection that replies but delivers no messages, until a connection does', async () => {
    await end();
    const proxy = await SlowRedis.start(server.port);
    await begin(proxy.url);
    proxy.swallow(PUSHED_MESSAGE);
    await waitFor(
      () => feed.status.reason?.includes('received no probe message'),
      () => JSON.stringify(feed.status),
    );
    // The new connection delivers nothing either, so its subscription must not count as up.
    await waitFor(() => faults.filter(({ kind }) => kind === 'silent').length >= 1);
    const sessions = await subscriptions();
    await waitFor(async () => (await subscriptions()) >= sessions + 4, 'it does not try again');
    expect([feed.status.up, listener.ups]).toEqual([false, 1]);
    proxy.release();
    await waitFor(() => feed.status.up);
    await server.client.publish(FEED_CHANNELS[0]!, 'after');
    await waitFor(() => listener.messages.length === 1);
  });

  it('does not treat a missing permission to publish probes as a dead subscription', async () => {
    await server.client.call('ACL', 'SETUSER', 'default', '-publish');
    await waitFor(async () => (await count('publish', 'rejected_calls')) >= 30, 'no probe was tried');
    expect([feed.status.up, listener.ups]).toEqual([true, 1]);
    // A frozen server is noticed even without probes.
    server.freeze();
    await waitFor(() => !feed.status.up, 'it took a frozen Redis for a quiet one');
    server.thaw();
    await waitFor(() => feed.status.up);
  });

  it('is up without the probe channel if the user may not read it', async () => {
    await end();
    const rules = ['resetchannels', ...FEED_CHANNELS.map((channel) => `&${channel}`)];
    await server.client.call('ACL', 'SETUSER', 'default', ...rules);
    await begin(server.url);
    expect(faults).toContainEqual(expect.objectContaining({ kind: 'no_permission' }));
    await server.client.publish(FEED_CHANNELS[0]!, 'message');
    await waitFor(() => listener.messages.length === 1);
  });

  it('sends no probe while messages arrive', async () => {
    const probes = await count('publish', 'calls');
    const until = performance.now() + 2_000; // four times the allowed silence
    let published = 0;
    while (performance.now() < until) {
      await server.client.publish(FEED_CHANNELS[0]!, `${++published}`);
      await delay(50);
    }
    expect((await count('publish', 'calls')) - probes - published).toBeLessThanOrEqual(1);
  });
});
