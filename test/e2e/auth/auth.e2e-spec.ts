import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ManagerOptions, SocketOptions } from 'socket.io-client';
import type { ConnectErrorData } from '../../../src/contract/index.js';
import { ContractCheck } from '../../support/contract-check.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { underlying } from '../../support/messages.js';
import { RawWebSocket } from '../../support/raw-websocket.js';
import { RedisServer } from '../../support/redis-server.js';
import { openSocket } from '../../support/socket.js';
import { SseClient, type SseOptions } from '../../support/sse-client.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import {
  ALGORITHMS,
  claims,
  epoch,
  hs256,
  JWT_SECRET,
  KEYS,
  pemOf,
  signed,
  type TokenClaims,
  unsigned,
} from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

type Options = Partial<ManagerOptions & SocketOptions>;

const SECRET_KEY = 'p8Wq2Lm5Zx7Rt1Vb4Nc6Jd9Fg3Hk0Sy2';
const SETTINGS = {
  AUTH_MODE: 'required',
  JWT_SECRET,
  SECRET_KEY,
  JWT_PUBLIC_KEY: ALGORITHMS.map((name) => pemOf(KEYS[name].publicKey)).join(''),
  JWT_CLOCK_TOLERANCE_SECONDS: '0',
  TOKEN_EXPIRY_NOTICE_SECONDS: '2',
};

let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterAll(() => redis?.stop());

async function publish(channel: string, message: string | object): Promise<number> {
  return redis.client.publish(channel, typeof message === 'string' ? message : JSON.stringify(message));
}

function start(settings: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
  return GatewayProcess.start({ REDIS_URL: redis.url, ...SETTINGS, ...settings });
}

const bearer = (token: string): Options => ({ auth: { token } });
const join = (url: string, more: TokenClaims = {}, options: Options = {}): Promise<TestClient> =>
  TestClient.connect(url, { transports: ['websocket'], ...bearer(hs256(claims(more))), ...options });

/** Returns the error with which the gateway rejects a stock client. */
function refusal(url: string, options: Options): Promise<ConnectErrorData> {
  const socket = openSocket(url, options);
  return new Promise((resolve, reject) => {
    socket.on('connect', () => reject(new Error('it was let in')));
    socket.on('connect_error', (error: Error & { data?: ConnectErrorData }) => {
      socket.disconnect();
      if (error.data === undefined) return reject(error);
      new ContractCheck().received('connect_error', { message: error.message, data: error.data });
      resolve(error.data);
    });
  });
}

const ACCEPTED: readonly (readonly [string, () => Options])[] = [
  ['in auth.token', () => bearer(hs256())],
  ['in the Authorization header', () => ({ extraHeaders: { Authorization: `Bearer ${hs256()}` } })],
  ...ALGORITHMS.map((name): [string, () => Options] => [`by ${name}`, () => bearer(signed(name))]),
];

const REJECTED: readonly (readonly [string, () => Options, ConnectErrorData['code']])[] = [
  ['no token', () => ({}), 'AUTH_REQUIRED'],
  ['an empty token', () => bearer(''), 'AUTH_REQUIRED'],
  ['a token in the URL', () => ({ query: { token: hs256() } }), 'AUTH_REQUIRED'],
  [
    'another authorization scheme',
    () => ({ extraHeaders: { Authorization: `Basic ${hs256()}` } }),
    'AUTH_REQUIRED',
  ],
  ['a header without a token', () => ({ extraHeaders: { Authorization: 'Bearer' } }), 'TOKEN_INVALID'],
  [
    'two tokens in the header',
    () => ({ extraHeaders: { Authorization: `Bearer ${hs256()} ${hs256()}` } }),
    'TOKEN_INVALID',
  ],
  ['a number', () => ({ auth: { token: 42 } }), 'TOKEN_INVALID'],
  ['a list', () => ({ auth: { token: [hs256()] } }), 'TOKEN_INVALID'],
  ['a huge token', () => bearer('x'.repeat(50_000)), 'TOKEN_INVALID'],
  ['an unsigned token', () => bearer(`${unsigned({ alg: 'none' }, claims())}.`), 'TOKEN_INVALID'],
  [
    'a token signed with the public key',
    () => bearer(hs256(claims(), pemOf(KEYS.RS256.publicKey))),
    'TOKEN_INVALID',
  ],
  ['a token signed with another secret', () => bearer(hs256(claims(), 'z'.repeat(32))), 'TOKEN_INVALID'],
  ['a token that is not valid yet', () => bearer(hs256(claims({ nbf: epoch(60) }))), 'TOKEN_INVALID'],
  ['an expired token', () => bearer(hs256(claims({ exp: epoch(-60) }))), 'TOKEN_EXPIRED'],
];

/**
 * The same request for an event stream, which takes a token only in the header. Undefined if a
 * header cannot have such a token.
 */
function asEventStream({ auth, extraHeaders, query }: Options): [string, SseOptions] | undefined {
  const { token } = (auth ?? {}) as { readonly token?: unknown };
  if (token !== undefined && (typeof token !== 'string' || token.length > 8_000)) return undefined;
  const headers = { ...extraHeaders, ...(token && { Authorization: `Bearer ${token}` }) };
  const more = new URLSearchParams(query as Record<string, string>).toString();
  return [`rooms=product:NIFTY&${more}`, { headers }];
}

describe('a gateway that requires a token', () => {
  let gateway: GatewayProcess;

  beforeAll(async () => {
    gateway = await start();
    await gateway.ready();
  });

  afterAll(() => gateway?.stop());

  describe.each(Object.entries(TRANSPORTS))('by %s', (kind, transport) => {
    // A plain WebSocket sends its token at one place only: test/e2e/transports.
    const precedence: [string, () => Options][] = [
      [
        'in auth.token, which takes precedence over the header',
        () => ({ ...bearer(hs256()), extraHeaders: { Authorization: 'Bearer x' } }),
      ],
    ];
    it.each([...ACCEPTED, ...(kind.startsWith('plain websocket') ? [] : precedence)])(
      'accepts a client with a token %s',
      async (_name, options) => {
        const client = await TestClient.connect(gateway.url, { ...transport, ...options() });
        const [connected] = client.all('connected');
        expect(connected!.rooms).toEqual(['general']);
        expect(connected!.user).toEqual({ user_id: '42', role: 'user', expires_at: expect.any(Number) });
      },
    );

    it.each(REJECTED)('rejects a client with %s', async (_name, options, code) => {
      const data = await refusal(gateway.url, { ...transport, ...options() });
      expect(data).toEqual({ code, message: expect.any(String) });
      expect(data.message.length).toBeLessThan(200);
    });
  });

  describe('by an event stream', () => {
    it.each(ACCEPTED)('accepts a client with a token %s', async (_name, options) => {
      const stream = await SseClient.open(gateway.url, ...asEventStream(options())!);
      const { data } = await stream.next('connected');
      expect(data.user).toEqual({ user_id: '42', role: 'user', expires_at: expect.any(Number) });
      expect((await stream.next('subscribed')).data.room).toBe('product:NIFTY');
    });

    it.each(REJECTED.filter(([, options]) => asEventStream(options())))(
      'rejects a client with %s',
      async (_name, options, code) => {
        const refused = SseClient.open(gateway.url, ...asEventStream(options())!);
        await expect(refused).rejects.toThrow(new RegExp(`^401 .*"code":"${code}"`));
      },
    );
  });

  it.each<[string, () => string[]]>([
    ['tries token after token', () => Array.from({ length: 10 }, (_, i) => `guess-${i}`)],
    ['connects to the namespace repeatedly', () => Array.from({ length: 10 }, () => hs256())],
  ])('closes a connection that %s', async (_, tokens) => {
    const checked = () =>
      gateway.metric('socket_gateway_authentications_total{at="connect",result="TOKEN_INVALID"}');
    const checkedBefore = await checked();
    const before = await gateway.metric('socket_gateway_connections_total');
    const socket = await RawWebSocket.open(gateway.url);
    for (const token of tokens()) socket.send(`40${JSON.stringify({ token })}`);
    await waitFor(() => socket.frames.some(({ opcode }) => opcode === 8), 'it was not closed');
    expect((await checked()) - checkedBefore).toBeLessThanOrEqual(3);
    expect(await gateway.metric('socket_gateway_connections_total')).toBeLessThanOrEqual(before + 1);
  });

  it('counts the accepted and the rejected clients', async () => {
    await join(gateway.url);
    await refusal(gateway.url, { transports: ['websocket'] });
    for (const sample of [
      'authentications_total{at="connect",result="token"}',
      'authentications_total{at="connect",result="AUTH_REQUIRED"}',
      'authenticated_clients',
    ]) {
      expect(await gateway.metric(`socket_gateway_${sample}`)).toBeGreaterThan(0);
    }
  });

  describe('a connection whose token expires', () => {
    it('is warned first, then closed with a code that asks the client to reconnect', async () => {
      const client = await join(gateway.url, { exp: epoch(8) });
      const { expires_in_ms, expires_at } = await client.next('token_expiring');
      expect(expires_in_ms).toBeLessThanOrEqual(2_600);
      expect(expires_at).toBe(client.all('connected')[0]!.user!.expires_at);
      expect(await client.next('closing')).toEqual({
        code: 'TOKEN_EXPIRED',
        message: 'The token has expired. Reconnect with a new one.',
        reconnect: true,
      });
      await waitFor(() => client.disconnects.length === 1, 'it was not closed');
      expect(client.disconnects).toEqual(['transport close']);
    });

    it('is closed with the same code in the WebSocket’s close frame', async () => {
      const socket = await RawWebSocket.connect(gateway.url, undefined, {
        token: hs256(claims({ exp: epoch(8) })),
      });
      await waitFor(() => socket.closeCode !== undefined, 'it was not closed');
      expect(socket.closeCode).toBe(4001);
    });

    it('lets a stock client reconnect by itself with the token from its auth function', async () => {
      const lives = [8, 600];
      const client = await TestClient.connect(gateway.url, {
        ...TRANSPORTS.websocket,
        reconnection: true,
        reconnectionDelay: 10,
        auth: (give) => give({ token: hs256(claims({ exp: epoch(lives.shift()) })) }),
      });
      await client.next('connected', 2);
      expect(lives).toEqual([]);
    });

    describe('a client that refreshes its token', () => {
      const exp = epoch(600);
      const clients: Record<string, TestClient> = {};
      const answers: Record<string, unknown> = {};

      /** Its notices are long before the end, so that a slow client can answer in time. */
      let early: GatewayProcess;

      // The tokens are refreshed together, and every client has to outlive its first token.
      beforeAll(async () => {
        early = await start({ TOKEN_EXPIRY_NOTICE_SECONDS: '60' });
        await early.ready();
        const old = await Promise.all(
          Object.entries(TRANSPORTS).map(async ([name, transport]) => {
            const client = await join(early.url, { exp: epoch(12) }, transport);
            clients[name] = client;
            const { expires_at } = await client.next('token_expiring');
            answers[name] = await client.ask('refresh_token', { token: hs256(claims({ exp })) });
            return expires_at;
          }),
        );
        await waitFor(() => Date.now() / 1_000 > Math.max(...old) + 1, 'time does not go by', 30_000);
      });
      afterAll(() => early.stop());

      it.each(Object.keys(TRANSPORTS))('%s', async (name) => {
        const client = clients[name]!;
        expect(answers[name]).toEqual({ ok: true, rooms: ['general'], expires_at: exp });
        expect(client.all('token_expiring')).toHaveLength(1);
        expect(client.all('token_refreshed')).toEqual([{ expires_at: exp }]);
        await client.settled();
        expect(client.disconnects).toEqual([]);
      });
    });

    it.each<[string, () => unknown, string, string | undefined]>([
      ['nothing', () => undefined, 'INVALID_PAYLOAD', undefined],
      ['a string', () => 'token', 'INVALID_PAYLOAD', undefined],
      ['no token', () => ({}), 'INVALID_PAYLOAD', undefined],
      ['a token that is not a string', () => ({ token: {} }), 'INVALID_PAYLOAD', undefined],
      [
        'a token of another user',
        () => ({ token: hs256(claims({ user_id: 43 })) }),
        'TOKEN_INVALID',
        'This token belongs to another user. Open a new connection to use it.',
      ],
      ['an expired token', () => ({ token: hs256(claims({ exp: epoch(-1) })) }), 'TOKEN_EXPIRED', undefined],
      ['a forged token', () => ({ token: hs256(claims(), 'f'.repeat(32)) }), 'TOKEN_INVALID', undefined],
    ])('keeps the old token if it sends %s', async (_, payload, code, message) => {
      const client = await join(gateway.url);
      client.contract.sendsInvalid = typeof (payload() as { token?: unknown } | null)?.token !== 'string';
      const answer = await client.ask('refresh_token', payload());
      expect(answer).toMatchObject({
        ok: false,
        error: { code, event: 'refresh_token', ...(message && { message }) },
      });
      expect(client.all('error')).toEqual([answer.error]);
      await client.settled();
      expect(client.disconnects).toEqual([]);
    });

    it('loses the rooms that the new token does not allow', async () => {
      const client = await join(gateway.url);
      await client.ask('subscribe', { type: 'product', symbols: ['KEEP', 'LOSE'] });
      client.clear();
      const { rooms } = await client.ask('refresh_token', { token: hs256(claims({ products: ['KEEP'] })) });
      expect(rooms).toEqual(['product:KEEP']);
      expect(client.all('unsubscribed').map(({ room }) => room)).toEqual(['general', 'product:LOSE']);
      for (const symbol of ['LOSE', 'KEEP']) await publish('enriched:underlying', underlying(symbol, 1));
      await client.next('underlying_update');
      expect(client.all('underlying_update').map(({ product }) => product)).toEqual(['KEEP']);
    });
  });

  describe('a token', () => {
    it.each<[string, TokenClaims, object, string[] | undefined]>([
      [
        'allows a product that it names',
        { products: ['NIFTY'] },
        { type: 'product', symbol: 'NIFTY' },
        ['product:NIFTY'],
      ],
      [
        'allows the chains of its product',
        { products: ['NIFTY'] },
        { type: 'chain', symbol: 'NIFTY' },
        ['chain:NIFTY'],
      ],
      [
        'one chain',
        { products: ['NIFTY'] },
        { type: 'chain', symbol: 'NIFTY', expiry: '2026-11-26' },
        ['chain:NIFTY:2026-11-26'],
      ],
      [
        'does not allow another product',
        { products: ['NIFTY'] },
        { type: 'product', symbol: 'AAPL' },
        undefined,
      ],
      ['does not allow general', { products: ['NIFTY'] }, { type: 'general' }, undefined],
      [
        'does not allow a batch with one forbidden product',
        { products: ['NIFTY'] },
        { type: 'product', symbols: ['NIFTY', 'AAPL'] },
        undefined,
      ],
      [
        'allows a room that matches its pattern',
        { rooms: ['chain:*'] },
        { type: 'chain', symbol: 'AAPL' },
        ['chain:AAPL'],
      ],
      [
        'does not allow a room outside its pattern',
        { rooms: ['chain:*'] },
        { type: 'product', symbol: 'AAPL' },
        undefined,
      ],
      ['of an admin allows every room', { role: 'admin', rooms: [] }, { type: 'general' }, ['general']],
    ])('%s', async (_, more, request, rooms) => {
      const client = await join(gateway.url, more);
      const answer = await client.ask('subscribe', request);
      if (rooms) {
        expect(answer).toEqual({ ok: true, rooms });
        return;
      }
      expect(answer).toEqual({
        ok: false,
        error: {
          code: 'FORBIDDEN',
          event: 'subscribe',
          message:
            'Your token does not allow this request. Ask for other rooms, or get a token that allows these.',
          details: [
            {
              field: expect.any(String),
              problem: expect.stringMatching(/^(general|product:AAPL) is not allowed$/),
            },
          ],
        },
      });
      expect((await client.ask('get_products')).rooms).toEqual([]);
    });

    it('allows snapshots of exactly the rooms that it allows to subscribe to', async () => {
      await publish('enriched:underlying', underlying('SNAPPED', 1));
      const client = await join(gateway.url, { products: ['SNAPPED'] });
      const ask = (...symbols: string[]) => client.ask('get_snapshot', { type: 'product', symbols });
      expect(await ask('SNAPPED', 'AAPL')).toEqual({
        ok: false,
        error: {
          code: 'FORBIDDEN',
          event: 'get_snapshot',
          message:
            'Your token does not allow this request. Ask for other rooms, or get a token that allows these.',
          details: [{ field: 'symbol', problem: 'product:AAPL is not allowed' }],
        },
      });
      expect(client.all('underlying_update')).toEqual([]);
      expect(await ask('SNAPPED')).toMatchObject({ ok: true });
      expect(client.all('snapshot')).toEqual([{ room: 'product:SNAPPED', updates: 1 }]);
      expect((await client.ask('list_subscriptions')).rooms).toEqual([]);
    });

    it('hides the prices, statuses and names of products that it does not allow', async () => {
      const client = await join(gateway.url, { products: ['MINE'] });
      const [connected] = client.all('connected');
      expect(connected!.rooms).toEqual([]);
      await client.ask('subscribe', { type: 'product', symbol: 'MINE' });
      for (const symbol of ['OTHERS', 'MINE']) await publish('enriched:underlying', underlying(symbol, 1));
      await client.next('underlying_update');
      expect(client.all('underlying_update').map(({ product }) => product)).toEqual(['MINE']);
      expect((await client.ask('get_products')).products).toEqual(['MINE']);
    });

    it('makes the gateway count the requests that it forbids', async () => {
      const before = await gateway.metric('socket_gateway_client_errors_total{code="FORBIDDEN"}');
      const client = await join(gateway.url, { products: [] });
      await client.ask('subscribe', { type: 'general' });
      expect(await gateway.metric('socket_gateway_client_errors_total{code="FORBIDDEN"}')).toBe(before + 1);
    });
  });
});

describe('a gateway with AUTH_MODE=optional', () => {
  it('restricts a token with the role anonymous like that of any user', async () => {
    const gateway = await start({ AUTH_MODE: 'optional', ROLE_ROOMS: 'user=product:FREE' });
    const token = hs256(claims({ role: 'anonymous' }));
    const client = await TestClient.connect(gateway.url, { auth: { token } });
    expect(client.all('connected')[0]).toMatchObject({ rooms: [] });
    expect(await client.ask('subscribe', { type: 'general' })).toMatchObject({
      ok: false,
      error: { code: 'FORBIDDEN' },
    });
    expect(await client.ask('subscribe', { type: 'product', symbol: 'FREE' })).toMatchObject({ ok: true });
    await gateway.stop();
  });

  it('restricts anonymous clients as configured, until they send a token', async () => {
    const gateway = await start({ AUTH_MODE: 'optional', ROLE_ROOMS: 'anonymous=product:FREE' });
    const anonymous = await TestClient.connect(gateway.url);
    expect(anonymous.all('connected')[0]).toMatchObject({ rooms: [], user: null });
    expect(await anonymous.ask('subscribe', { type: 'general' })).toMatchObject({
      ok: false,
      error: {
        code: 'FORBIDDEN',
        message: 'This request needs a token that allows it. Connect with such a token.',
      },
    });
    expect(await anonymous.ask('subscribe', { type: 'product', symbol: 'FREE' })).toMatchObject({ ok: true });
    // A client can authenticate on the connection that it already has.
    expect(await anonymous.ask('refresh_token', { token: hs256() })).toMatchObject({ ok: true });
    expect(await anonymous.ask('subscribe', { type: 'general' })).toMatchObject({ ok: true });
    expect((await join(gateway.url)).all('connected')[0]!.rooms).toEqual(['general']);
    expect(await refusal(gateway.url, { transports: ['websocket'], ...bearer('wrong') })).toMatchObject({
      code: 'TOKEN_INVALID',
    });
    await gateway.stop();
  });

  it('never checks a token with AUTH_MODE=off, and rejects refresh_token', async () => {
    const gateway = await GatewayProcess.start({ REDIS_URL: redis.url });
    const client = await TestClient.connect(gateway.url, { ...TRANSPORTS.websocket, ...bearer('anything') });
    expect(client.all('connected')[0]).toMatchObject({ rooms: ['general'], user: null });
    expect(await client.ask('refresh_token', { token: 'x' })).toEqual({
      ok: true,
      rooms: ['general'],
      expires_at: null,
    });
    await gateway.stop();
  });
});

describe('a revocation', () => {
  const revoke = (message: object): Promise<number> => publish('auth:revoked', message);
  let replicas: GatewayProcess[];

  beforeEach(async () => {
    await redis.client.flushall();
    replicas = await Promise.all([start(), start()]);
    await Promise.all(replicas.map((replica) => replica.ready()));
    const listeners = async () => (await redis.client.pubsub('NUMSUB', 'auth:revoked'))[1];
    await waitFor(async () => (await listeners()) === 2, 'not both listen');
  });

  afterEach(() => Promise.all(replicas.map((replica) => replica.stop())));

  it('of a user reaches every replica, closes only that user’s sessions, and rejects all tokens issued before it', async () => {
    const old = claims({ iat: epoch(-10) });
    const clients = await Promise.all(replicas.map((replica) => join(replica.url, old)));
    const others = await Promise.all(replicas.map((replica) => join(replica.url, { user_id: 43 })));
    await revoke({ user_id: 42, before: epoch(-5) });
    for (const client of clients) {
      expect(await client.next('closing')).toMatchObject({ code: 'TOKEN_REVOKED', reconnect: false });
      await waitFor(() => client.disconnects.length === 1, 'it was not closed');
      // Stock clients do not reconnect after this reason.
      expect(client.disconnects).toEqual(['io server disconnect']);
    }
    for (const { url } of replicas) {
      expect(await refusal(url, { transports: ['websocket'], ...bearer(hs256(old)) })).toMatchObject({
        code: 'TOKEN_REVOKED',
      });
      await join(url); // The user has a newer token
    }
    for (const other of others) {
      await other.settled();
      expect(other.disconnects).toEqual([]);
    }
  });

  it('of one token does not affect the user’s other tokens', async () => {
    const [first, second] = await Promise.all(['a', 'b'].map((jti, i) => join(replicas[i]!.url, { jti })));
    await revoke({ jti: 'a' });
    await first!.next('closing');
    await second!.settled();
    expect(second!.disconnects).toEqual([]);
    const again = { transports: ['websocket'], ...bearer(hs256(claims({ jti: 'a' }))) };
    for (const { url } of replicas)
      expect(await refusal(url, again)).toMatchObject({ code: 'TOKEN_REVOKED' });
    expect(await second!.ask('refresh_token', { token: hs256(claims({ jti: 'a' })) })).toMatchObject({
      error: { code: 'TOKEN_REVOKED' },
    });
  });

  it('is known to a replica that starts later, and to one that was disconnected when it was published', async () => {
    const { url } = replicas[0]!;
    const client = await join(url, { jti: 'cut' });
    const connections = (await redis.client.client('LIST')) as string;
    await redis.client.client('KILL', 'ID', /^id=(\d+) .*:auth-sub /m.exec(connections)![1]!);
    await revoke({ jti: 'cut' });
    await client.next('closing');
    const late = await start();
    replicas.push(late);
    await waitFor(
      () =>
        refusal(late.url, { transports: ['websocket'], ...bearer(hs256(claims({ jti: 'cut' }))) }).then(
          ({ code }) => code === 'TOKEN_REVOKED',
          () => false,
        ),
      'the late replica does not know',
    );
  });

  it('is written again to a Redis that lost it, so that later replicas read it', async () => {
    const client = await join(replicas[0]!.url, { jti: 'lost' });
    await revoke({ jti: 'lost' });
    await client.next('closing');
    await redis.client.del('socket-gateway:revocations');
    const connections = (await redis.client.client('LIST')) as string;
    for (const [, id] of connections.matchAll(/^id=(\d+) .*:auth-sub /gm)) {
      await redis.client.client('KILL', 'ID', id!);
    }
    await waitFor(
      async () => (await redis.client.zscore('socket-gateway:revocations', 'jti:lost')) !== null,
      'it is not put back',
    );
  });

  it('that is malformed is logged and counted, and has no effect on clients', async () => {
    const client = await join(replicas[0]!.url);
    await publish('auth:revoked', 'nonsense');
    await publish('auth:revoked', '{"user_id":{}}');
    await waitFor(
      async () => (await replicas[0]!.metric('socket_gateway_revocations_total{kind="rejected"}')) === 2,
      'not counted',
    );
    await waitFor(() => replicas[0]!.logged('revocation_rejected') !== undefined);
    expect(replicas[0]!.logged('revocation_rejected')).toMatchObject({ problem: 'it is not JSON' });
    await client.settled();
    expect(client.disconnects).toEqual([]);
  });
});

describe('connections of one user', () => {
  it.each(['memory', 'redis'])(
    'are limited, and free again when they end: counted in %s',
    async (LIMITS_STORE) => {
      const settings = { MAX_CONNECTIONS_PER_USER: '2', LIMITS_STORE, AUTH_MODE: 'optional' };
      const replicas = await Promise.all([start(settings), start(settings)]);
      const [first, second] = replicas.map(({ url }) => url);
      const where = LIMITS_STORE === 'redis' ? [first!, second!, first!] : [first!, first!, first!];
      const more = { user_id: `limited-${LIMITS_STORE}` };
      const clients = [await join(where[0]!, more), await join(where[1]!, more)];
      const third = { transports: ['websocket'], ...bearer(hs256(claims(more))) };
      expect(await refusal(where[2]!, third)).toEqual({
        code: 'TOO_MANY_CONNECTIONS',
        message: 'You already have 2 connections. Close one, or try again after retry_after_ms.',
        retry_after_ms: 5_000,
      });
      // Nor can a client get around the limit by authenticating later.
      const anonymous = await TestClient.connect(where[2]!);
      const token = hs256(claims(more));
      expect(await anonymous.ask('refresh_token', { token })).toMatchObject({
        ok: false,
        error: { code: 'TOO_MANY_CONNECTIONS', retry_after_ms: 5_000 },
      });
      await join(where[2]!); // another user
      clients[1]!.close();
      await waitFor(
        async () => (await anonymous.ask('refresh_token', { token })).ok === true,
        'it stays taken',
      );
      await Promise.all(replicas.map((replica) => replica.stop()));
    },
  );
});

describe('keys from a JWKS URL', () => {
  let server: Server;
  let keys: object[] | undefined;
  let url: string;

  beforeEach(async () => {
    keys = undefined;
    server = createServer((_, response) => {
      response.writeHead(keys ? 200 : 503).end(JSON.stringify({ keys }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/.well-known/jwks.json`;
  });

  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  it('are required before the replica is ready, and kept when the auth service is unreachable later', async () => {
    const gateway = await start({
      JWT_JWKS_URL: url,
      JWT_PUBLIC_KEY: '',
      JWT_SECRET: '',
      JWT_JWKS_REFRESH_SECONDS: '1',
    });
    const token = signed('ES256', claims(), undefined, { kid: 'k' });
    const options = { transports: ['websocket'], ...bearer(token) };
    const { error } = await gateway.json<{ error: Record<string, { reason: string }> }>('/health/ready');
    expect(error.auth!.reason).toMatch(/^the keys of JWT_JWKS_URL cannot be fetched: /);
    expect(await gateway.metric('socket_gateway_keys_missing')).toBe(1);
    expect(await refusal(gateway.url, options)).toEqual({
      code: 'AUTH_UNAVAILABLE',
      message: 'The gateway cannot check the token at the moment. Try again after retry_after_ms.',
      retry_after_ms: 2_000,
    });

    keys = [{ ...KEYS.ES256.publicKey.export({ format: 'jwk' }), kid: 'k' }];
    await gateway.ready();
    expect(await gateway.metric('socket_gateway_keys_missing')).toBe(0);
    await TestClient.connect(gateway.url, options);

    keys = undefined;
    await waitFor(
      () => gateway.logs.filter(({ msg }) => msg === 'jwks_not_fetched').length > 0,
      'the failure is not told',
    );
    await TestClient.connect(gateway.url, options);
    expect((await gateway.get('/health/ready')).status).toBe(200);
    await gateway.stop();
  });
});

it.each([
  [{ NODE_ENV: 'production' }, 'AUTH_MODE is off: every client that reaches this port can read every price.'],
  [
    { ...SETTINGS, NODE_ENV: 'production', JWT_JWKS_URL: 'http://127.0.0.1:1/' },
    'JWT_JWKS_URL is not https: an attacker on the network could replace the keys that tokens are checked with.',
  ],
])('a start in production warns: %#', async (settings, warning) => {
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, SECRET_KEY, ...settings });
  expect(gateway.logged(warning)).toMatchObject({ level: 40 });
  await gateway.stop();
});
