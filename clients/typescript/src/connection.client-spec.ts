import { FakeGateway, settle } from '../../../test/clients/support/fake-gateway.js';
import { underlying } from '../../../test/support/messages.js';
import { systemClock } from './clock.js';
import { connect } from './index.js';

const states = (client: { on(event: 'state', listener: (change: { state: string }) => void): unknown }) => {
  const all: string[] = [];
  client.on('state', ({ state }) => all.push(state));
  return all;
};

it.each(['AUTH_REQUIRED', 'TOKEN_INVALID', 'TOKEN_REVOKED'])(
  '%s from the handshake closes the client',
  async (code) => {
    const gateway = new FakeGateway();
    const client = gateway.connect();
    const handle = client.subscribe({ type: 'product', symbol: 'A' });
    await settle();
    gateway.last.refuse({ code, message: 'no' });
    expect(client).toMatchObject({
      state: 'closed',
      reason: { name: 'ConnectionRefused', code, message: 'no' },
    });
    await expect(handle.ready).rejects.toMatchObject({ code: 'CLOSED', message: 'no' });
    await expect(client.products()).rejects.toMatchObject({ code: 'CLOSED' });
    await gateway.pass(60_000);
    expect(gateway.sockets).toHaveLength(1);
    expect(gateway.clock.pending).toBe(0);
  },
);

it('an address with a path closes the client, because Socket.IO would keep asking for a namespace', async () => {
  const client = connect('http://127.0.0.1:1/market');
  await settle();
  expect(client).toMatchObject({ state: 'closed', reason: { name: 'TypeError' } });
  expect(client.reason?.message).toContain('http://127.0.0.1:1/market');
});

it.each(['AUTH_UNAVAILABLE', 'TOO_MANY_CONNECTIONS'])(
  '%s: reconnects, but only after retry_after_ms',
  async (code) => {
    const gateway = new FakeGateway();
    const client = gateway.connect();
    await settle();
    gateway.last.refuse({ code, message: 'later', retry_after_ms: 9_000 });
    await gateway.pass(8_900);
    expect(gateway.sockets).toHaveLength(1);
    await gateway.pass(2_000);
    expect(gateway.sockets).toHaveLength(2);
    gateway.last.connected();
    expect(client.state).toBe('connected');
  },
);

it.each([
  ['TOKEN_REVOKED', 'closing', { code: 'TOKEN_REVOKED', message: 'gone', reconnect: false }, undefined],
  ['TOKEN_REVOKED', 'only the close code', undefined, { context: { code: 4003 } }],
  ['DISCONNECTED', 'closing', { code: 'DISCONNECTED', message: 'gone', reconnect: false }, undefined],
  ['DISCONNECTED', 'only the close code', undefined, { context: { code: 4010 } }],
])('does not reconnect after %s, reported by %s', async (code, _, closing, details) => {
  const gateway = new FakeGateway();
  const client = await gateway.up();
  if (closing) gateway.last.say('closing', closing);
  gateway.last.drop('transport close', details);
  expect(client).toMatchObject({ state: 'closed', reason: { code } });
  await gateway.pass(60_000);
  expect(gateway.sockets).toHaveLength(1);
});

it('the token callback is called at each connection, with the reason', async () => {
  const gateway = new FakeGateway();
  const reasons: string[] = [];
  const client = gateway.connect({ token: ({ reason }) => `token ${reasons.push(reason)}` });
  await settle();
  expect(gateway.last.auth).toMatchObject({ token: 'token 1' });
  gateway.last.refuse({ code: 'TOKEN_EXPIRED', message: 'expired' });
  await gateway.pass(1_000);
  gateway.last.connected();
  gateway.last.say('token_expiring', { expires_in_ms: 60_000, expires_at: 0 });
  await settle();
  expect(gateway.last.asked('refresh_token')).toEqual([{ token: 'token 3' }]);
  gateway.last.drop();
  await gateway.pass(1_000);
  expect(gateway.last.auth).toMatchObject({ token: 'token 4' });
  expect(reasons).toEqual(['connect', 'expired', 'expiring', 'connect']);
  client.close();
  expect(gateway.clock.pending).toBe(0);
});

it('each connection asks for one event for everything that is stale, with and without a token', async () => {
  const gateway = new FakeGateway();
  await gateway.up();
  expect(gateway.last.auth).toEqual({ statuses: 'batch' });
  gateway.last.drop();
  await gateway.pass(1_000);
  expect(gateway.last.auth).toEqual({ statuses: 'batch' });
  const withToken = new FakeGateway();
  await withToken.up({ token: 'token' });
  expect(withToken.last.auth).toEqual({ token: 'token', statuses: 'batch' });
});

it('asks for latency probes with the option only, and answers each of them at once', async () => {
  const gateway = new FakeGateway();
  const client = await gateway.up({ latencyProbe: true, resume: true });
  expect(gateway.last.auth).toEqual({ statuses: 'batch', general: 'off', latency_probe: true });
  const heard: unknown[] = [];
  client.on('latency_probe', (probe) => heard.push([probe.id, gateway.last.asked('latency_echo')]));
  gateway.last.say('latency_probe', { id: 'a', sent_at: 1 });
  gateway.last.say('latency_probe', { id: 'b', sent_at: 2 });
  expect(heard).toEqual([
    ['a', [{ id: 'a' }]],
    ['b', [{ id: 'a' }, { id: 'b' }]],
  ]);
  for (const options of [{}, { latencyProbe: false }]) {
    const without = new FakeGateway();
    await without.up(options);
    expect(without.last.auth).toEqual({ statuses: 'batch' });
  }
});

it.each([
  [
    'throws',
    () => {
      throw new Error('no');
    },
    100,
  ],
  ['rejects', () => Promise.reject(new Error('no')), 100],
  ['gives nothing', () => undefined as never, 100],
  ['hangs', () => new Promise<string>(() => undefined), 10_000],
])('a token callback that %s is called again, after a growing pause', async (_, token, limit) => {
  const gateway = new FakeGateway();
  let asked = 0;
  const client = gateway.connect({ token: () => (++asked, token()) });
  const problems: string[] = [];
  client.on('connect_error', ({ error }) => problems.push(error.name));
  await gateway.pass(limit);
  expect(problems).toEqual(['TokenError']);
  await gateway.pass(60_000);
  expect(asked).toBeGreaterThan(3);
  expect(asked).toBeLessThan(40);
  expect(gateway.sockets).toEqual([]);
  client.close();
  expect(gateway.clock.pending).toBe(0);
});

it('after a refresh, client.user has the time at which the new token expires', async () => {
  const gateway = new FakeGateway();
  const client = gateway.connect({ token: () => 'token' });
  await settle();
  const user = { user_id: 'u', role: 'trader', expires_at: 1_000 };
  gateway.last.connected({}, ['general'], user);
  await settle();
  expect(client.user).toEqual(user);
  gateway.last.say('token_refreshed', { expires_at: 2_000 });
  expect(client.user).toEqual({ ...user, expires_at: 2_000 });
  // The next connection says it again.
  gateway.last.drop();
  await gateway.pass(1_000);
  gateway.last.connected({}, ['general'], { ...user, expires_at: 3_000 });
  await settle();
  expect(client.user?.expires_at).toBe(3_000);
  // There is no user if authentication is off.
  gateway.last.drop();
  await gateway.pass(1_000);
  gateway.last.connected();
  await settle();
  gateway.last.say('token_refreshed', { expires_at: null });
  expect(client.user).toBeUndefined();
  client.close();
});

it('a callback that keeps returning a token that expires soon is called with pauses', async () => {
  const gateway = new FakeGateway();
  let asked = 0;
  await gateway.up({ token: () => (++asked, 'the same') });
  const end = gateway.clock.now() + 60_000;
  const notice = () => ({ expires_in_ms: end - gateway.clock.now(), expires_at: 0 });
  gateway.refuses = (_, event) => {
    if (event === 'refresh_token' && asked < 100) {
      gateway.last.say('token_refreshed', { expires_at: 0 });
      gateway.last.say('token_expiring', notice());
    }
  };
  gateway.last.say('token_expiring', notice());
  await gateway.pass(20_000);
  expect(asked).toBe(2);
  await gateway.pass(40_000);
  expect(asked).toBeGreaterThan(4);
  expect(asked).toBeLessThan(10);
});

it.each(['connect', 'expiring'])(
  'a client closed while its token callback hangs (%s) leaves no timer',
  async (at) => {
    const gateway = new FakeGateway();
    const hang = new Promise<string>(() => undefined);
    const client = gateway.connect({ token: ({ reason }) => (reason === at ? hang : 'token') });
    await settle();
    if (at === 'expiring') {
      gateway.last.connected();
      gateway.last.say('token_expiring', { expires_in_ms: 60_000, expires_at: 0 });
      await settle();
    }
    client.close();
    expect(gateway.clock.pending).toBe(0);
  },
);

it('an expired token that cannot be renewed closes the client', async () => {
  const gateway = new FakeGateway();
  const client = gateway.connect({ token: 'fixed' });
  await settle();
  gateway.last.refuse({ code: 'TOKEN_EXPIRED', message: 'expired' });
  expect(client.state).toBe('closed');
});

it('keeps retrying while the network is away, with growing delays up to the limit', async () => {
  const gateway = new FakeGateway();
  gateway.connect();
  const times: number[] = [];
  for (let attempt = 0; attempt < 12; attempt++) {
    const before = gateway.sockets.length;
    const started = gateway.clock.now();
    while (gateway.sockets.length === before) await gateway.pass(100);
    times.push(gateway.clock.now() - started);
    gateway.last.refuse(undefined);
  }
  expect(times.at(-1)).toBeGreaterThan(2_000);
  expect(Math.max(...times)).toBeLessThanOrEqual(5_100);
});

it('closes a connection that never sends connected', async () => {
  const gateway = new FakeGateway();
  gateway.connect();
  await gateway.pass(30_000);
  expect(gateway.sockets).toHaveLength(2);
  expect(gateway.sockets[0]!.open).toBe(false);
});

it('closes a connection on which the gateway answers nothing', async () => {
  const gateway = new FakeGateway();
  const client = await gateway.up();
  gateway.answers = false;
  client.subscribe({ type: 'product', symbol: 'A' });
  await gateway.pass(23_000);
  expect(gateway.sockets.length).toBeGreaterThan(1);
});

describe('a draining gateway', () => {
  async function drained() {
    const gateway = new FakeGateway();
    const client = await gateway.up();
    const seen = states(client);
    const handle = client.subscribe({ type: 'product', symbol: 'NIFTY' });
    await handle.ready;
    const prices: number[] = [];
    handle.on('update', ({ price }) => prices.push(price));
    const old = gateway.last;
    old.say('underlying_update', underlying('NIFTY', 1));
    old.say('server_draining', { reconnect_in_ms: 8_000 });
    return { gateway, client, handle, prices, old, seen };
  }

  it('is left only once another connection has every room, without a lost, repeated or stale update', async () => {
    const { gateway, client, handle, prices, old, seen } = await drained();
    const stale: unknown[] = [];
    client.on('stale', (change) => stale.push(change));
    await gateway.pass(4_900);
    expect(gateway.sockets.length).toBe(1);
    old.say('underlying_update', underlying('NIFTY', 2));
    await gateway.pass(200);
    expect(gateway.sockets.length).toBe(2);
    gateway.last.connected();
    gateway.last.say('underlying_update', underlying('NIFTY', 3));
    expect(old.open).toBe(true);
    expect(prices).toEqual([1, 2]);
    await settle();
    expect(old.open).toBe(false);
    expect(prices).toEqual([1, 2, 3]);
    expect(handle.stale).toBe(false);
    expect(stale).toEqual([]);
    expect(seen).toEqual(['draining', 'connected']);
  });

  it('is left without a stale price by a client that is only in general', async () => {
    const gateway = new FakeGateway();
    const client = await gateway.up();
    gateway.last.say('underlying_update', underlying('NIFTY', 1));
    gateway.last.say('server_draining', { reconnect_in_ms: 0 });
    const stale: unknown[] = [];
    client.on('stale', (change) => stale.push(change));
    await gateway.pass(100);
    gateway.answers = false; // the stale statuses may not have arrived yet
    gateway.last.connected();
    await settle();
    expect(client.state).toBe('draining');
    gateway.last.sent[0]!.ack({ ok: true, rooms: ['general'], products: [] });
    expect(client.state).toBe('connected');
    expect(stale).toEqual([]);
  });

  it('that closes early is followed by the connection that is being opened', async () => {
    const { gateway, client, old, seen } = await drained();
    await gateway.pass(5_100);
    old.say('closing', { code: 'DRAINING', message: '', reconnect: true });
    old.drop();
    expect(client.state).toBe('reconnecting');
    gateway.last.connected();
    await settle();
    expect(gateway.sockets).toHaveLength(2);
    expect(seen).toEqual(['draining', 'reconnecting', 'connected']);
  });

  it.each(['is lost', 'says so again'])(
    'that %s while the client waits for its token causes only one other connection',
    async (how) => {
      const gateway = new FakeGateway();
      let give!: (token: string) => void;
      const waited = new Promise<string>((resolve) => (give = resolve));
      let asked = 0;
      const client = await gateway.up({ token: () => (++asked === 2 ? waited : 'token') });
      const old = gateway.last;
      old.say('server_draining', { reconnect_in_ms: 0 });
      await gateway.pass(100);
      if (how === 'is lost') old.drop();
      else old.say('server_draining', { reconnect_in_ms: 4_000 });
      give('late');
      await gateway.pass(2_000);
      expect(gateway.sockets).toHaveLength(2);
      gateway.last.connected();
      await gateway.pass(5_000);
      expect(client.state).toBe('connected');
      expect(gateway.sockets.filter(({ open }) => open)).toHaveLength(1);
    },
  );

  it('stays in use until it closes, if no other gateway accepts the client, which keeps trying', async () => {
    const { gateway, client, old } = await drained();
    await gateway.pass(5_100);
    gateway.last.refuse(undefined);
    await gateway.pass(1_000);
    expect(gateway.sockets.length).toBeGreaterThan(2);
    expect(client.state).toBe('draining');
    expect(old.open).toBe(true);
  });
});

it('a request waits for a connection, is sent again on the next one, and times out', async () => {
  const gateway = new FakeGateway();
  const client = gateway.connect();
  const products = client.products();
  gateway.answers = false;
  await settle();
  gateway.last.connected();
  gateway.last.drop();
  gateway.answers = true;
  await gateway.pass(1_000);
  gateway.last.connected();
  expect(await products).toEqual([]);
  gateway.answers = false;
  const late = client.subscriptions({ timeoutMs: 500 });
  const expected = expect(late).rejects.toMatchObject({ name: 'RequestError', code: 'TIMEOUT' });
  await gateway.pass(600);
  await expected;
  client.close();
  expect(gateway.clock.pending).toBe(0);
});

it.each([
  [
    'draining',
    'state',
    (gateway: FakeGateway) => gateway.last.say('server_draining', { reconnect_in_ms: 0 }),
  ],
  ['reconnecting', 'state', (gateway: FakeGateway) => gateway.last.drop()],
  ['reconnecting', 'connect_error', (gateway: FakeGateway) => gateway.last.drop()],
] as const)('a client that a listener closes on %s through %s stays closed', async (_, event, happens) => {
  const gateway = new FakeGateway();
  const client = await gateway.up();
  client.on(event, () => client.close());
  happens(gateway);
  expect(client.state).toBe('closed');
  await gateway.pass(10_000);
  expect([client.state, gateway.sockets.length, gateway.clock.pending]).toEqual(['closed', 1, 0]);
});

it('requests stay within events_per_second, including those sent at once', async () => {
  const gateway = new FakeGateway();
  const client = gateway.connect();
  await settle();
  gateway.last.connected({ event_burst: 10, events_per_second: 10 });
  await settle();
  const all = Array.from({ length: 40 }, () => client.subscriptions());
  await settle();
  expect(gateway.last.sent.length).toBeLessThanOrEqual(8);
  await gateway.pass(8_000);
  expect(await Promise.all(all)).toHaveLength(40);
  client.close();
  expect(gateway.clock.pending).toBe(0);
});

it('an infinite timeout does not end at once', async () => {
  let over = false;
  const timer = systemClock.after(Infinity, () => (over = true));
  await new Promise((resolve) => setTimeout(resolve, 20));
  timer.cancel();
  expect(over).toBe(false);
});
