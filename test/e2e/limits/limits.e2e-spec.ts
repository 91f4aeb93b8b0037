import { connect } from 'node:net';
import type { OutgoingHttpHeaders } from 'node:http';
import { GatewayProcess } from '../../support/gateway-process.js';
import { type HandshakeResponse, HANDSHAKES } from '../../support/handshake.js';
import { PacketCheck } from '../../support/packet-check.js';
import { PollingClient } from '../../support/polling-client.js';
import { RawHttp } from '../../support/raw-http.js';
import { RawWebSocket } from '../../support/raw-websocket.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

let redis: RedisServer;
beforeAll(async () => void (redis = await RedisServer.start()));
afterAll(() => redis.stop());
afterEach(() => redis.client.flushall());

const start = (env: Record<string, string>) => GatewayProcess.start({ REDIS_URL: redis.url, ...env });
const refused = (gateway: GatewayProcess, reason: string) =>
  gateway.metric(`socket_gateway_handshakes_refused_total{reason="${reason}"}`);
const LET_IN = { polling: 200, websocket: 101, 'plain websocket': 101, 'event stream': 200 } as const;
const transports = Object.keys(LET_IN) as (keyof typeof LET_IN)[];
/** Those that stock clients can use. */
const ofStockClients = transports.filter((name) => name in TRANSPORTS);

function expectRefusal({ status, headers, body }: HandshakeResponse, expected: number, reason: string): void {
  expect({ status, body: JSON.parse(body) as unknown }).toMatchObject({ status: expected, body: { reason } });
  const { message, retry_after_ms, ...rest } = JSON.parse(body) as Record<string, unknown>;
  expect(rest).toEqual({ reason });
  expect(message).toEqual(expect.any(String));
  if (expected === 403) expect([headers['retry-after'], retry_after_ms]).toEqual([undefined, undefined]);
  else expect(retry_after_ms).toBe(Number(headers['retry-after']) * 1_000);
}

describe('the origin of a page', () => {
  type Row = [name: string, origin: string | undefined, headers: OutgoingHttpHeaders, allowed: boolean];
  const own = (host: string) => ({ host });
  const listed: Row[] = [
    ['listed', 'https://app.example.com', {}, true],
    ['below a listed host', 'https://a.b.example.org', {}, true],
    ['no browser', undefined, {}, true],
    ['another', 'https://evil.com', {}, false],
    ['a host that ends alike', 'https://evilexample.org', {}, false],
    ['a host that begins alike', 'https://app.example.com.evil.org', {}, false],
    ['another port', 'https://app.example.com:8443', {}, false],
    ['another scheme', 'http://app.example.com', {}, false],
    ['null, which a sandboxed frame sends', 'null', {}, false],
    ['nonsense', 'nonsense', {}, false],
  ];
  const ownAlone: Row[] = [
    ["the gateway's own", 'https://gw.example.com', own('gw.example.com'), true],
    ['another', 'https://evil.com', own('gw.example.com'), false],
    ['none, which is not a browser', undefined, own('gw.example.com'), true],
    [
      "the gateway's own, behind a proxy",
      'https://gw.example.com',
      { host: 'inner:8002', 'x-forwarded-host': 'gw.example.com' },
      true,
    ],
    [
      'a host that the proxy was not asked for',
      'https://inner:8002',
      { host: 'inner:8002', 'x-forwarded-host': 'gw.example.com' },
      false,
    ],
  ];
  const cases: [string, Record<string, string>, Row[]][] = [
    ['with CORS_ORIGINS', { CORS_ORIGINS: 'https://app.example.com,https://*.example.org' }, listed],
    ['in production', { NODE_ENV: 'production', TRUST_PROXY: 'loopback' }, ownAlone],
  ];

  describe.each(cases)('%s', (_, env, rows) => {
    let gateway: GatewayProcess;
    beforeAll(async () => void (gateway = await start(env)));
    afterAll(() => gateway.stop());

    describe.each(transports)('over %s', (transport) => {
      it.each(rows)('%s: %s', async (_name, origin, headers, allowed) => {
        const before = await refused(gateway, 'origin');
        const answer = await HANDSHAKES[transport](gateway.url, { ...headers, ...(origin && { origin }) });
        if (allowed) expect(answer.status).toBe(LET_IN[transport]);
        else expectRefusal(answer, 403, 'origin');
        expect(await refused(gateway, 'origin')).toBe(before + (allowed ? 0 : 1));
      });
    });

    it('is checked in every request of a session, and before its upgrade', async () => {
      const { body } = await HANDSHAKES.polling(gateway.url);
      const { sid } = JSON.parse(body.slice(1)) as { sid: string };
      const session = `${gateway.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`;
      const origin = 'https://evil.com';
      for (const init of [{}, { method: 'POST', body: '40' }]) {
        const response = await fetch(session, { ...init, headers: { origin } });
        expect([response.status, ((await response.json()) as { reason: string }).reason]).toEqual([
          403,
          'origin',
        ]);
      }
      const upgrade = await HANDSHAKES.websocket(gateway.url, { origin });
      expect(upgrade.status).toBe(403);
      // The session itself is not affected.
      expect(await (await fetch(session, { method: 'POST', body: '40' })).text()).toBe('ok');
    });
  });
});

describe('malformed handshakes', () => {
  const POLL = '/socket.io/?EIO=4&transport=polling';
  const SOCKET = '/socket.io/?EIO=4&transport=websocket';
  const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n';
  const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  const EMPTY = 'Content-Length: 0\r\n';
  // One handshake a second, and one more that waits: if a malformed one had counted, the next
  // client would be rejected with 503.
  let gateway: GatewayProcess;
  beforeAll(
    async () =>
      void (gateway = await start({ HANDSHAKES_PER_SECOND: '1', HANDSHAKES_PER_IP_PER_MINUTE: '40' })),
  );
  afterAll(() => gateway.stop());

  it.each([
    ['without a transport', 'GET', '/socket.io/?EIO=4', EMPTY, 400],
    ['of an unknown transport', 'GET', '/socket.io/?EIO=4&transport=flash', EMPTY, 400],
    ['of an old protocol', 'GET', '/socket.io/?EIO=3&transport=polling', EMPTY, 400],
    ['without a protocol', 'GET', '/socket.io/?transport=websocket', UPGRADE + KEY, 400],
    ['of another method', 'POST', POLL, EMPTY, 400],
    ['of an unknown session', 'GET', `${POLL}&sid=nonsense`, EMPTY, 404],
    ['that upgrade an unknown session', 'GET', `${SOCKET}&sid=nonsense`, UPGRADE + KEY, 404],
    ['by WebSocket without an upgrade', 'GET', SOCKET, EMPTY, 400],
    ['by polling with an upgrade', 'GET', POLL, UPGRADE + KEY, 400],
    ['without a key', 'GET', SOCKET, UPGRADE, 400],
    ['with a wrong key', 'GET', SOCKET, `${UPGRADE}Sec-WebSocket-Key: wrong\r\n`, 400],
    ['with a wrong subprotocol', 'GET', SOCKET, `${UPGRADE + KEY}Sec-WebSocket-Protocol: a,,b\r\n`, 400],
  ])('%s use none of the handshake rate', async (_, method, path, headers, status) => {
    const request = `${method} ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`;
    const close = 'Connection: close\r\n';
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        RawHttp.exchange(gateway.url, headers === EMPTY ? request.replace(EMPTY, EMPTY + close) : request),
      ),
    );
    expect(answers.map((answer) => answer.slice(9, 12))).toEqual(Array<string>(5).fill(`${status}`));
    expect(await gateway.metric('socket_gateway_handshakes_queued')).toBe(0);
  });

  it('on many pipelined connections do not delay new clients', async () => {
    const busy = await start({ HANDSHAKES_PER_SECOND: '10' });
    const pipeline = 'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50);
    let running = true;
    const attacker = async (): Promise<void> => {
      while (running) {
        const raw = await RawHttp.connect(busy.url);
        raw.tcp.write(pipeline);
        await waitFor(() => raw.closed || raw.answer !== '');
        raw.tcp.destroy();
      }
    };
    const attackers = Array.from({ length: 20 }, attacker);
    await waitFor(async () => (await refused(busy, 'malformed')) > 1_000);
    expect((await HANDSHAKES.polling(busy.url)).status).toBe(200);
    expect((await HANDSHAKES.websocket(busy.url)).status).toBe(101);
    expect(await refused(busy, 'rate')).toBe(0);
    running = false;
    await Promise.all(attackers);
    await busy.stop();
  });
});

describe('one address is limited to', () => {
  it.each(transports)('handshakes a minute over %s', async (transport) => {
    const gateway = await start({ HANDSHAKES_PER_IP_PER_MINUTE: '3' });
    const answers = [];
    for (let n = 0; n < 5; n++) answers.push(await HANDSHAKES[transport](gateway.url));
    expect(answers.map(({ status }) => status)).toEqual([
      ...Array<number>(3).fill(LET_IN[transport]),
      429,
      429,
    ]);
    for (const answer of answers.slice(3)) {
      expectRefusal(answer, 429, 'ip_handshakes');
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(30);
      expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(60);
    }
    expect(await refused(gateway, 'ip_handshakes')).toBe(2);
    // The replica itself stays ready.
    await gateway.ready();
    await gateway.stop();
  });

  it.each(ofStockClients)('connections at a time, by %s, until they are gone', async (transport) => {
    const gateway = await start({ MAX_CONNECTIONS_PER_IP: '2' });
    for (let round = 0; round < 3; round++) {
      // A client that disconnected counts until its TCP connection is closed, so the clients of the
      // next round may have to retry.
      const options = { ...TRANSPORTS[transport], reconnection: true, reconnectionDelay: 50 };
      const clients = await Promise.all([0, 1].map(() => TestClient.connect(gateway.url, options)));
      for (const handshake of Object.values(HANDSHAKES)) {
        expectRefusal(await handshake(gateway.url), 429, 'ip_connections');
      }
      for (const client of clients) client.close();
      await waitFor(async () => (await gateway.json('/metrics')).total_clients === 0);
    }
    // Failed attempts did not count either, neither an unknown protocol nor an aborted handshake.
    for (let n = 0; n < 5; n++) {
      await fetch(`${gateway.url}/socket.io/?EIO=9&transport=polling`);
      connect(gateway.port, '127.0.0.1').end(
        'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\n',
      );
    }
    await expect(TestClient.connect(gateway.url, TRANSPORTS[transport])).resolves.toBeDefined();
    await gateway.stop();
  });

  it.each([
    ['no proxy is trusted, so the header is ignored', '', '1.1.1.1', '2.2.2.2', 429],
    ['the proxy is trusted: each client counts separately', 'loopback', '1.1.1.1', '2.2.2.2', 200],
    ['the proxy is trusted: the same client counts twice', 'loopback', '1.1.1.1', '1.1.1.1', 429],
    [
      'a client cannot forge another address in the header',
      'loopback',
      '8.8.8.8, 1.1.1.1',
      '9.9.9.9, 1.1.1.1',
      429,
    ],
    [
      'an untrusted hop cannot forge another address',
      'loopback',
      '8.8.8.8, 5.5.5.5, 1.1.1.1',
      '9.9.9.9, 5.5.5.5, 1.1.1.1',
      429,
    ],
    ['a malformed address does not help', 'loopback', 'nonsense', 'more nonsense', 429],
    ['another notation of the same address does not help', 'loopback', '1.1.1.1', '::ffff:1.1.1.1', 429],
    [
      'another address of the same IPv6 network does not help',
      'loopback',
      '2001:db8:1:2::1',
      '2001:db8:1:2:ffff::2',
      429,
    ],
    ['another IPv6 network counts separately', 'loopback', '2001:db8:1:2::1', '2001:db8:1:3::1', 200],
    ['through two proxies', 'loopback,10.0.0.0/8', '1.1.1.1, 10.0.0.1', '2.2.2.2, 10.0.0.1', 200],
  ])('behind a proxy: %s', async (_, trusted, first, second, status) => {
    const gateway = await start({ HANDSHAKES_PER_IP_PER_MINUTE: '1', TRUST_PROXY: trusted });
    const from = (address: string) => HANDSHAKES.polling(gateway.url, { 'x-forwarded-for': address });
    expect((await from(first)).status).toBe(200);
    expect((await from(second)).status).toBe(status);
    expect(gateway.logged('untrusted_proxy') !== undefined).toBe(trusted === '');
    if (trusted === '')
      expect(JSON.stringify(gateway.logged('untrusted_proxy'))).not.toMatch(/1\.1\.1\.1|127\.0/);
    await gateway.stop();
  });

  it('TCP connections that send nothing', async () => {
    const gateway = await start({ MAX_CONNECTIONS_PER_IP: '2' });
    let closed = 0;
    const sockets = Array.from({ length: 40 }, () =>
      connect(gateway.port, '127.0.0.1')
        .on('error', () => undefined)
        .on('close', () => closed++),
    );
    await waitFor(
      () => closed === 20,
      () => `${closed} were closed`,
    );
    for (const socket of sockets) socket.destroy();
    const cut = () => gateway.metric('socket_gateway_tcp_connections_refused_total{reason="ip_connections"}');
    await waitFor(async () => (await cut()) >= 20);
    await (await TestClient.connect(gateway.url)).settled();
    await gateway.stop();
  });
});

describe.each(['memory', 'redis'])('two replicas with LIMITS_STORE=%s', (store) => {
  const env = { LIMITS_STORE: store, TRUST_PROXY: 'loopback' };
  const perReplica = store === 'memory';
  const pair = async (limits: Record<string, string>) => {
    const gateways = await Promise.all([start({ ...env, ...limits }), start({ ...env, ...limits })]);
    await Promise.all(gateways.map((gateway) => gateway.ready()));
    return gateways;
  };
  const ask = async (gateway: GatewayProcess) => (await HANDSHAKES.polling(gateway.url)).status;

  it('count handshakes', async () => {
    const [one, two] = await pair({ HANDSHAKES_PER_IP_PER_MINUTE: '2' });
    const answers = [
      await ask(one),
      await ask(two),
      await ask(one),
      await ask(two),
      await ask(one),
      await ask(two),
    ];
    expect(answers).toEqual(perReplica ? [200, 200, 200, 200, 429, 429] : [200, 200, 429, 429, 429, 429]);
    await Promise.all([one.stop(), two.stop()]);
  });

  it('count connections', async () => {
    const [one, two] = await pair({ MAX_CONNECTIONS_PER_IP: '1' });
    const client = await TestClient.connect(one.url);
    expect(await ask(one)).toBe(429);
    expect(await ask(two)).toBe(perReplica ? 200 : 429);
    client.close();
    await waitFor(async () => (await ask(one)) === 200, 'the connection counts though it is closed');
    const text = (await redis.client.keys('*')).join(' ');
    expect(text).not.toMatch(/127\.0\.0\.1/);
    await Promise.all([one.stop(), two.stop()]);
  });
});

describe('limits shared in Redis', () => {
  const env = {
    LIMITS_STORE: 'redis',
    MAX_CONNECTIONS_PER_IP: '1',
    // More than these tests can ask while they wait: it must never be the reason of a refusal.
    HANDSHAKES_PER_IP_PER_MINUTE: '1000000',
  };

  it('expire with a replica that was killed', async () => {
    const [one, two] = await Promise.all([start(env), start(env)]);
    await Promise.all([one.ready(), two.ready()]);
    await TestClient.connect(one.url);
    expect((await HANDSHAKES.polling(two.url)).status).toBe(429);
    // The replica must have sent its heartbeat, or the others would not notice its end.
    await waitFor(async () => (await redis.client.hlen('socket-gateway:replicas')) >= 2);
    await one.stop('SIGKILL');
    await waitFor(
      async () => {
        const answer = await HANDSHAKES.polling(two.url);
        if (answer.status !== 200) expectRefusal(answer, 429, 'ip_connections');
        return answer.status === 200;
      },
      'the connections of a dead replica count',
      40_000,
    );
    await two.stop();
  });

  it("use the replica's own counts without delay while Redis is away, frozen or killed", async () => {
    const own = await RedisServer.start();
    const gateway = await GatewayProcess.start({ ...env, REDIS_URL: own.url });
    await gateway.ready();
    own.freeze();
    const client = await TestClient.connect(gateway.url);
    expectRefusal(await HANDSHAKES.websocket(gateway.url), 429, 'ip_connections');
    client.close();
    await waitFor(async () => (await gateway.json('/metrics')).total_clients === 0);
    own.thaw();
    await own.kill();
    const again = await TestClient.connect(gateway.url);
    expectRefusal(await HANDSHAKES.websocket(gateway.url), 429, 'ip_connections');
    await own.restart();
    // The replica writes its counts to Redis again.
    const key = async () => (await own.client.keys('socket-gateway:connections:ip:*'))[0];
    await waitFor(async () => (await own.client.hvals((await key())!)).join() === '1', 'Redis is not told');
    again.close();
    await waitFor(async () => (await key()) === undefined, 'the count stays');
    expect(gateway.logged('uncaught_error')).toBeUndefined();
    expect(await gateway.stop()).toBe(0);
    await own.stop();
  });
});

describe('messages of one client', () => {
  const limits = { EVENTS_PER_SECOND: '5', EVENT_BURST: '10' };
  const closed = (gateway: GatewayProcess) =>
    gateway.metric('socket_gateway_closed_clients_total{code="RATE_LIMITED"}');
  let gateway: GatewayProcess;
  beforeAll(async () => void (gateway = await start(limits)));
  afterAll(() => gateway.stop());

  it.each(['websocket', 'polling', 'plain websocket', 'websocket with MessagePack'])(
    'are rejected beyond the burst over %s, with a time to wait, and accepted after it',
    async (transport) => {
      const client = await TestClient.connect(gateway.url, TRANSPORTS[transport]);
      client.contract.sendsInvalid = true;
      const other = await TestClient.connect(gateway.url);
      // The connect itself is one of the ten.
      const answers = await Promise.all(
        Array.from({ length: 15 }, (_, n) =>
          n === 12
            ? client.ask('no_such_event')
            : client.ask('subscribe', { type: 'product', symbol: `P${n}` }),
        ),
      );
      const verdicts = answers.map(({ ok }: { ok: boolean }) => ok);
      const taken = verdicts.indexOf(false);
      expect(taken).toBeGreaterThanOrEqual(9);
      expect(verdicts).toEqual(verdicts.map((_, n) => n < taken));
      const errors = client.all('error');
      expect(errors).toEqual(answers.slice(taken).map(({ error }: { error: unknown }) => error));
      for (const [n, error] of errors.entries()) {
        expect(error).toEqual({
          code: 'RATE_LIMITED',
          message: expect.any(String),
          event: taken + n === 12 ? 'no_such_event' : 'subscribe',
          retry_after_ms: expect.any(Number),
        });
      }
      expect(client.all('subscribed')).toHaveLength(taken);
      await other.settled(); // another client has its own bucket

      const waitMs = errors.at(-1)!.retry_after_ms!;
      expect(waitMs).toBeGreaterThan(0);
      expect(waitMs).toBeLessThanOrEqual(((10 + 1) / 5) * 1_000);
      // exactly the time that the client was told to wait
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      expect(await client.ask('get_products')).toMatchObject({ ok: true });
      expect(client.disconnects).toEqual([]);
      client.close();
      other.close();
    },
  );

  it.each(['websocket', 'polling', 'plain websocket', 'websocket with MessagePack'])(
    'close the connection of a stock client over %s that keeps sending',
    async (transport) => {
      const before = await closed(gateway);
      const client = await TestClient.connect(gateway.url, { ...TRANSPORTS[transport], reconnection: true });
      for (let n = 0; n < 40; n++) client.socket.emit('get_products');
      await waitFor(() => client.disconnects.length > 0, 'it was not closed');
      expect(client.all('closing')).toEqual([
        { code: 'RATE_LIMITED', message: expect.any(String), reconnect: false },
      ]);
      // The client receives no more errors than necessary.
      expect(client.all('error').length).toBeLessThanOrEqual(11);
      expect(client.disconnects).toEqual(['io server disconnect']);
      // a stock client does not reconnect by itself after this
      expect(client.socket.active).toBe(false);
      expect(await closed(gateway)).toBe(before + 1);
      await waitFor(async () => (await gateway.json('/metrics')).total_clients === 0);
    },
  );

  it.each([
    ['events', '42["get_products"]'],
    ['unknown events', '42["nonsense"]'],
    ['events with attachments', '451-["get_products",{"_placeholder":true,"num":0}]', 'b'],
    ['pongs', '3'],
    ['unexpected acknowledgements', '430[]'],
    ['noops', '6'],
  ])('count whatever they contain, and the close code states the reason: %s', async (_, ...packets) => {
    const client = await RawWebSocket.connect(gateway.url);
    for (let n = 0; n < 30; n++) for (const packet of packets) client.send(packet);
    await waitFor(() => client.closeCode !== undefined, 'it was not closed');
    if (packets.length === 1) expect(client.closeCode).toBe(4029);
    client.tcp.destroy();
  });

  it('also count on connections that left the namespace', async () => {
    const before = await closed(gateway);
    const client = await RawWebSocket.connect(gateway.url);
    client.send('41');
    for (let n = 0; n < 30; n++) client.send('3');
    await waitFor(() => client.closeCode !== undefined, 'it was not closed');
    expect(client.closeCode).toBe(4029);
    expect(client.events('closing')).toEqual([]);
    expect(await closed(gateway)).toBe(before + 1);
    client.tcp.destroy();
  });

  it('in one write of many packets are counted one by one', async () => {
    const client = await PollingClient.connect(gateway.url, new PacketCheck());
    await client.send(...Array.from({ length: 14 }, (_, n) => `42${n}["get_products"]`));
    // Ten messages and what a fraction of a second adds, minus the connect. If the last message
    // decided for all, the count would be zero.
    await waitFor(async () => {
      await client.poll();
      return client.received.filter(({ event }) => /products|error/.test(event)).length === 14;
    });
    expect(client.received.filter(({ event }) => event === 'products').length).toBeGreaterThanOrEqual(9);
    await client.close();
  });
});
