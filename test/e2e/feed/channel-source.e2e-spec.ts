import type { Ports } from '../../../src/app/ports.js';
import { redisPorts } from '../../../src/app/redis-ports.js';
import { loadConfig } from '../../../src/config/gateway-config.js';
import type { ChannelListener, ChannelSource } from '../../../src/feed/channel-source.js';
import { MemoryChannels } from '../../../src/feed/memory-channels.js';
import { repeat } from '../../support/cleanup.js';
import { RedisCluster } from '../../support/redis-cluster.js';
import { RedisServer } from '../../support/redis-server.js';
import { JWT_SECRET } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

interface Subject {
  readonly source: ChannelSource;
  publish(channel: string, data: string): Promise<unknown>;
  /** How many of the channels have a subscriber. */
  subscribed(channels: readonly string[]): Promise<number>;
  stop(): Promise<void>;
}

type Env = Readonly<Record<string, string>>;

const PREFIXES = { CHANNEL_PREFIX: 'staging:', KEY_PREFIX: 'other/' };
const SHARDED = { REDIS_SHARDED_PUBSUB: 'true' };

function portsOn(url: string, env: Env): Ports {
  const settings = {
    REDIS_URL: url,
    FEED_PROBE_AFTER_MS: '60000', // a Redis that stalls is no loss of the subscriptions
    AUTH_MODE: 'optional',
    JWT_SECRET,
    ...env,
  };
  return redisPorts(loadConfig(settings), { warn: () => undefined });
}

async function onServer(env: Env): Promise<Subject & { readonly server: RedisServer }> {
  const server = await RedisServer.start();
  const ports = portsOn(server.url, env);
  const { CHANNEL_PREFIX: prefix = '', REDIS_SHARDED_PUBSUB: sharded } = env;
  return {
    server,
    source: ports.portfolios!(),
    publish: (channel, data) => server.client[sharded ? 'spublish' : 'publish'](prefix + channel, data),
    subscribed: (channels) =>
      countIn(
        server,
        sharded !== undefined,
        channels.map((channel) => prefix + channel),
      ),
    stop: async () => {
      await ports.close();
      await server.stop();
    },
  };
}

async function onCluster(env: Env): Promise<Subject & { readonly cluster: RedisCluster }> {
  const cluster = await RedisCluster.start();
  const ports = portsOn(cluster.url, env);
  const { CHANNEL_PREFIX: prefix = '', REDIS_SHARDED_PUBSUB: sharded } = env;
  const publisher = sharded ? cluster.client : cluster.nodes[1]!.client;
  return {
    cluster,
    source: ports.portfolios!(),
    publish: (channel, data) => publisher[sharded ? 'spublish' : 'publish'](prefix + channel, data),
    subscribed: async (channels) => {
      const names = channels.map((channel) => prefix + channel);
      const counts = await Promise.all(
        cluster.nodes.map((node) => countIn(node, sharded !== undefined, names)),
      );
      return counts.reduce((sum, count) => sum + count, 0);
    },
    stop: async () => {
      await ports.close();
      await cluster.stop();
    },
  };
}

async function countIn({ client }: RedisServer, sharded: boolean, channels: string[]): Promise<number> {
  const answer = (await client.call('PUBSUB', sharded ? 'SHARDNUMSUB' : 'NUMSUB', ...channels)) as unknown[];
  return answer.filter((value) => typeof value === 'number' && value > 0).length;
}

const implementations: Record<string, () => Promise<Subject>> = {
  memory: () => {
    const source = new MemoryChannels();
    return Promise.resolve({
      source,
      publish: (channel, data) => Promise.resolve(source.publish(channel, data)),
      subscribed: (channels) => Promise.resolve(channels.filter((name) => source.has(name)).length),
      stop: () => source.stop(),
    });
  },
  redis: () => onServer({}),
  'redis, sharded': () => onServer(SHARDED),
  'redis, with prefixes': () => onServer(PREFIXES),
  'redis cluster': () => onCluster({}),
  'redis cluster, sharded': () => onCluster(SHARDED),
  'redis cluster, sharded, with prefixes': () => onCluster({ ...SHARDED, ...PREFIXES }),
};

class Listener implements ChannelListener {
  readonly messages: string[] = [];
  readonly ups = new Map<string, number>();
  readonly downs = new Set<string>();
  message(channel: string, data: string): void {
    this.messages.push(`${channel} ${data}`);
  }
  up(channels: readonly string[]): void {
    for (const channel of channels) this.ups.set(channel, (this.ups.get(channel) ?? 0) + 1);
  }
  down(channels: readonly string[]): void {
    for (const channel of channels) this.downs.add(channel);
  }
}

const names = (count: number, prefix = 'user'): string[] =>
  Array.from({ length: count }, (_, n) => `enriched:${prefix}:${n}`);

/** Of all tests in this file, so that a failing one leaves nothing behind. */
let subject: Subject | undefined;
let listener: Listener;

afterEach(async () => {
  await subject?.source.stop();
  await subject?.stop();
  subject = undefined;
});

function begin<S extends Subject>(made: S): S {
  subject = made;
  listener = new Listener();
  made.source.start(listener);
  return made;
}

describe.each(Object.entries(implementations))('ChannelSource: %s', (_, make) => {
  it('delivers each message of the channels that are subscribed to, in order, and reports each once', async () => {
    const { source, publish, subscribed } = begin(await make());
    const channels = names(50);
    source.add(channels.slice(0, 25));
    for (const channel of channels.slice(25)) source.add([channel]);
    source.add(channels); // again
    await waitFor(
      () => listener.ups.size === 50,
      () => `${listener.ups.size} are up`,
    );
    expect(source.status).toEqual({ up: true });
    for (const channel of channels)
      for (const text of ['1', '{"n": 2, "text": "₹ \\u0000"}']) await publish(channel, text);
    await waitFor(() => listener.messages.length === 100);
    for (const channel of channels)
      expect(listener.messages.filter((message) => message.startsWith(`${channel} `))).toEqual([
        `${channel} 1`,
        `${channel} {"n": 2, "text": "₹ \\u0000"}`,
      ]);
    expect([...new Set(listener.ups.values())]).toEqual([1]);
    expect(await subscribed(channels)).toBe(50);
  });

  it('subscriptions follow what is added and removed, whatever the order, and end with it', async () => {
    const { source, publish, subscribed } = begin(await make());
    const channels = names(200, 'brief');
    for (const channel of channels) {
      source.add([channel]);
      source.remove(channel);
      source.add([channel]);
      source.remove(channel);
    }
    const kept = channels[7]!;
    source.add([kept]);
    source.remove('enriched:never:added');
    await waitFor(() => listener.ups.has(kept));
    await waitFor(async () => (await subscribed(channels)) === 1);
    let published = 0;
    await waitFor(async () => {
      published++;
      for (const channel of channels) await publish(channel, 'x');
      return listener.messages.length > 0;
    });
    expect([...new Set(listener.messages)]).toEqual([`${kept} x`]);
    expect(listener.messages.length).toBeLessThanOrEqual(published);
    source.remove(kept);
    await waitFor(async () => (await subscribed(channels)) === 0);
  });

  it('ten thousand channels are subscribed to and left in seconds', async () => {
    const { source, subscribed } = begin(await make());
    const channels = names(10_000, 'many');
    for (const channel of channels) source.add([channel]);
    await waitFor(
      () => listener.ups.size === channels.length,
      () => `${listener.ups.size} are up`,
      30_000,
    );
    expect(await subscribed(channels)).toBe(channels.length);
    for (const channel of channels) source.remove(channel);
    await waitFor(async () => (await subscribed(channels)) === 0, undefined, 30_000);
  });
});

describe('ChannelSource on Redis', () => {
  it.each<[string, Env]>([
    ['plain', {}],
    ['sharded', SHARDED],
  ])('%s: after a lost connection, all channels are reported lost, and up again', async (_, env) => {
    const { source, server, publish } = begin(await onServer(env));
    const channels = names(1_200);
    source.add(channels);
    await waitFor(() => listener.ups.size === channels.length);
    await server.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await waitFor(() => listener.downs.size === channels.length);
    expect(source.status.up).toBe(false);
    source.add(['enriched:later']);
    source.remove(channels[0]!);
    await waitFor(() => listener.ups.get(channels[1]!) === 2 && listener.ups.has('enriched:later'));
    expect(listener.ups.get(channels[0]!)).toBe(1);
    await publish(channels[0]!, 'no');
    await publish('enriched:later', 'yes');
    await waitFor(() => listener.messages.length === 1);
    expect(listener.messages).toEqual(['enriched:later yes']);
  });

  it('a channel that may not be read is reported, and subscribed to once it may', async () => {
    const { source, server } = begin(await onServer({}));
    source.add(['enriched:a']);
    await waitFor(() => listener.ups.has('enriched:a'));
    await server.client.call('ACL', 'SETUSER', 'default', 'resetchannels', '&enriched:a', '&socket-gateway*');
    source.add(['enriched:b']);
    await waitFor(
      () => source.status.reason?.includes('NOPERM'),
      () => JSON.stringify(source.status),
    );
    await server.client.call('ACL', 'SETUSER', 'default', 'allchannels');
    await waitFor(() => listener.ups.has('enriched:b'));
    await waitFor(
      () => source.status.up,
      () => JSON.stringify(source.status),
    );
  });

  it('a channel is up although others keep being added', async () => {
    const { source } = begin(await onServer({}));
    let added = 0;
    const stop = repeat(() => source.add([`enriched:user:${added++}`]), 1);
    try {
      await waitFor(() => listener.ups.size > 100 && listener.ups.has('enriched:user:0'));
    } finally {
      stop();
    }
    await waitFor(() => listener.ups.size === added);
  });

  it('channels that are refused do not hold up others', async () => {
    const { source, server } = begin(await onServer({}));
    await server.client.call('ACL', 'SETUSER', 'default', 'resetchannels', '&enriched:*', '&socket-gateway*');
    source.add([...names(500).map((name) => `refused:${name}`), 'enriched:allowed']);
    await waitFor(() => listener.ups.has('enriched:allowed'));
    await waitFor(
      () => !source.status.up && source.status.reason?.includes('NOPERM'),
      () => JSON.stringify(source.status),
    );
    await server.client.call('ACL', 'SETUSER', 'default', 'allchannels');
    await waitFor(() => listener.ups.size === 501);
    await waitFor(
      () => source.status.up,
      () => JSON.stringify(source.status),
    );
  });

  it('the channels of a slot that moves to another node are subscribed to there', async () => {
    const { source, cluster, publish } = begin(await onCluster(SHARDED));
    const channels = names(30);
    source.add(channels);
    await waitFor(() => listener.ups.size === channels.length);
    const [moved] = channels as [string];
    const from = await cluster.ownerOf(moved);
    const to = cluster.nodes.find((node) => node !== from)!;
    const slot = await cluster.nodes[0]!.client.cluster('KEYSLOT', moved);
    const id = String(await to.client.cluster('MYID'));
    for (const node of [to, from, ...cluster.nodes]) await node.client.cluster('SETSLOT', slot, 'NODE', id);
    await waitFor(() => listener.ups.get(moved) === 2, undefined, 15_000);
    expect([...listener.downs]).toEqual([moved]);
    for (const channel of channels) await publish(channel, 'last');
    await waitFor(() => listener.messages.length === channels.length);
    expect(listener.messages.sort()).toEqual(channels.map((channel) => `${channel} last`).sort());
    for (const channel of channels) expect(listener.ups.get(channel)).toBe(channel === moved ? 2 : 1);
  });

  it('the channels of a node that is gone for a while are up again with it', async () => {
    const { source, cluster, publish } = begin(await onCluster(SHARDED));
    const channels = names(30);
    source.add(channels);
    await waitFor(() => listener.ups.size === channels.length);
    const node = await cluster.ownerOf(channels[0]!);
    await node.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await waitFor(() => listener.downs.has(channels[0]!));
    await waitFor(() => listener.ups.get(channels[0]!) === 2);
    await publish(channels[0]!, 'after');
    await waitFor(() => listener.messages.length === 1);
  });
});
