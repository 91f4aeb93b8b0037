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
import { waitFor } from '../../support/wait.js';

/** A Socket.IO server with the gateway's adapter, and one client. */
interface Replica {
  readonly server: Server;
  readonly client: Socket;
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
  return { server, client, dropped };
}

const listeners = async (channel: string) =>
  Number(((await redis.client.pubsub('NUMSUB', channel)) as [string, number])[1]);

/** Records the two messages that are published while `work` runs. */
async function published(work: () => Promise<unknown>): Promise<[channel: string, message: Buffer][]> {
  const spy = redisClient({ port: redis.port, disconnectTimeout: 100 });
  const heard: [string, Buffer][] = [];
  spy.on('pmessageBuffer', (_, channel: Buffer, message: Buffer) =>
    heard.push([channel.toString(), message]),
  );
  await spy.psubscribe('*');
  await work();
  await waitFor(() => heard.length >= 2);
  spy.disconnect();
  return heard.slice(0, 2); // more messages may arrive until the connection is closed
}

describe('replicas with the same SECRET_KEY', () => {
  let one: Replica;
  let two: Replica;
  beforeAll(async () => {
    [one, two] = await Promise.all([start(), start()]);
    await waitFor(async () => (await listeners(REQUESTS)) === 2);
  });

  it("find each other's sockets, without revealing identities to other readers of Redis", async () => {
    const messages = await published(async () => {
      const sockets = await one.server.fetchSockets();
      expect(sockets.map(({ id }) => id).sort()).toEqual([one.client.id, two.client.id].sort());
      expect(sockets.find(({ id }) => id === two.client.id)).toMatchObject({ handshake: {}, data: {} });
    });
    expect(messages.map(([channel]) => channel)).toEqual([REQUESTS, RESPONSES]);
    expect(messages.map(([, message]) => message.toString('latin1')).join()).not.toMatch(/token|127\.0\.0/);
    expect([...one.dropped, ...two.dropped]).toEqual([]);
  });

  it('drop a replayed message, on the same channel or another one', async () => {
    const messages = await published(() => one.server.fetchSockets());
    for (const [, message] of messages) {
      await redis.client.publish(REQUESTS, message);
      await redis.client.publish(RESPONSES, message);
    }
    const expected = ['replay', 'replay', 'signature', 'signature'];
    await waitFor(
      () => two.dropped.length === expected.length && one.dropped.length === expected.length,
      () => JSON.stringify([one.dropped, two.dropped]),
    );
    expect([...two.dropped].sort()).toEqual(expected);
    expect([...one.dropped].sort()).toEqual(expected);
    one.dropped.length = two.dropped.length = 0;
  });

  it.each([
    ['socketsJoin', () => one.server.socketsJoin('x')],
    ['socketsLeave', () => one.server.socketsLeave('x')],
    ['serverSideEmit', () => one.server.serverSideEmit('x')],
    ['emit', () => one.server.emit('x')],
  ])('do not send requests that they would not accept: %s', (_, call) => {
    expect(call).toThrow(/cross replicas/);
  });

  it('disconnect the sockets of a room on all replicas', async () => {
    one.server.in([one.client.id!, two.client.id!]).disconnectSockets(true);
    await waitFor(() => !one.client.connected && !two.client.connected);
  });
});

it.each([
  ["SECRET_KEY drop and count each other's messages", { SECRET_KEY: 'x'.repeat(32) }, ['signature']],
  ["SERVICE_NAME do not receive each other's messages", { SERVICE_NAME: 'other' }, []],
  ["CHANNEL_PREFIX do not receive each other's messages", { CHANNEL_PREFIX: 'b:' }, []],
])('replicas with another %s', async (_, env, dropped) => {
  const before = await listeners(REQUESTS);
  const [one, other] = await Promise.all([start(), start(env)]);
  await waitFor(async () => (await listeners(REQUESTS)) === before + 1 + dropped.length);
  one.server.in(other.client.id!).disconnectSockets(true);
  one.server.in(one.client.id!).disconnectSockets(true);
  await waitFor(() => !one.client.connected);
  await waitFor(() => other.dropped.length === 2 * dropped.length);
  expect(other.client.connected).toBe(true);
  expect(new Set(other.dropped)).toEqual(new Set(dropped));
});
