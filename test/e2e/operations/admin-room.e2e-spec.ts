import type { AdminStats } from '../../../src/contract/index.js';
import { startMemoryGateway } from '../../support/memory-gateway.js';
import { underlying } from '../../support/messages.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { claims, hs256, JWT_SECRET, type TokenClaims } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

const SETTINGS = { AUTH_MODE: 'optional', JWT_SECRET, SECRET_KEY: 'p8Wq2Lm5Zx7Rt1Vb4Nc6Jd9Fg3Hk0Sy2' };

const token = (more: TokenClaims) => hs256(claims(more));

async function connected(more: TokenClaims | undefined, transport = 'websocket', settings = {}) {
  const { ports, url } = await startMemoryGateway({ ...SETTINGS, ...settings });
  const client = await TestClient.connect(url, {
    ...TRANSPORTS[transport],
    ...(more && { auth: { token: token(more) } }),
    reconnection: false,
  });
  return { ports, url, client };
}

it.each(Object.keys(TRANSPORTS))('by %s: an admin receives the state each second', async (transport) => {
  const { ports, client } = await connected({ role: 'admin' }, transport);
  expect(await client.ask('subscribe', { type: 'admin' })).toEqual({ ok: true, rooms: ['admin'] });
  expect(client.all('subscribed')).toMatchObject([{ room: 'admin' }]);
  let stats: AdminStats | undefined;
  for (let n = 1; !stats?.total.latency.relay; n++) {
    ports.feed.publish('enriched:underlying', JSON.stringify(underlying('NIFTY', n)));
    stats = await client.next('admin_stats', n);
  }
  expect(stats).toMatchObject({
    missing: [],
    total: {
      clients: 1,
      rooms: expect.arrayContaining([{ room: 'general', clients: 1 }]) as unknown,
      rates: { feed_messages: expect.any(Number) as unknown },
    },
    replicas: [{ replica: stats.replica, state: 'serving', feed: 'up', redis_problems: {} }],
  });
  expect(stats.products.map(({ product }) => product)).toContain('NIFTY');
  expect(stats.total.counts.closed).toEqual({});
});

it.each<[string, TokenClaims | undefined, object]>([
  ['a client without a token', undefined, {}],
  ['a user', { role: 'user' }, {}],
  ['a role whose name is similar', { role: 'Admin' }, {}],
  ['a user whose token allows every room', { role: 'user', rooms: ['*', 'admin'] }, {}],
  ['a role that may join every room', { role: 'trader' }, { ROLE_ROOMS: 'trader=*' }],
  ['an admin whose role may only join other rooms', { role: 'admin' }, { ROLE_ROOMS: 'admin=general' }],
  [
    'an admin whose token names products',
    { role: 'admin', products: ['NIFTY'] },
    { ROLE_ROOMS: 'admin=product:*' },
  ],
])('%s may not join', async (_, more, settings) => {
  const { client } = await connected(more, 'websocket', settings);
  expect(await client.ask('subscribe', { type: 'admin' })).toMatchObject({
    ok: false,
    error: { code: 'FORBIDDEN' },
  });
  expect(await client.ask('list_subscriptions')).toMatchObject({ ok: true });
  const { rooms } = (await client.ask('list_subscriptions')) as { rooms: string[] };
  expect(rooms).not.toContain('admin');
});

it('a gateway without authentication has no such room', async () => {
  const { client } = await connected(undefined, 'websocket', { AUTH_MODE: 'off' });
  expect(await client.ask('subscribe', { type: 'admin' })).toMatchObject({ error: { code: 'FORBIDDEN' } });
});

it.each([
  ['a symbol of that name', { type: 'product', symbol: 'admin' }, { ok: true, rooms: ['product:admin'] }],
  ['a view of it', { type: 'admin', view: { max_rate: 1 } }, { ok: false, error: { code: 'INVALID_VIEW' } }],
  ['a name like that of a view', { type: 'admin@1hz' }, { ok: false, error: { code: 'INVALID_TYPE' } }],
])('is not reached by %s', async (_, request, answer) => {
  const { client } = await connected({ role: 'user' });
  client.contract.sendsInvalid = true;
  expect(await client.ask('subscribe', request)).toMatchObject(answer);
});

it('has no snapshot and no history', async () => {
  const { client } = await connected({ role: 'admin' });
  client.contract.sendsInvalid = true;
  expect(await client.ask('get_snapshot', { type: 'admin' })).toMatchObject({
    error: { code: 'INVALID_TYPE' },
  });
  expect(await client.ask('get_history', { type: 'admin', symbol: 'NIFTY' })).toMatchObject({ ok: false });
});

it('ends with a token that does not allow it, and with unsubscribe', async () => {
  const { client } = await connected({ role: 'admin' });
  await client.ask('subscribe', { type: 'admin' });
  expect(await client.ask('refresh_token', { token: token({ role: 'user' }) })).toMatchObject({ ok: true });
  expect(client.all('unsubscribed')).toMatchObject([{ room: 'admin' }]);
  expect(await client.ask('subscribe', { type: 'admin' })).toMatchObject({ error: { code: 'FORBIDDEN' } });
  await client.ask('refresh_token', { token: token({ role: 'admin' }) });
  await client.ask('subscribe', { type: 'admin' });
  await client.next('admin_stats');
  expect(await client.ask('unsubscribe', { type: 'admin' })).toEqual({ ok: true, rooms: ['admin'] });
  const received = client.all('admin_stats').length;
  await client.ask('subscribe', { type: 'heartbeat', every_ms: 1_000 });
  await waitFor(() => client.all('heartbeat').length >= 2);
  expect(client.all('admin_stats')).toHaveLength(received);
});

it('is sent to no other client', async () => {
  const { url, client } = await connected({ role: 'admin' });
  const other = await TestClient.connect(url, { transports: ['websocket'], reconnection: false });
  await client.ask('subscribe', { type: 'admin' });
  await client.next('admin_stats');
  await client.next('admin_stats');
  expect(other.all('admin_stats')).toEqual([]);
});
