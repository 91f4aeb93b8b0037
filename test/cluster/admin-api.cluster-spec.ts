import type {
  ClientsAnswer,
  ClientsReached,
  LoggingAnswer,
  PartialAnswer,
  SettingsAnswer,
} from '../../src/admin/api/admin-answers.js';
import { ADMIN_TOKEN, type AdminAnswer, AdminClient } from '../support/admin-client.js';
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

/** Asks until every replica answers: one that the machine stalls for a moment is missing. */
async function complete<Body extends PartialAnswer>(ask: () => Promise<AdminAnswer<Body>>): Promise<Body> {
  let body!: Body;
  await waitFor(
    async () => (body = (await ask()).body).missing.length === 0,
    () => `a replica does not answer: ${JSON.stringify(body)}`,
  );
  return body;
}

const tokenOf = (user_id: string) => hs256(claims({ user_id }));

const connect = (replica: GatewayProcess, user?: string) =>
  TestClient.connect(replica.url, {
    transports: ['websocket'],
    reconnection: false,
    ...(user !== undefined && { auth: { token: tokenOf(user) } }),
  });

/** Waits until the clients of earlier tests are gone. */
const onlyThese = (clients: readonly TestClient[]): Promise<void> =>
  waitFor(async () => {
    const { matched } = await complete(() => admins[0]!.get<ClientsAnswer>('clients'));
    return matched === clients.length;
  }, 'there are other clients');

const closeAll = (clients: readonly TestClient[]): void => {
  for (const client of clients) client.close();
};

it('finds and disconnects the clients of a user on all replicas, and no others', async () => {
  const anna = await Promise.all(replicas.map((replica) => connect(replica, 'anna')));
  const others = await Promise.all(replicas.map((replica) => connect(replica, 'ben')));
  const found = await complete(() => admins[1]!.get<ClientsAnswer>('clients?user=anna'));
  expect(found).toMatchObject({ matched: 3, missing: [], failed: [] });
  expect(found.clients.map(({ replica }) => replica).sort()).toEqual(NAMES);
  const onC = await complete(() => admins[1]!.get<ClientsAnswer>('clients?user=anna&replica=c'));
  expect(onC).toMatchObject({ matched: 1 });

  // A replica that is missing does it later.
  const { body } = await admins[2]!.post<ClientsReached>('clients/disconnect', { user: 'anna' });
  expect(body.clients + body.missing.length).toBe(3);
  expect(body.failed).toEqual([]);
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
  await onlyThese(clients);
  await clients[2]!.ask('subscribe', { type: 'product', symbol: 'NIFTY' });
  const send = async (to: object) => {
    const notice = { level: 'info', text: 'hello', to };
    return (await admins[0]!.post<ClientsReached>('notices', notice)).body;
  };
  // A replica that is missing does it later. Sent again, the notice would come twice.
  const all = await send({ everyone: true });
  expect(all.clients + all.missing.length).toBe(3);
  const members = await send({ room: 'product:NIFTY' });
  expect(members.clients).toBe(members.missing.includes('c') ? 0 : 1);
  for (const [n, client] of clients.entries()) await client.next('notice', n === 2 ? 2 : 1);
  for (const client of clients) await client.settled();
  expect(clients.map((client) => client.all('notice').length)).toEqual([1, 1, 2]);
  closeAll(clients);
});

it('changes the level of all logs, or of one', async () => {
  const levels = async () => {
    const { replicas: all } = await complete(() => admins[0]!.get<LoggingAnswer>('logging'));
    return all.map(({ level }) => level);
  };
  const put = (body: object) =>
    complete(() => admins[0]!.put<LoggingAnswer>('logging/level', { for_seconds: 3_600, ...body }));
  await put({ level: 'debug', replica: 'b' });
  expect(await levels()).toEqual(['info', 'debug', 'info']);
  await put({ level: 'warn' });
  expect(await levels()).toEqual(['warn', 'warn', 'warn']);
  await complete(() => admins[2]!.delete<LoggingAnswer>('logging/level'));
  expect(await levels()).toEqual(['info', 'info', 'info']);
});

it('moves a share of the clients of one replica, told in advance, and no others', async () => {
  const clients = await Promise.all(Array.from({ length: 10 }, () => connect(replicas[0]!)));
  const others = await Promise.all(Array.from({ length: 5 }, () => connect(replicas[1]!)));
  await onlyThese([...clients, ...others]);
  const answers: AdminAnswer<unknown>[] = [];
  await waitFor(async () => {
    const answer = await admins[2]!.post('replicas/a/rebalance', { share: 0.5, over_seconds: 10 });
    // A replica that the machine stalls begins without an answer in time.
    if (answer.status !== 504) answers.push(answer);
    return answer.status === 409;
  });
  const expected = [
    { status: 202, body: { replica: 'a', clients: 5 } },
    { status: 409, body: { message: 'This replica is being rebalanced already.' } },
  ];
  expect(answers).toMatchObject(expected.slice(-answers.length));
  const gone = () => clients.filter(({ disconnects }) => disconnects.length > 0);
  await waitFor(() => gone().length === 5, undefined, 60_000);
  await waitFor(() => replicas[0]!.logged('rebalance_finished') !== undefined, undefined, 60_000);
  expect(gone()).toHaveLength(5);
  for (const client of gone()) {
    expect(client.all('server_draining')).toHaveLength(1);
    expect(client.all('closing')).toMatchObject([{ code: 'REBALANCING', reconnect: true }]);
  }
  for (const client of others) expect(client.all('server_draining')).toEqual([]);
  // It accepts clients as before.
  const late = await connect(replicas[0]!);
  closeAll([...clients, ...others, late]);
}, 180_000);

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
  const settings = await complete(() => admins[0]!.get<SettingsAnswer>('config'));
  expect(settings).toMatchObject({ missing: [], failed: [] });
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
  // `b` may be one that the machine stalls: then it does what it was asked for later.
  const besidesB = (names: readonly string[]) => names.filter((name) => name !== 'b');
  const drain = await admins[0]!.post('replicas/b/drain');
  if (drain.status !== 504) expect(drain).toMatchObject({ status: 202, body: { clients: 1 } });
  await waitFor(() => clients[1]!.disconnects.length === 1);
  expect(clients[1]!.all('closing')).toMatchObject([{ code: 'DRAINING' }]);
  expect((await replicas[1]!.get('/health/ready')).status).toBe(503);
  await waitFor(() => replicas[1]!.logged('drain_finished') !== undefined);
  expect(replicas[1]!.exitCode).toBeNull(); // it stays, and answers operators
  const left = await complete(() => admins[1]!.get<ClientsAnswer>('clients?user=carla'));
  expect(left).toMatchObject({ matched: 2 });

  // The action reaches the client of `a` in any case, and that of `c` if it came before the signal.
  const acting = admins[0]!.post<ClientsReached>('notices', {
    level: 'critical',
    text: 'x',
    to: { user: 'carla' },
  });
  replicas[2]!.signal('SIGKILL');
  const { body } = await acting;
  expect(body.clients + besidesB(body.missing).length).toBe(2);
  await clients[0]!.next('notice');
  const after = await admins[0]!.post<ClientsReached>('clients/disconnect', { user: 'carla' });
  expect(after).toMatchObject({ status: 200, body: { clients: 1, failed: [] } });
  expect(besidesB(after.body.missing)).toEqual(['c']);
  expect((await admins[0]!.post('replicas/c/drain')).status).toBe(504);
  await waitFor(() => clients[0]!.disconnects.length === 1);
});
