import { connectRedis, describeRedisError } from '../src/redis/redis-client.js';
import { FEED_CHANNELS } from '../src/feed/channels.js';
import type { FeedSource } from '../src/feed/feed-source.js';
import { MemoryFeed } from '../src/feed/memory-feed.js';
import { RedisFeed } from '../src/feed/redis-feed.js';
import { RateLimitedLog } from '../src/logging/rate-limited-log.js';
import { RedisServer } from './support/redis-server.js';
import { waitFor } from './support/wait.js';

interface Subject {
  readonly feed: FeedSource;
  publish(channel: string, data: string): Promise<void>;
  stop(): Promise<void>;
}

const silent = new RateLimitedLog({ warn: () => undefined });
const redisFeed = (url: string) =>
  new RedisFeed(connectRedis(url, 'feed', 'test', silent), describeRedisError);

const implementations: Record<string, () => Promise<Subject>> = {
  memory: () => {
    const feed = new MemoryFeed();
    return Promise.resolve({
      feed,
      publish: (channel, data) => Promise.resolve(feed.publish(channel, data)),
      stop: () => feed.stop(),
    });
  },
  redis: async () => {
    const server = await RedisServer.start();
    const feed = redisFeed(server.url);
    return {
      feed,
      publish: async (channel, data) => void (await server.client.publish(channel, data)),
      stop: async () => {
        await feed.stop();
        await server.stop();
      },
    };
  },
};

class Listener {
  readonly messages: [string, string][] = [];
  ups = 0;
  message(channel: string, data: string): void {
    this.messages.push([channel, data]);
  }
  up(): void {
    this.ups++;
  }
}

describe.each(Object.entries(implementations))('FeedSource: %s', (_, make) => {
  it('hands over every message of its channels untouched and in order, until stopped', async () => {
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
    expect(listener.messages).toEqual(sent);

    await feed.stop();
    expect(feed.status.up).toBe(false);
    await publish(FEED_CHANNELS[0]!, 'too late');
    expect(listener.messages).toHaveLength(sent.length);
    await stop();
  });
});

describe('RedisFeed', () => {
  let server: RedisServer;
  let feed: RedisFeed;
  let listener: Listener;

  beforeEach(async () => {
    server = await RedisServer.start();
    feed = redisFeed(server.url);
    listener = new Listener();
    feed.start(FEED_CHANNELS, listener);
    await waitFor(() => feed.status.up);
  });
  afterEach(async () => {
    await feed.stop();
    await server.stop();
  });

  it('subscribes anew when its connection is killed, and says it is up again', async () => {
    await server.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await waitFor(() => !feed.status.up, 'it never noticed');
    await waitFor(() => listener.ups === 2);
    await server.client.publish(FEED_CHANNELS[0]!, 'after');
    await waitFor(() => listener.messages.length === 1);
  });

  it('says why it is down while Redis is away, and comes back with it', async () => {
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

  it('notices a Redis that is frozen with its connections open, and comes back when it thaws', async () => {
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

  it('names a channel it may not read, and subscribes once it may', async () => {
    await server.client.call('ACL', 'SETUSER', 'default', 'resetchannels');
    await server.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await waitFor(
      () => feed.status.reason?.includes('NOPERM'),
      () => JSON.stringify(feed.status),
    );
    await server.client.call('ACL', 'SETUSER', 'default', 'allchannels');
    await waitFor(() => feed.status.up);
  });
});
