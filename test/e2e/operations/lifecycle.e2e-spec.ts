import 'reflect-metadata';
import { loadConfig } from '../../../src/config/gateway-config.js';
import { chainRoom, GENERAL_ROOM, productRoom } from '../../../src/contract/index.js';
import { createGateway, type Gateway } from '../../../src/app/create-gateway.js';
import { type GatewayServer, SOCKET_SERVER } from '../../../src/transports/socket-io/socket-server.js';
import { createLogger } from '../../../src/logging/logger.js';
import { memoryPorts } from '../../../src/app/memory-ports.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { chain, EXPIRY, STRIKES, underlying } from '../../support/messages.js';
import { OPTION_CHAIN, UNDERLYING } from '../../support/platform.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

const SYMBOLS = ['NIFTY', 'BANKNIFTY', 'M&M', 'BAJAJ-AUTO', 'TSLA'];

/** How many clients act at the same time. More would only load the machine. */
const AT_ONCE = 50;

async function inGroups<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(start, start + AT_ONCE).map(work))));
  }
  return results;
}

/** A client with its subscriptions: a product, all chains of the product, and one of the chains. */
class Member {
  readonly ownRooms: readonly string[];

  private constructor(
    readonly client: TestClient,
    readonly symbol: string,
  ) {
    this.ownRooms = [productRoom(symbol), chainRoom(symbol), chainRoom(symbol, EXPIRY)];
  }

  /** Connects one client for each of the transports. */
  static connectAll(url: string, transports: readonly string[]): Promise<Member[]> {
    const plan = transports.map((transport, index) => ({
      transport,
      symbol: SYMBOLS[index % SYMBOLS.length]!,
    }));
    return inGroups(
      plan,
      async ({ transport, symbol }) =>
        new Member(await TestClient.connect(url, TRANSPORTS[transport]), symbol),
    );
  }

  async askAll(event: 'subscribe' | 'unsubscribe'): Promise<void> {
    const { client, symbol } = this;
    expect((await client.ask(event, { type: 'product', symbol })).ok).toBe(true);
    expect((await client.ask(event, { type: 'chain', symbol })).ok).toBe(true);
    expect((await client.ask(event, { type: 'chain', symbol, expiry: EXPIRY })).ok).toBe(true);
  }

  async leaveGeneral(): Promise<void> {
    expect((await this.client.ask('unsubscribe', { type: 'general' })).ok).toBe(true);
  }
}

/** Half of the clients disconnect properly. The connections of the others just end. */
function leave(members: readonly Member[]): void {
  members.forEach(({ client }, index) => {
    if (index % 2 === 0) client.close();
    else client.socket.io.engine.close();
  });
}

/** The expected response of `/metrics` if each client is in these rooms. */
function metricsOf(roomsOfEach: readonly (readonly string[])[]) {
  const rooms: Record<string, number> = {};
  for (const room of roomsOfEach.flat()) rooms[room] = (rooms[room] ?? 0) + 1;
  return { total_clients: roomsOfEach.length, rooms };
}

const NOBODY = { total_clients: 0, rooms: {} };

describe('500 clients that connect and disconnect', () => {
  const CLIENTS = 500;
  const GAUGES = [
    'socket_gateway_connections',
    'socket_gateway_rooms{kind="general"}',
    'socket_gateway_rooms{kind="product"}',
    'socket_gateway_rooms{kind="chain"}',
    'socket_gateway_room_members{kind="general"}',
    'socket_gateway_room_members{kind="product"}',
    'socket_gateway_room_members{kind="chain"}',
  ];

  let redis: RedisServer;
  let gateway: GatewayProcess;
  let members: Member[] = [];

  beforeAll(async () => {
    redis = await RedisServer.start();
    gateway = await GatewayProcess.start({ REDIS_URL: redis.url });
  });

  afterAll(async () => {
    for (const { client } of members) client.close();
    await gateway?.stop();
    await redis?.stop();
  });

  const metrics = () => gateway.json<typeof NOBODY>('/metrics');
  const gauges = () => Promise.all(GAUGES.map((gauge) => gateway.metric(gauge)));
  const remaining = (clients: number) =>
    waitFor(
      async () => (await metrics()).total_clients === clients,
      `the clients that left are still counted`,
      30_000,
    );

  it.each([1, 2])('leave no client, room or gauge behind, round %d', async (round) => {
    expect(await metrics()).toStrictEqual(NOBODY);

    const transports = Array.from({ length: CLIENTS }, (_, index) =>
      index % 5 === 4 ? 'polling' : 'websocket',
    );
    // Shuffled against the order of the products, or all polling clients would subscribe to the
    // same product.
    transports.sort();
    members = await Member.connectAll(gateway.url, transports);
    expect(new Set(members.map(({ client }) => client.socket.id)).size).toBe(CLIENTS);
    expect(await metrics()).toStrictEqual(metricsOf(members.map(() => [GENERAL_ROOM])));

    await inGroups(members, (member) => member.askAll('subscribe'));
    expect(await metrics()).toStrictEqual(
      metricsOf(members.map(({ ownRooms }) => [GENERAL_ROOM, ...ownRooms])),
    );
    expect(await gauges()).toEqual([CLIENTS, 1, 5, 10, CLIENTS, CLIENTS, 2 * CLIENTS]);

    const gone = members.slice(0, CLIENTS / 2);
    const left = members.slice(CLIENTS / 2);
    await inGroups(gone, async (member) => {
      await member.askAll('unsubscribe');
      await member.leaveGeneral();
    });
    expect(await metrics()).toStrictEqual(
      metricsOf([...gone.map(() => []), ...left.map(({ ownRooms }) => [GENERAL_ROOM, ...ownRooms])]),
    );

    // A client in general and in two rooms of the chain receives each update once, and a client in
    // no room receives none.
    for (const member of members) member.client.clear();
    await redis.client.publish(UNDERLYING, JSON.stringify(underlying('NIFTY', round)));
    await redis.client.publish(OPTION_CHAIN, JSON.stringify(chain('NIFTY', round)));
    await Promise.all(left.map(({ client }) => client.next('chain_summary')));
    await inGroups(members, ({ client }) => client.settled());
    for (const { client } of gone) expect(client.counts()).toEqual({ products: 1 });
    for (const { client, symbol } of left) {
      expect(client.all('underlying_update')).toStrictEqual([underlying('NIFTY', round)]);
      expect(client.all('chain_summary')).toHaveLength(1);
      expect(client.all('chain_update')).toStrictEqual(
        symbol === 'NIFTY' ? [{ ...chain('NIFTY', round), strikes: STRIKES }] : [],
      );
    }

    leave(gone);
    await remaining(left.length);
    expect(await metrics()).toStrictEqual(metricsOf(left.map(({ ownRooms }) => [GENERAL_ROOM, ...ownRooms])));

    leave(left);
    await remaining(0);
    expect(await metrics()).toStrictEqual(NOBODY);
    expect(await gauges()).toEqual(GAUGES.map(() => 0));
    expect(await gateway.metric('socket_gateway_connections_total')).toBe(CLIENTS * round);
    const lines = (msg: string) => gateway.logs.filter((line) => line.msg === msg).length;
    await waitFor(() => lines('client_disconnected') === CLIENTS * round, 'not every disconnect was logged');
    expect(lines('client_connected')).toBe(CLIENTS * round);
    expect(gateway.logs.filter(({ level = 0 }) => level >= 40)).toEqual([]);
    expect(gateway.exitCode).toBeNull();
  });
});

describe('clients whose network vanishes', () => {
  let redis: RedisServer;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    redis = await RedisServer.start();
    gateway = await GatewayProcess.start({
      REDIS_URL: redis.url,
      PING_INTERVAL_MS: '5000',
      PING_TIMEOUT_MS: '5000',
    });
  });

  afterAll(async () => {
    await gateway?.stop();
    await redis?.stop();
  });

  it('are removed after the ping timeout, with their rooms', async () => {
    const handshake = `${gateway.url}/socket.io/?EIO=4&transport=polling`;
    // Without the stock client, because it would reply to the pings.
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const { sid } = JSON.parse((await (await fetch(handshake)).text()).slice(1)) as { sid: string };
        const url = `${handshake}&sid=${sid}`;
        await fetch(url, { method: 'POST', body: '40' });
        await waitFor(
          async () => (await (await fetch(url)).text()).includes('"connected"'),
          'no greeting came',
        );
        await fetch(url, { method: 'POST', body: '42["subscribe",{"type":"product","symbol":"NIFTY"}]' });
      }),
    );
    const count = (msg: string) => gateway.logs.filter((line) => line.msg === msg).length;
    await waitFor(() => count('client_subscribed') === 20, 'they never came');
    await waitFor(
      async () => (await gateway.json('/metrics')).total_clients === 0,
      'they never went',
      30_000,
    );
    expect(await gateway.json('/metrics')).toStrictEqual(NOBODY);
    expect(await gateway.metric('socket_gateway_disconnects_total{reason="ping timeout"}')).toBe(20);
  });
});

describe('a gateway in the process of this test', () => {
  let gateway: Gateway;
  let members: Member[] = [];
  const config = loadConfig({
    NODE_ENV: 'test',
    PORT: '0',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'silent',
    DRAIN_TIMEOUT_MS: '0',
    MAX_EVENT_LOOP_DELAY_MS: '0', // the machine may stall
  });
  const ports = memoryPorts(config);

  beforeAll(async () => {
    gateway = await createGateway(config, ports, createLogger(config));
  });

  afterAll(async () => {
    for (const { client } of members) client.close();
    await gateway?.close();
  });

  const listenersOf = (emitter: NodeJS.EventEmitter): Record<string, number> =>
    Object.fromEntries(emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]));

  it.each([1, 2])('keeps no data of 50 clients that connected and disconnected, round %d', async (round) => {
    const server = gateway.app.get<GatewayServer>(SOCKET_SERVER);
    const http = gateway.app.getHttpServer() as NodeJS.EventEmitter;
    const held = () => ({
      sockets: server.sockets.sockets.size,
      rooms: server.sockets.adapter.rooms.size,
      sids: server.sockets.adapter.sids.size,
      connections: server.engine.clientsCount,
      http: listenersOf(http),
      engine: listenersOf(server.engine),
      namespace: listenersOf(server.sockets),
      process: listenersOf(process),
    });
    const before = held();
    expect(before).toMatchObject({ sockets: 0, rooms: 0, sids: 0, connections: 0 });

    const kinds = Object.keys(TRANSPORTS);
    members = await Member.connectAll(
      `http://127.0.0.1:${gateway.port}`,
      Array.from({ length: 50 }, (_, index) => kinds[index % kinds.length]!),
    );
    await inGroups(members, (member) => member.askAll('subscribe'));
    expect(held()).toMatchObject({ sockets: 50, sids: 50, connections: 50 });
    // one room per socket, general, and the rooms of the subscriptions
    expect(server.sockets.adapter.rooms.size).toBe(50 + 1 + 3 * SYMBOLS.length);

    ports.feed.publish(UNDERLYING, JSON.stringify(underlying('NIFTY', round)));
    await inGroups(members, ({ client }) =>
      waitFor(() => client.all('underlying_update').some(({ price }) => price === round)),
    );
    await inGroups(members.slice(25), (member) => member.askAll('unsubscribe'));
    leave(members);
    await waitFor(() => server.engine.clientsCount === 0, 'connections are left');
    await waitFor(() => server.sockets.adapter.sids.size === 0, 'sockets are left');
    expect(held()).toEqual(before);
  });

  it('stops listening and disconnects every client when it is closed', async () => {
    const server = gateway.app.get<GatewayServer>(SOCKET_SERVER);
    members = await Member.connectAll(`http://127.0.0.1:${gateway.port}`, ['websocket', 'polling']);
    await gateway.close();
    await Promise.all(members.map(({ client }) => waitFor(() => client.disconnects.length === 1)));
    await waitFor(() => server.sockets.adapter.sids.size === 0, 'sockets are left');
    expect(server.engine.clientsCount).toBe(0);
    await expect(fetch(`http://127.0.0.1:${gateway.port}/health/live`)).rejects.toThrow();
    await expect(gateway.close()).resolves.toBeUndefined(); // a second call has no effect
  });
});
