import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { RecordedMessage } from '../../../tools/recording/recording.js';
import { parseTimestamp } from '../../../src/contract/timestamp.js';
import { Command } from '../../support/command.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { underlying } from '../../support/messages.js';
import { OPTION_CHAIN, UNDERLYING } from '../../support/platform.js';
import { RedisCluster } from '../../support/redis-cluster.js';
import { RedisSentinels } from '../../support/redis-sentinels.js';
import { RedisServer } from '../../support/redis-server.js';
import { startTlsRedis } from '../../support/redis-tls.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { TestClient } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

const TOOLS = join(__dirname, '../../../dist/tools');
const RECORD = join(TOOLS, 'record.js');
const FEED = join(TOOLS, 'feed.js');

let folder: string;
let redis: RedisServer;
let files = 0;
beforeAll(async () => {
  folder = await temporaryFolder();
  redis = await RedisServer.start();
});
afterAll(() => redis.stop());

const newFile = (suffix = '.jsonl') => join(folder, `${++files}${suffix}`);

/** Starts a program of `tools/`, which sees only the given settings. */
const start = (program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  Command.spawn(process.execPath, [program, ...args], { env: { PATH: process.env.PATH, ...env } });

/** Starts to record, and waits until it is subscribed. */
async function recordTo(
  file: string,
  env: Readonly<Record<string, string>> = { REDIS_URL: redis.url },
  ...flags: readonly string[]
): Promise<Command> {
  const recorder = start(RECORD, [file, ...flags], env);
  await recorder.until(() => recorder.output.includes('Recording'));
  return recorder;
}

async function messagesIn(file: string): Promise<RecordedMessage[]> {
  const bytes = await readFile(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as RecordedMessage);
}

describe('npm run record', () => {
  it.each(['.jsonl', '.jsonl.gz'])(
    'writes every message byte for byte to %s, until SIGINT',
    async (suffix) => {
      const file = newFile(suffix);
      const recorder = await recordTo(file);
      const data = ['{"price": 1.0}', 'not {json', 'a \u20ac\n"quote"\u2028', ''];
      for (const text of data) await redis.client.publish(UNDERLYING, text);
      await redis.client.publish('other', 'is not recorded');
      await redis.client.publish(OPTION_CHAIN, 'a chain');
      expect(await recorder.end('SIGINT')).toBe(0);
      const messages = await messagesIn(file);
      expect(messages.map(({ channel, data: text }) => [channel, text])).toEqual([
        ...data.map((text) => [UNDERLYING, text]),
        [OPTION_CHAIN, 'a chain'],
      ]);
      const times = messages.map(({ t }) => t);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(recorder.output).toMatch(/^Stopped\. 5 messages in \d+ s, 0\.0 MB in /m);
    },
  );

  it('stops by itself after a duration, and at a size', async () => {
    const short = await recordTo(newFile(), { REDIS_URL: redis.url }, '--duration', '0.5');
    expect(await short.exit()).toBe(0);
    const file = newFile();
    const small = await recordTo(file, { REDIS_URL: redis.url }, '--max-size', '0.01');
    const feed = start(FEED, ['--rate', '20', '--redis', redis.url]);
    expect(await small.exit()).toBe(0);
    expect(await feed.end('SIGTERM')).toBe(0);
    expect(small.output).toContain('Stopped, for the file has reached its size.');
    expect((await readFile(file)).length).toBeGreaterThanOrEqual(10_000);
    await messagesIn(file);
  });

  it('goes on after Redis was away, and says that messages are missing', async () => {
    const own = await RedisServer.start();
    const file = newFile();
    const recorder = await recordTo(file, { REDIS_URL: own.url });
    await own.client.publish(UNDERLYING, 'before');
    await waitFor(async () => (await messagesIn(file)).length === 1);
    await own.kill();
    await recorder.until(() => recorder.output.includes('The feed is lost; messages are missing'));
    await own.restart();
    await recorder.until(() => recorder.output.includes('The feed is back.'));
    await own.client.publish(UNDERLYING, 'after');
    await waitFor(async () => (await messagesIn(file)).length === 2);
    expect(await recorder.end('SIGTERM')).toBe(0);
    expect((await messagesIn(file)).map(({ data }) => data)).toEqual(['before', 'after']);
    await own.stop();
  });

  it('says why it cannot start', async () => {
    const file = newFile();
    await writeFile(file, 'kept');
    const problems: [string[], string, number][] = [
      [[file], `${file} exists already.`, 2],
      [[join(folder, 'no/such/folder')], 'cannot be created: ENOENT', 2],
      [[], 'One file to write is needed', 2],
      [
        [newFile(), '--redis', 'redis://127.0.0.1:1/0'],
        'Redis at redis://127.0.0.1:1/0 cannot be reached',
        1,
      ],
    ];
    for (const [args, problem, code] of problems) {
      const recorder = start(RECORD, args, { REDIS_URL: redis.url });
      expect(await recorder.exit()).toBe(code);
      expect(recorder.output).toContain(problem);
      expect(recorder.output.trim().split('\n')).toHaveLength(1);
    }
    expect(await readFile(file, 'utf8')).toBe('kept');
  });

  it('ends with an error when the disk is full, and leaves a file of whole lines', async () => {
    const file = newFile();
    // The limit of a file's size fails a write in its middle, as a full disk does.
    const script = `trap '' XFSZ; ulimit -f 40; exec "$0" "$@"`;
    const recorder = Command.spawn('bash', ['-c', script, process.execPath, RECORD, file], {
      env: { PATH: process.env.PATH, REDIS_URL: redis.url },
    });
    await recorder.until(() => recorder.output.includes('Recording'));
    const feed = start(FEED, ['--rate', '20', '--redis', redis.url]);
    expect(await recorder.exit()).toBe(1);
    expect(await feed.end('SIGTERM')).toBe(0);
    expect(recorder.output).toMatch(/cannot be written: .+ \d+ messages in .+, \d+ not recorded\.\n$/);
    const [, count] = /(\d+) messages in/.exec(recorder.output)!;
    expect(await messagesIn(file)).toHaveLength(Number(count));

    const device = await recordTo('/dev/full');
    await redis.client.publish(UNDERLYING, 'x');
    expect(await device.exit()).toBe(1);
    expect(device.output).toContain('/dev/full cannot be written: the disk is full.');
  });
});

describe('npm run record with every kind of REDIS_URL', () => {
  /** Records one message, published by `publish`. */
  async function recordsOne(
    env: Readonly<Record<string, string>>,
    publish: (data: string) => Promise<unknown>,
  ): Promise<void> {
    const file = newFile();
    const recorder = await recordTo(file, env);
    await publish('one');
    await waitFor(async () => (await messagesIn(file)).length > 0, 'nothing is recorded');
    expect(await recorder.end('SIGTERM')).toBe(0);
    // Without the prefix, so that a feed can add its own.
    expect(await messagesIn(file)).toEqual([{ t: expect.any(Number), channel: UNDERLYING, data: 'one' }]);
  }

  it('a server with a password and prefixes', async () => {
    const own = await RedisServer.start([], 'hunter2');
    const env = {
      REDIS_URL: `redis://127.0.0.1:${own.port}/3`,
      REDIS_PASSWORD: 'hunter2',
      CHANNEL_PREFIX: 'b:',
      KEY_PREFIX: 'b:',
    };
    await recordsOne(env, async (data) => {
      await own.client.publish(UNDERLYING, 'of another environment');
      await own.client.publish(`b:${UNDERLYING}`, data);
    });
    await own.stop();
  });

  it('a server with TLS', async () => {
    const { server, url, ca } = await startTlsRedis();
    await recordsOne({ REDIS_URL: url, REDIS_TLS_CA: ca }, (data) => server.client.publish(UNDERLYING, data));
    await server.stop();
  });

  it('sentinels', async () => {
    const sentinels = await RedisSentinels.start('sentinel-secret');
    await recordsOne({ REDIS_URL: sentinels.url, REDIS_SENTINEL_PASSWORD: 'sentinel-secret' }, (data) =>
      sentinels.client.publish(UNDERLYING, data),
    );
    await sentinels.stop();
  });

  it('a cluster, also with sharded pub/sub', async () => {
    const cluster = await RedisCluster.start();
    await recordsOne({ REDIS_URL: cluster.url }, (data) => cluster.client.publish(UNDERLYING, data));
    await recordsOne({ REDIS_URL: cluster.url, REDIS_SHARDED_PUBSUB: 'true' }, (data) =>
      cluster.client.spublish(UNDERLYING, data),
    );
    await cluster.stop();
  });
});

describe('npm run feed --replay', () => {
  it('plays what was recorded, in a loop, as if it were live', async () => {
    const file = newFile('.jsonl.gz');
    const recorder = await recordTo(file, { REDIS_URL: redis.url, CHANNEL_PREFIX: 'old:' });
    // Times in the past and of a clock that is not this machine's.
    for (let n = 1; n <= 20; n++) {
      await redis.client.publish(`old:${UNDERLYING}`, JSON.stringify(underlying('LOOPED', n)));
    }
    expect(await recorder.end('SIGTERM')).toBe(0);

    const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, CHANNEL_PREFIX: 'new:' });
    await gateway.ready();
    const client = await TestClient.connect(gateway.url);
    const before = Date.now();
    const replay = ['--replay', file, '--speed', '10', '--loop'];
    const feed = start(FEED, replay, { REDIS_URL: redis.url, CHANNEL_PREFIX: 'new:' });
    await client.next('underlying_update', 70);
    expect(await feed.end('SIGINT')).toBe(0);
    await client.settled();
    const updates = client.all('underlying_update');
    const prices = Array.from({ length: 20 }, (_, i) => i + 1);
    expect(updates.slice(0, 60).map(({ price }) => price)).toEqual([...prices, ...prices, ...prices]);
    const times = updates.map(({ timestamp }) => parseTimestamp(timestamp)! / 1000);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(before - 1000);
    expect(times.at(-1)).toBeLessThanOrEqual(Date.now());
    for (const reason of ['older', 'repeated']) {
      expect(await gateway.metric(`socket_gateway_feed_${reason}_total{kind="underlying"}`)).toBe(0);
    }
    client.close();
    expect(await gateway.stop()).toBe(0);
  });

  it('names a broken line before it publishes anything', async () => {
    const file = newFile();
    const line = JSON.stringify({ t: 0, channel: UNDERLYING, data: '{}' });
    await writeFile(file, `${line}\n${line}\n{"t": 1, "chan`);
    const feed = start(FEED, ['--replay', file, '--redis', redis.url]);
    expect(await feed.exit()).toBe(2);
    expect(feed.output).toBe(`${file}: line 3: it is not JSON.\n`);
  });
});
