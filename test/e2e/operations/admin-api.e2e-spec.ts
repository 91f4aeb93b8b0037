import type {
  AdminErrorBody,
  ClientsAnswer,
  ClientsReached,
  LoggingAnswer,
  SettingsAnswer,
  TraceAnswer,
} from '../../../src/admin/api/admin-answers.js';
import type { AdminStats } from '../../../src/contract/index.js';
import { ADMIN_TOKEN, AdminClient } from '../../support/admin-client.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { RedisServer } from '../../support/redis-server.js';
import { SseClient } from '../../support/sse-client.js';
import { PLAIN, TestClient } from '../../support/test-client.js';
import { claims, hs256, JWT_SECRET } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

const SETTINGS = {
  ADMIN_PORT: '0',
  ADMIN_TOKEN,
  AUTH_MODE: 'optional',
  JWT_SECRET,
  SECRET_KEY: 'p8Wq2Lm5Zx7Rt1Vb4Nc6Jd9Fg3Hk0Sy2',
  REPLICA_NAME: 'one',
};

let redis: RedisServer;
let gateway: GatewayProcess;
let admin: AdminClient;

const start = async (env: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> => {
  const started = await GatewayProcess.start({ ...SETTINGS, REDIS_URL: redis.url, ...env });
  await started.ready();
  return started;
};

beforeAll(async () => {
  redis = await RedisServer.start();
  gateway = await start();
  admin = new AdminClient(gateway);
});

const userToken = (user_id: string, more = {}) => hs256(claims({ user_id, ...more }));

const connect = (options = {}) =>
  TestClient.connect(gateway.url, { transports: ['websocket'], reconnection: false, ...options });

const audited = (action: string) =>
  gateway.logs.filter((line) => line.msg === 'admin_action' && line.action === action).at(-1);

it.each([
  ['no token', {}],
  ['another token', { authorization: 'Bearer something-else-entirely' }],
  ['the token of a client', { authorization: `Bearer ${userToken('1', { role: 'admin' })}` }],
])('refuses a request with %s', async (_, headers) => {
  const other = new AdminClient(gateway, headers);
  for (const [method, path] of [
    ['GET', 'clients'],
    ['GET', 'stats/stream'],
    ['POST', 'notices'],
    ['POST', 'clients/disconnect'],
    ['POST', 'replicas/one/drain'],
    ['POST', 'diagnostics/heap-snapshot'],
    ['PUT', 'logging/level'],
    ['GET', 'config'],
  ] as const) {
    expect([path, (await other.send(method, path, method === 'GET' ? undefined : '{}')).status]).toEqual([
      path,
      401,
    ]);
  }
  expect((await gateway.get('/health/ready')).status).toBe(200);
});

it('exists only on the admin port, and only if there is a token', async () => {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  expect((await gateway.get('/admin/v1/clients', headers)).status).toBe(404);
  const open = await start({ ADMIN_TOKEN: '' });
  expect((await new AdminClient(open, {}).get<ClientsAnswer>('clients')).status).toBe(404);
  expect(await open.stop()).toBe(0);
});

it('finds clients by id, user, room, transport and address', async () => {
  const [anna, ben, plain] = await Promise.all([
    connect({ auth: { token: userToken('anna') } }),
    connect({ auth: { token: userToken('ben') } }),
    connect(PLAIN),
  ]);
  await anna.ask('subscribe', { type: 'chain', symbol: 'NIFTY' });
  const stream = await SseClient.open(gateway.url, 'rooms=product:AAPL');
  const find = async (query: string) => {
    const { body } = await admin.get<ClientsAnswer>(`clients?${query}`);
    expect(body).toMatchObject({ missing: [], failed: [] });
    return body.clients;
  };
  const all = await find('sort=age_seconds');
  expect(all).toHaveLength(4);
  const [one] = await find(`client_id=${anna.socket.id}`);
  expect(one).toEqual({
    client_id: anna.socket.id,
    replica: 'one',
    user: 'anna',
    role: 'user',
    address: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown,
    transport: 'websocket',
    encoding: 'json',
    rooms: ['general', 'chain:NIFTY'],
    room_count: 2,
    buffered_bytes: 0,
    lagging: false,
    lag_ms: 0,
    age_seconds: expect.any(Number) as unknown,
  });
  expect((await find('user=ben')).map(({ client_id }) => client_id)).toEqual([ben.socket.id]);
  expect((await find('room=chain:NIFTY')).map(({ user }) => user)).toEqual(['anna']);
  expect((await find('transport=plain-websocket')).map(({ user }) => user)).toEqual([null]);
  expect((await find('transport=sse')).map(({ rooms }) => rooms)).toEqual([['product:AAPL']]);
  expect(await find(`address=${one!.address}`)).toHaveLength(4);
  expect(await find('user=unknown')).toEqual([]);
  expect(await find('sort=rooms&limit=1')).toMatchObject([{ user: 'anna' }]);
  expect((await admin.get<ClientsAnswer>('clients?limit=1')).body).toMatchObject({ matched: 4 });
  const whole = JSON.stringify(await admin.get<ClientsAnswer>('clients'));
  for (const secret of ['127.0.0.1', userToken('anna').split('.')[2]!]) expect(whole).not.toContain(secret);
  stream.close();
  for (const client of [anna, ben, plain]) client.close();
});

it('disconnects one client, or every client of a user, and tells them', async () => {
  const token = userToken('carla');
  const [first, second, other] = await Promise.all([
    connect({ auth: { token } }),
    connect({ auth: { token } }),
    connect(),
  ]);
  const client_id = first.socket.id;
  expect(await admin.post<ClientsReached>('clients/disconnect', { client_id })).toEqual({
    status: 200,
    body: { clients: 1, missing: [], failed: [] },
  });
  await waitFor(() => first.disconnects.length === 1);
  expect(first.all('closing')).toMatchObject([{ code: 'DISCONNECTED', reconnect: false }]);
  expect(second.disconnects).toEqual([]);
  expect(
    (await admin.post<ClientsReached>('clients/disconnect', { user: 'carla', reconnect: true })).body.clients,
  ).toBe(1);
  await waitFor(() => second.disconnects.length === 1);
  expect(second.all('closing')).toMatchObject([{ code: 'REBALANCING', reconnect: true }]);
  expect((await admin.post<ClientsReached>('clients/disconnect', { client_id })).body.clients).toBe(0);
  await other.settled();
  other.close();
  expect(audited('disconnect_clients')).toMatchObject({
    operator: null,
    address: expect.any(String) as unknown,
  });
});

it('a notice to a room reaches those who have a view of it, once, and so does a search', async () => {
  const client = await connect();
  const room = { type: 'chain', symbol: 'NIFTY' };
  await client.ask('subscribe', { ...room, view: { mode: 'quote', strikes: 10 } });
  await client.ask('subscribe', room);
  const to = { room: 'chain:NIFTY' };
  expect(
    (await admin.post<ClientsReached>('notices', { level: 'info', text: 'views', to })).body.clients,
  ).toBe(1);
  await client.next('notice');
  await client.settled();
  expect(client.all('notice')).toHaveLength(1);
  expect(await client.ask('unsubscribe', room)).toMatchObject({ ok: true });
  expect((await admin.get<ClientsAnswer>('clients?room=chain:NIFTY')).body.matched).toBe(1);
  expect((await admin.get<ClientsAnswer>('clients?room=chain:NIF')).body.matched).toBe(0);
  client.close();
});

it('sends a notice to a room, a user, a client or everyone, each once', async () => {
  const [dora, other] = await Promise.all([connect({ auth: { token: userToken('dora') } }), connect()]);
  await dora.ask('subscribe', { type: 'product', symbol: 'NIFTY' });
  const named = new AdminClient(gateway, {
    authorization: `Bearer ${ADMIN_TOKEN}`,
    'x-operator': 'Eva at night',
  });
  const send = async (to: object, text: string) => {
    const answer = await named.post<ClientsReached>('notices', {
      level: 'warning',
      text,
      link: 'https://status.example.com/',
      to,
    });
    return answer.body.clients;
  };
  expect(await send({ room: 'product:NIFTY' }, 'room')).toBe(1);
  expect(await send({ user: 'dora' }, 'user')).toBe(1);
  expect(await send({ client_id: dora.socket.id }, 'client')).toBe(1);
  expect(await send({ room: 'general' }, 'general')).toBe(2);
  expect(await send({ everyone: true }, 'everyone')).toBe(2);
  expect(await send({ room: dora.socket.id }, 'no room')).toBe(0);
  expect(await send({ room: 'product:AAPL' }, 'empty')).toBe(0);
  await Promise.all([dora.settled(), other.settled()]);
  expect(dora.all('notice').map(({ text }) => text)).toEqual([
    'room',
    'user',
    'client',
    'general',
    'everyone',
  ]);
  expect(other.all('notice').map(({ text }) => text)).toEqual(['general', 'everyone']);
  expect(dora.all('notice')[0]).toMatchObject({ level: 'warning', link: 'https://status.example.com/' });
  expect(audited('send_notice')).toMatchObject({ operator: 'Eva at night', text: 'empty', clients: 0 });
  for (const client of [dora, other]) client.close();
});

it.each<[string, string, string | undefined, object | undefined]>([
  ['GET', 'clients?limit=0', undefined, { field: 'limit' }],
  ['GET', 'clients?limit=x', undefined, { field: 'limit' }],
  ['GET', 'clients?sort=name', undefined, { field: 'sort' }],
  ['GET', 'clients?user=a&user=b', undefined, { field: 'user' }],
  [
    'GET',
    'clients?usr=a',
    undefined,
    { field: 'usr', problem: 'is not known; remove it or correct its name' },
  ],
  ['POST', 'clients/disconnect', '{}', undefined],
  ['POST', 'clients/disconnect', '{"client_id":"a","user":"b"}', undefined],
  ['POST', 'clients/disconnect', '{"client_id":7}', { field: 'client_id' }],
  ['POST', 'clients/disconnect', '{"everyone":true}', { field: 'everyone' }],
  ['POST', 'clients/disconnect', '{"user":"a","reconect":true}', { field: 'reconect' }],
  ['POST', 'clients/disconnect', '{"user":"a","reconnect":"yes"}', { field: 'reconnect' }],
  ['POST', 'clients/disconnect', '{', undefined],
  ['POST', 'clients/disconnect', '[]', undefined],
  ['POST', 'clients/disconnect', '"text"', undefined],
  ['POST', 'clients/disconnect', '{"__proto__":{"user":"a"}}', undefined],
  ['POST', 'notices', '{"level":"info","text":"x"}', { field: 'to' }],
  ['POST', 'notices', '{"level":"info","text":"x","to":{}}', undefined],
  ['POST', 'notices', '{"level":"info","text":"x","to":7}', { field: 'to' }],
  ['POST', 'notices', '{"level":"info","text":"x","to":{"everyone":false}}', { field: 'to.everyone' }],
  ['POST', 'notices', '{"level":"loud","text":"x","to":{"everyone":true}}', { field: 'level' }],
  ['POST', 'notices', '{"level":"info","text":"","to":{"everyone":true}}', { field: 'text' }],
  [
    'POST',
    'notices',
    '{"level":"info","text":"x","link":"http://x","to":{"everyone":true}}',
    { field: 'link' },
  ],
  [
    'POST',
    'notices',
    '{"level":"info","text":"x","link":"https://x/\\"><script>","to":{"everyone":true}}',
    { field: 'link' },
  ],
  ['POST', 'replicas/one/rebalance', '{"share":0,"over_seconds":1}', { field: 'share' }],
  ['POST', 'replicas/one/rebalance', '{"share":1.1,"over_seconds":1}', { field: 'share' }],
  ['POST', 'replicas/one/rebalance', '{"share":0.5,"over_seconds":0}', { field: 'over_seconds' }],
  ['POST', 'replicas/one/rebalance', '{"share":0.5}', { field: 'over_seconds' }],
  ['POST', 'replicas/.../drain', '{}', { field: 'replica' }],
  ['PUT', 'logging/level', '{"level":"loud","for_seconds":1}', { field: 'level' }],
  ['PUT', 'logging/level', '{"level":"debug","for_seconds":1e9}', { field: 'for_seconds' }],
  ['POST', 'logging/traces', '{"for_seconds":10}', undefined],
  ['DELETE', 'logging/traces/x', undefined, { field: 'trace_id' }],
])('%s %s with %s is refused with the reason', async (method, path, body, detail) => {
  const { status, body: answer } = await admin.send<AdminErrorBody>(method, path, body);
  expect(status).toBe(400);
  expect(answer).toMatchObject({ statusCode: 400, message: expect.any(String) as unknown });
  if (detail) expect(answer.details).toEqual([expect.objectContaining(detail)]);
});

it.each<[string, string, object | undefined, number]>([
  ['POST', 'replicas/elsewhere/drain', {}, 404],
  ['POST', 'replicas/elsewhere/rebalance', { share: 1, over_seconds: 1 }, 404],
  ['GET', 'config?replica=elsewhere', undefined, 404],
  ['DELETE', 'logging/traces/5f2b7a1e-7d5f-4c9e-8a3b-0d1c2e3f4a5b', undefined, 404],
  ['GET', 'nothing', undefined, 404],
  ['POST', 'diagnostics/heap-snapshot', {}, 403],
  ['POST', 'diagnostics/cpu-profile', { seconds: 1 }, 403],
])('%s %s is answered by %s', async (method, path, body, status) => {
  const answer = await admin.send(method, path, body && JSON.stringify(body));
  expect(answer).toMatchObject({ status, body: { statusCode: status } });
});

it('refuses a body that is too large', async () => {
  const { status } = await admin.post<ClientsReached>('notices', { text: 'x'.repeat(20_000) });
  expect(status).toBe(413);
});

it('changes the level of the log for a limited time', async () => {
  const before = (await admin.get<LoggingAnswer>('logging')).body.replicas;
  expect(before).toMatchObject([
    { replica: 'one', level: 'info', configured_level: 'info', level_until: null },
  ]);
  const changed = await admin.put<LoggingAnswer>('logging/level', { level: 'debug', for_seconds: 5 });
  expect(changed.body.replicas).toMatchObject([{ level: 'debug', configured_level: 'info' }]);
  const client = await connect();
  await client.ask('get_snapshot', { type: 'product', symbol: 'NIFTY' });
  await waitFor(() => gateway.logs.some(({ level }) => level === 20), 'nothing at level debug');
  await waitFor(
    async () => (await admin.get<LoggingAnswer>('logging')).body.replicas[0]?.level === 'info',
    'still debug',
  );
  await admin.put<LoggingAnswer>('logging/level', { level: 'debug', for_seconds: 3_600 });
  expect((await admin.delete<LoggingAnswer>('logging/level')).body.replicas).toMatchObject([
    { level: 'info' },
  ]);
  client.close();
});

it('traces one user for a limited time: what is sent, answered and waits, and no token or price', async () => {
  const token = userToken('frida');
  const [frida, other] = await Promise.all([connect({ auth: { token } }), connect()]);
  const started = await admin.post<TraceAnswer>('logging/traces', { user: 'frida', for_seconds: 60 });
  expect(started).toMatchObject({ status: 201, body: { clients: 1 } });
  const id = started.body.trace_id;
  await frida.ask('subscribe', { type: 'product', symbol: 'NIFTY' });
  await frida.ask('refresh_token', { token });
  await other.ask('get_products');
  const again = await connect({ auth: { token } });
  await again.ask('list_subscriptions');
  const lines = () => gateway.logs.filter((line) => line.msg === 'client_trace');
  await waitFor(() => lines().some((line) => 'state' in line), 'no state is logged');
  await waitFor(
    () => lines().some((line) => line.received === 'list_subscriptions'),
    'a new client is not traced',
  );
  expect(lines()).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        trace_id: id,
        received: 'subscribe',
        payload: '{"type":"product","symbol":"NIFTY"}',
      }),
      expect.objectContaining({ sent: 'subscribed' }),
      expect.objectContaining({ received: 'refresh_token', payload: '***' }),
    ]),
  );
  const ids = new Set(lines().map(({ client_id }) => client_id));
  expect(ids).toEqual(new Set([frida.socket.id, again.socket.id]));
  expect(JSON.stringify(lines())).not.toContain(token.split('.')[2]);
  expect(JSON.stringify(lines())).not.toContain('frida'); // logs name users by a pseudonym

  expect((await admin.delete(`logging/traces/${id}`)).status).toBe(200);
  const count = lines().length;
  await frida.ask('list_subscriptions');
  await waitFor(() => gateway.logs.some(({ msg }) => msg === 'trace_ended'));
  expect(lines()).toHaveLength(count);
  for (const client of [frida, other, again]) client.close();
});

it('shows the settings in effect without secrets', async () => {
  const { body } = await admin.get<SettingsAnswer>('config');
  expect(body.replicas).toMatchObject([
    {
      replica: 'one',
      settings: {
        REPLICA_NAME: { value: 'one', is_default: false },
        LOG_LEVEL: { value: 'info', is_default: true },
        JWT_SECRET: { value: '***', is_default: false },
        ADMIN_TOKEN: { value: '***' },
        SECRET_KEY: { value: '***' },
        REDIS_PASSWORD: { value: null },
      },
    },
  ]);
  const text = JSON.stringify(body);
  for (const secret of [JWT_SECRET, ADMIN_TOKEN, SETTINGS.SECRET_KEY]) expect(text).not.toContain(secret);
});

it('hands out heap snapshots and CPU profiles if that is switched on', async () => {
  const diagnosed = await start({ ADMIN_DIAGNOSTICS: 'true' });
  const client = new AdminClient(diagnosed);
  const profile = await client.post('diagnostics/cpu-profile', { seconds: 1 });
  expect(profile).toMatchObject({ status: 200, body: { nodes: expect.any(Array) as unknown } });
  const snapshot = await client.post('diagnostics/heap-snapshot');
  expect(snapshot).toMatchObject({ status: 200, body: { snapshot: expect.any(Object) as unknown } });
  const both = await Promise.all([1, 2].map(() => client.post('diagnostics/cpu-profile', { seconds: 1 })));
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect(await diagnosed.stop()).toBe(0);
});

it('answers with the state of the replicas, once and as a stream', async () => {
  const { body } = await admin.get<AdminStats>('stats');
  expect(body).toMatchObject({
    replica: 'one',
    missing: [],
    replicas: [{ replica: 'one', state: 'serving' }],
  });
  const stop = new AbortController();
  const response = await fetch(`${gateway.adminUrl}/admin/v1/stats/stream`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    signal: stop.signal,
  });
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  let text = '';
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  while (text.split('event: admin_stats').length < 3) text += (await reader.read()).value ?? '';
  stop.abort();
  const [, data] = /data: (.+)\n\n/.exec(text) ?? [];
  expect(JSON.parse(data!)).toMatchObject({ replica: 'one', total: { clients: 0 } });
});
