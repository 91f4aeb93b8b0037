import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import type { Socket } from 'socket.io-client';
import { loadConfig } from '../../../src/config/gateway-config.js';
import { redisPorts } from '../../../src/app/redis-ports.js';
import { cleanUp } from '../../support/cleanup.js';
import { redisClient } from '../../support/redis-client.js';
import { RedisServer } from '../../support/redis-server.js';
import { openSocket } from '../../support/socket.js';
import { REPLICA_EVENT } from '../../../src/transports/socket-io/socket-server.js';
import { waitFor } from '../../support/wait.js';

/** A Socket.IO server with the gateway's adapter, and one client. */
interface Replica {
  readonly server: Server;
  readonly client: Socket;
  /** The messages that came from other replicas. */
  readonly heard: unknown[];
  /** The reasons for which messages were dropped. */
  readonly dropped: string[];
}

const REQUESTS = 'socket-gateway:adapter:socket-gateway-request#/#';
const RESPONSES = 'socket-gateway:adapter:socket-gateway-response#/#';

let redis: RedisServer;
beforeAll(async () => void (redis = await RedisServer.start()));
afterAll(() => redis.stop());

async function start(env: Readonly<Record<string, string>> = {}): Promise<Replica> {
  const ports = redisPorts(loadConfig({ REDIS_URL: redis.url, ...env }), { warn: () => undefined });
  const dropped: string[] = [];
  const http = createServer();
  const server = new Server(http, { adapter: ports.adapter((reason) => dropped.push(reason)) });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const heard: unknown[] = [];
  server.on(REPLICA_EVENT, (message: unknown) => heard.push(message));
  const client = openSocket(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, {
    transports: ['websocket'],
    auth: { token: 'a-secret-token' },
  });
  cleanUp(async () => {
    client.disconnect();
    await server.close();
    await ports.close();
  });
  await waitFor(() => client.connected);
  return { server, client, heard, dropped };
}

const listeners = async (channel: string) =>
  Number(((await redis.client.pubsub('NUMSUB', channel)) as [string, number])[1]);

/** Records the messages that are published until `condition` holds after `work`. */
async function published(
  work: () => void,
  condition: () => boolean,
): Promise<[channel: string, message: Buffer][]> {
  const spy = redisClient({ port: redis.port, disconnectTimeout: 100 });
  const heard: [string, Buffer][] = [];
  spy.on('pmessageBuffer', (_, channel: Buffer, message: Buffer) =>
    heard.push([channel.toString(), message]),
  );
  await spy.psubscribe('*');
  work();
  await waitFor(() => heard.length > 0 && condition());
  spy.disconnect();
  return [...heard]; // more messages may arrive until the connection is closed
}

describe('replicas with the same SECRET_KEY', () => {
  let one: Replica;
  let two: Replica;
  beforeAll(async () => {
    [one, two] = await Promise.all([start(), start()]);
    await waitFor(async () => (await listeners(REQUESTS)) === 2);
  });

  it('send a message to each other, once and not to themselves', async () => {
    const messages = await published(
      () => one.server.serverSideEmit(REPLICA_EVENT, { n: 1 }),
      () => two.heard.length > 0,
    );
    expect(messages.map(([channel]) => channel)).toEqual([REQUESTS]);
    two.server.serverSideEmit(REPLICA_EVENT, { n: 2 });
    await waitFor(() => one.heard.length > 0);
    expect([one.heard, two.heard]).toEqual([[{ n: 2 }], [{ n: 1 }]]);
    expect([...one.dropped, ...two.dropped]).toEqual([]);
  });

  it('drop a replayed message, on the same channel or another one', async () => {
    const before = two.heard.length;
    const messages = await published(
      () => one.server.serverSideEmit(REPLICA_EVENT, { n: 3 }),
      () => two.heard.length > before,
    );
    expect(messages).toHaveLength(1);
    for (const [, message] of messages) {
      await redis.client.publish(REQUESTS, message);
      await redis.client.publish(RESPONSES, message);
    }
    const expected = ['replay', 'signature'];
    await waitFor(
      () => two.dropped.length === expected.length && one.dropped.length === expected.length,
      () => JSON.stringify([one.dropped, two.dropped]),
    );
    expect([...two.dropped].sort()).toEqual(expected);
    expect([...one.dropped].sort()).toEqual(expected);
    expect(two.heard).toHaveLength(before + 1);
    one.dropped.length = two.dropped.length = 0;
  });

  it.each([
    ['socketsJoin', () => one.server.socketsJoin('x')],
    ['socketsLeave', () => one.server.socketsLeave('x')],
    ['disconnectSockets', () => one.server.disconnectSockets(true)],
    ['another event', () => one.server.serverSideEmit('x', {})],
    ['a message that is no object', () => one.server.serverSideEmit(REPLICA_EVENT, 'x')],
    ['emit', () => one.server.emit('x')],
  ])('do not send requests that they would not accept: %s', (_, call) => {
    expect(call).toThrow(/cross replicas/);
  });

  it('do not ask each other for sockets', async () => {
    await expect(one.server.fetchSockets()).rejects.toThrow(/cross replicas/);
    expect([one.client.connected, two.client.connected]).toEqual([true, true]);
  });
});

it.each([
  ["SECRET_KEY drop and count each other's messages", { SECRET_KEY: 'x'.repeat(32) }, ['signature']],
  ["SERVICE_NAME do not receive each other's messages", { SERVICE_NAME: 'other' }, []],
  ["CHANNEL_PREFIX do not receive each other's messages", { CHANNEL_PREFIX: 'b:' }, []],
])('replicas with another %s', async (_, env, dropped) => {
  const before = await listeners(REQUESTS);
  const [one, same, other] = await Promise.all([start(), start(), start(env)]);
  await waitFor(async () => (await listeners(REQUESTS)) === before + 2 + dropped.length);
  one.server.serverSideEmit(REPLICA_EVENT, { n: 1 });
  await waitFor(() => same.heard.length === 1);
  await waitFor(() => other.dropped.length === dropped.length);
  expect([other.heard, other.dropped, same.dropped]).toEqual([[], dropped, []]);
});
