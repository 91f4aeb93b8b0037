import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { GatewayProcess } from '../../support/gateway-process.js';
import { underlying } from '../../support/messages.js';
import { RedisServer } from '../../support/redis-server.js';
import { SpanCollector } from '../../support/span-collector.js';
import { PLAIN, TestClient, TRANSPORTS } from '../../support/test-client.js';
import { claims, hs256, JWT_SECRET } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

const SDK = pathToFileURL(join(__dirname, '../../support/tracing-sdk.mjs')).href;
const USER = 'ann.smith@example.com';
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
const SETTINGS = {
  AUTH_MODE: 'optional',
  JWT_SECRET,
  SECRET_KEY: 'p8Wq2Lm5Zx7Rt1Vb4Nc6Jd9Fg3Hk0Sy2',
  // So that a handshake counts its address and its user in Redis.
  LIMITS_STORE: 'redis',
  MAX_CONNECTIONS_PER_IP: '100',
  MAX_CONNECTIONS_PER_USER: '100',
  FEED_PROBE_AFTER_MS: '200',
};

const text = (product: string, n: number): string => JSON.stringify(underlying(product, n));

let redis: RedisServer;
let collector: SpanCollector;

beforeAll(async () => {
  redis = await RedisServer.start();
  await redis.client.set('latest:underlying:HELD', text('HELD', 1));
});

beforeEach(async () => {
  collector = await SpanCollector.start();
});

afterEach(() => collector.stop());

afterAll(() => redis.stop());

async function start(env: Record<string, string>): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, ...SETTINGS, ...env });
  await gateway.ready();
  return gateway;
}

describe('a gateway with an OpenTelemetry SDK', () => {
  let gateway: GatewayProcess;

  beforeEach(async () => {
    const options = { NODE_OPTIONS: `--import ${SDK}`, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    gateway = await start(options);
  });

  afterEach(async () => {
    expect(await gateway.stop()).toBe(0);
    expect(gateway.stderr).toBe('');
  });

  const connect = (more: object = {}) =>
    TestClient.connect(gateway.url, { ...TRANSPORTS.websocket, reconnection: false, ...more });
  const childrenOf = (id: string) =>
    collector.spans.filter(({ parentSpanId }) => parentSpanId === id).map(({ name }) => name);

  it('traces a handshake, with its parts and their Redis commands, as a part of the trace of its caller', async () => {
    const token = hs256(claims({ user_id: USER }));
    const client = await connect({
      auth: { token },
      extraHeaders: { traceparent: `00-${TRACE_ID}-${CALLER}-01` },
    });
    const handshake = await collector.next('handshake');
    expect(handshake).toMatchObject({ traceId: TRACE_ID, parentSpanId: CALLER, kind: 2, error: undefined });
    expect(handshake.attributes).toEqual({
      'network.transport': 'tcp',
      'network.protocol.name': 'websocket',
      'messaging.client.id': client.socket.id,
      'user.hash': expect.stringMatching(/^[\w-]{8,}$/) as string,
    });
    expect(childrenOf(handshake.spanId)).toEqual(['admission', 'authenticate', 'connect']);
    for (const part of ['admission', 'authenticate']) {
      const { spanId } = await collector.next(part);
      const commands = collector.spans.filter(({ parentSpanId }) => parentSpanId === spanId);
      expect(commands.map(({ name }) => name)).toContain('EVAL');
      for (const command of commands) {
        expect(command).toMatchObject({ kind: 3, traceId: TRACE_ID });
        expect(command.attributes).toEqual({
          'db.system.name': 'redis',
          'db.operation.name': command.name,
          'db.namespace': '0',
          'server.address': '127.0.0.1',
          'server.port': redis.port,
        });
      }
    }
    client.close();
  });

  it('traces a subscription that reads Redis, linked to the handshake of its client', async () => {
    await redis.client.set('latest:underlying:COLD', text('COLD', 1));
    const client = await connect();
    await client.ask('subscribe', { type: 'product', symbol: 'COLD' });
    await client.next('underlying_update');
    const subscribe = await collector.next('subscribe');
    const handshake = await collector.next('handshake');
    expect(subscribe).toMatchObject({ parentSpanId: undefined, kind: 2, error: undefined });
    expect(subscribe.links).toMatchObject([{ traceId: handshake.traceId, spanId: handshake.spanId }]);
    expect(subscribe.attributes).toEqual({
      'messaging.system': 'deltastream_socket_gateway',
      'messaging.operation.type': 'process',
      'messaging.operation.name': 'subscribe',
      'messaging.client.id': client.socket.id,
      'messaging.destination.template': 'product',
      'network.transport': 'tcp',
      'network.protocol.name': 'websocket',
    });
    const read = await collector.next('read_room');
    expect(read).toMatchObject({ parentSpanId: subscribe.spanId, traceId: subscribe.traceId });
    expect(await collector.next('MGET')).toMatchObject({ parentSpanId: read.spanId, kind: 3 });
    client.close();
  });

  it.each([
    ['polling', TRANSPORTS.polling!, 'http'],
    ['plain WebSocket', PLAIN, 'websocket'],
  ])('traces a client over %s', async (_, transport, protocol) => {
    const client = await connect(transport);
    await client.ask('list_subscriptions');
    const request = await collector.next('list_subscriptions');
    expect(request.attributes['network.protocol.name']).toBe(protocol);
    const handshake = await collector.next('handshake');
    expect(handshake.attributes['network.protocol.name']).toBe(protocol);
    expect(childrenOf(handshake.spanId)).toEqual(['admission', 'authenticate', 'connect']);
    client.close();
  });

  it('traces what continues after the handler: a snapshot that is read from Redis', async () => {
    const client = await connect();
    expect((await client.ask('get_snapshot', { type: 'product', symbol: 'ABSENT' })).ok).toBe(true);
    const request = await collector.next('get_snapshot');
    const snapshot = await collector.next('snapshot');
    expect(snapshot.parentSpanId).toBe(request.spanId);
    expect((await collector.next('read_room')).parentSpanId).toBe(snapshot.spanId);
    client.close();
  });

  it('marks what failed with a code', async () => {
    const client = await connect();
    expect((await client.ask('subscribe', { type: 'portfolio' })).ok).toBe(false);
    const subscribe = await collector.next('subscribe');
    expect(subscribe).toMatchObject({ error: 'FORBIDDEN' });
    expect(subscribe.attributes['error.type']).toBe('FORBIDDEN');
    client.close();
    await expect(connect({ auth: { token: 'forged' } })).rejects.toThrow();
    expect(await collector.next('authenticate', { 'error.type': 'TOKEN_INVALID' })).toBeDefined();
    expect(await collector.next('handshake', { 'error.type': 'TOKEN_INVALID' })).toBeDefined();
    expect((await fetch(`${gateway.url}/socket.io/?EIO=3&transport=polling`)).status).toBe(400);
    const malformed = await collector.next('handshake', { 'error.type': 'malformed' });
    expect(childrenOf(malformed.spanId)).toEqual(['admission']);
  });

  it('makes no span for updates and for what the gateway does in the background', async () => {
    const client = await connect();
    for (let count = 1; count <= 20; count++) {
      await redis.client.publish('enriched:underlying', text('HELD', count + 1));
    }
    await client.next('underlying_update', 20);
    // The cache writes them, and probes go through Redis meanwhile.
    await waitFor(async () =>
      ((await redis.client.get('latest:underlying:HELD')) ?? '').includes('"price":21'),
    );
    await client.ask('list_subscriptions');
    await collector.next('list_subscriptions');
    const roots = collector.spans.filter(({ parentSpanId }) => parentSpanId === undefined);
    expect(roots.map(({ name }) => name).sort()).toEqual(['handshake', 'list_subscriptions']);
    expect(new Set(collector.spans.map(({ scope }) => scope))).toEqual(
      new Set(['deltastream-socket-gateway']),
    );
    client.close();
  });

  it('tells the collector no token, user name, address or symbol', async () => {
    const token = hs256(claims({ user_id: USER }));
    const client = await connect({ auth: { token }, extraHeaders: { 'X-Secret': 'hidden-value' } });
    const fresh = hs256(claims({ user_id: USER, jti: 'another' }));
    expect((await client.ask('refresh_token', { token: fresh })).ok).toBe(true);
    expect((await client.ask('subscribe', { type: 'portfolio' })).ok).toBe(true);
    expect((await client.ask('subscribe', { type: 'product', symbol: 'SECRETIVE' })).ok).toBe(true);
    await client.ask('refresh_token', { token: hs256(claims({ user_id: 'someone.else' })) });
    client.close();
    await collector.next('refresh_token', {}, 2);
    await collector.next('subscribe', {}, 2);
    const told = collector.bodies.join('\n');
    for (const secret of [
      token,
      fresh,
      'ann.smith',
      'someone.else',
      'hidden-value',
      'SECRETIVE',
      'another',
    ]) {
      expect(told).not.toContain(secret);
    }
    // The address of the client is that of Redis here, which has attributes of its own.
    const addresses = collector.spans.filter(
      ({ kind, attributes }) => kind !== 3 && Object.values(attributes).includes('127.0.0.1'),
    );
    expect(addresses).toEqual([]);
  });
});

describe('a gateway without an SDK', () => {
  it('makes no spans, and serves its clients', async () => {
    const gateway = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    const client = await TestClient.connect(gateway.url, {
      ...TRANSPORTS.websocket,
      extraHeaders: { traceparent: `00-${TRACE_ID}-${CALLER}-01` },
    });
    expect((await client.ask('subscribe', { type: 'product', symbol: 'HELD' })).ok).toBe(true);
    client.close();
    expect(await gateway.stop()).toBe(0);
    expect(collector.bodies).toEqual([]);
    expect(gateway.stderr).toBe('');
  });
});
