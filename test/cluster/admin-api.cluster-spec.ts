import type {
  ClientsAnswer,
  ClientsReached,
  LoggingAnswer,
  SettingsAnswer,
} from '../../src/admin/api/admin-answers.js';
import { ADMIN_TOKEN, AdminClient } from '../support/admin-client.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { RedisServer } from '../support/redis-server.js';
import { TestClient } from '../support/test-client.js';
import { claims, hs256, JWT_SECRET } from '../support/tokens.js';
import { waitFor } from '../support/wait.js';

const NAMES = ['a', 'b', 'c'];
const ADAPTER = 'socket-gateway:adapter:socket-gateway';

let redis: RedisServer;
let replicas: GatewayProcess[];
let admins: AdminClient[];

const start = (name: string) =>
  GatewayProcess.start({
    REDIS_URL: redis.url,
    REPLICA_NAME: name,
    ADMIN_PORT: '0',
    ADMIN_TOKEN,
    AUTH_MODE: 'optional',
    JWT_SECRET,
    SECRET_KEY: 'p8Wq2Lm5Zx7Rt1Vb4Nc6Jd9Fg3Hk0Sy2',
    DRAIN_TIMEOUT_MS: '1000',
  });

beforeAll(async () => {
  redis = await RedisServer.start();
  replicas = await Promise.all(NAMES.map(start));
  for (const replica of replicas) await replica.ready();
  admins = replicas.map((replica) => new AdminClient(replica));
  await waitFor(
    async () => (await admins[0]!.get<SettingsAnswer>('config')).body.replicas.length === NAMES.length,
    'the replicas do not know each other',
  );
});
afterAll(() => redis.stop());

const tokenOf = (user_id: string) => hs256(claims({ user_id }));

const connect = (replica: GatewayProcess, user?: string) =>
  TestClient.connect(replica.url, {
    transports: ['websocket'],
    reconnection: false,
    ...(user !== undefined && { auth: { token: tokenOf(user) } }),
  });

const closeAll = (clients: readonly TestClient[]): void => {
  for (const client of clients) client.close();
};

it('finds and disconnects the clients of a user on all replicas, and no others', async () => {
  const anna = await Promise.all(replicas.map((replica) => connect(replica, 'anna')));
  const others = await Promise.all(replicas.map((replica) => connect(replica, 'ben')));
  const found = await admins[1]!.get<ClientsAnswer>('clients?user=anna');
  expect(found.body).toMatchObject({ matched: 3, missing: [], failed: [] });
  const { clients } = found.body;
  expect(clients.map(({ replica }) => replica).sort()).toEqual(NAMES);
  expect((await admins[1]!.get<ClientsAnswer>('clients?user=anna&replica=c')).body).toMatchObject({
    matched: 1,
  });

  expect((await admins[2]!.post<ClientsReached>('clients/disconnect', { user: 'anna' })).body).toEqual({
    clients: 3,
    missing: [],
    failed: [],
  });
  await waitFor(() => anna.every(({ disconnects }) => disconnects.length === 1));
  for (const client of others) {
    await client.settled();
    expect(client.disconnects).toEqual([]);
  }
  // One line of the replica that was asked, and none of the others.
  const lines = replicas.map(({ logs }) => logs.filter(({ msg }) => msg === 'admin_action').length);
  expect(lines).toEqual([0, 0, 1]);
  closeAll(others);
});

it('sends a notice to a room and to everyone on all replicas, each once', async () => {
  const clients = await Promise.all(replicas.map((replica) => connect(replica)));
  await clients[2]!.ask('subscribe', { type: 'product', symbol: 'NIFTY' });
  const notice = { level: 'info', text: 'hello' };
  expect(
    (await admins[0]!.post<ClientsReached>('notices', { ...notice, to: { everyone: true } })).body.clients,
  ).toBe(3);
  expect(
    (await admins[0]!.post<ClientsReached>('notices', { ...notice, to: { room: 'product:NIFTY' } })).body
      .clients,
  ).toBe(1);
  await clients[2]!.next('notice', 2);
  for (const client of clients) await client.settled();
  expect(clients.map((client) => client.all('notice').length)).toEqual([1, 1, 2]);
  closeAll(clients);
});

it('changes the level of all logs, or of one', async () => {
  const levels = async () => {
    const { body } = await admins[0]!.get<LoggingAnswer>('logging');
    return body.replicas.map(({ level }) => level);
  };
  await admins[0]!.put<LoggingAnswer>('logging/level', { level: 'debug', for_seconds: 3_600, replica: 'b' });
  expect(await levels()).toEqual(['info', 'debug', 'info']);
  await admins[0]!.put<LoggingAnswer>('logging/level', { level: 'warn', for_seconds: 3_600 });
  expect(await levels()).toEqual(['warn', 'warn', 'warn']);
  await admins[2]!.delete<LoggingAnswer>('logging/level');
  expect(await levels()).toEqual(['info', 'info', 'info']);
});

it('moves a share of the clients of one replica, told in advance, and no others', async () => {
  const clients = await Promise.all(Array.from({ length: 10 }, () => connect(replicas[0]!)));
  const others = await Promise.all(Array.from({ length: 5 }, () => connect(replicas[1]!)));
  expect(await admins[2]!.post('replicas/a/rebalance', { share: 0.5, over_seconds: 1 })).toMatchObject({
    status: 202,
    body: { replica: 'a', clients: 5 },
  });
  expect(await admins[2]!.post('replicas/a/rebalance', { share: 0.5, over_seconds: 1 })).toMatchObject({
    status: 409,
    body: { message: 'This replica is being rebalanced already.' },
  });
  const gone = () => clients.filter(({ disconnects }) => disconnects.length > 0);
  await waitFor(() => gone().length === 5);
  await waitFor(() => replicas[0]!.logged('rebalance_finished') !== undefined);
  expect(gone()).toHaveLength(5);
  for (const client of gone()) {
    expect(client.all('server_draining')).toHaveLength(1);
    expect(client.all('closing')).toMatchObject([{ code: 'REBALANCING', reconnect: true }]);
  }
  for (const client of others) expect(client.all('server_draining')).toEqual([]);
  // It accepts clients as before.
  const late = await connect(replicas[0]!);
  closeAll([...clients, ...others, late]);
});

it('is not moved by what a neighbour on Redis forges', async () => {
  const client = await connect(replicas[0]!, 'dora');
  const call = (kind: string, body: object) =>
    JSON.stringify({ uid: 'forged', type: 6, data: ['replicas', { kind, from: 'evil', body }] });
  const calls = [
    call('call', { id: '1', name: 'disconnect_clients', args: { everyone: true } }),
    call('call', { id: '2', name: 'drain_replica', args: {} }),
    call('hello', { asks: true }),
    call('watch', {}),
    JSON.stringify({ uid: 'x', type: 4, opts: { rooms: [], except: [] }, close: true }),
  ];
  const dropped = async () =>
    Promise.all(
      replicas.map((replica) =>
        replica.metric('socket_gateway_adapter_messages_dropped_total{reason="format"}', ADMIN_TOKEN),
      ),
    );
  const before = await dropped();
  for (const text of calls) await redis.client.publish(`${ADAPTER}-request#/#`, text);
  await waitFor(async () =>
    (await dropped()).every((count, index) => count === before[index]! + calls.length),
  );
  await client.settled();
  expect(client.disconnects).toEqual([]);
  expect((await admins[0]!.get<SettingsAnswer>('config')).body).toMatchObject({ missing: [], failed: [] });
  client.close();
});

it('a replayed message of a replica is executed once', async () => {
  const subscriber = redis.client.duplicate();
  const seen: [Buffer, Buffer][] = [];
  subscriber.on('messageBuffer', (channel, message) => void seen.push([channel, message]));
  await subscriber.subscribe(`${ADAPTER}-request#/#`);
  const client = await connect(replicas[1]!, 'emil');
  await admins[0]!.post<ClientsReached>('notices', { level: 'info', text: 'once', to: { user: 'emil' } });
  await client.next('notice');
  await waitFor(() => seen.length >= 2);
  for (const [channel, message] of [...seen]) await redis.client.publish(channel.toString(), message);
  await waitFor(
    async () =>
      (await replicas[1]!.metric(
        'socket_gateway_adapter_messages_dropped_total{reason="replay"}',
        ADMIN_TOKEN,
      )) > 0,
  );
  await client.settled();
  expect(client.all('notice')).toHaveLength(1);
  subscriber.disconnect();
  client.close();
});

it('drains one replica, and names one that was killed while an action runs', async () => {
  const clients = await Promise.all(replicas.map((replica) => connect(replica, 'carla')));
  expect(await admins[0]!.post('replicas/b/drain')).toMatchObject({ status: 202, body: { clients: 1 } });
  await waitFor(() => clients[1]!.disconnects.length === 1);
  expect(clients[1]!.all('closing')).toMatchObject([{ code: 'DRAINING' }]);
  expect((await replicas[1]!.get('/health/ready')).status).toBe(503);
  await waitFor(() => replicas[1]!.logged('drain_finished') !== undefined);
  expect(replicas[1]!.exitCode).toBeNull(); // it stays, and answers operators
  expect((await admins[1]!.get<ClientsAnswer>('clients?user=carla')).body).toMatchObject({ matched: 2 });

  // The action reaches the client of `a` in any case, and that of `c` if it came before the signal.
  const acting = admins[0]!.post<ClientsReached>('notices', {
    level: 'critical',
    text: 'x',
    to: { user: 'carla' },
  });
  replicas[2]!.signal('SIGKILL');
  const { body } = await acting;
  expect(body.clients + body.missing.length).toBe(2);
  await clients[0]!.next('notice');
  const after = await admins[0]!.post<ClientsReached>('clients/disconnect', { user: 'carla' });
  expect(after).toEqual({ status: 200, body: { clients: 1, missing: ['c'], failed: [] } });
  expect((await admins[0]!.post('replicas/c/drain')).status).toBe(504);
  await waitFor(() => clients[0]!.disconnects.length === 1);
});
