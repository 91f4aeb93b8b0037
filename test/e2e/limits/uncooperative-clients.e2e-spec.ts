import { once } from 'node:events';
import { connect, type Socket as TcpSocket } from 'node:net';
import { join } from 'node:path';
import { cleanUp } from '../../support/cleanup.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { chain, underlying } from '../../support/messages.js';
import { startProcess } from '../../support/processes.js';
import { Recording } from '../../support/recording.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient, TRANSPORTS, UNCOMPRESSED } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

const LIMIT = 1_000_000;
/**
 * A generous estimate of what the kernel's buffers at both ends hold before the gateway has to hold
 * anything.
 */
const KERNEL_BUFFERS = 16_000_000;

let redis: RedisServer;
beforeAll(async () => void (redis = await RedisServer.start()));
afterAll(() => redis.stop());
afterEach(() => redis.client.flushall());

/** The TCP connection of a stock client's WebSocket. */
function tcpOf(client: TestClient): TcpSocket {
  return (client.socket.io.engine.transport as unknown as { ws: { _socket: TcpSocket } }).ws._socket;
}

describe('a client that sends requests and does not read', () => {
  it.each([
    ['subscribing again to its rooms', ['subscribe'], false],
    ['leaving and rejoining its rooms', ['subscribe', 'unsubscribe'], true],
  ])('cannot make the gateway hold more than its limit by %s', async (_, events, refused) => {
    const gateway = await GatewayProcess.start({
      REDIS_URL: redis.url,
      EVENT_BURST: '100000', // a lower burst would close the connection first
      CONFLATE_ABOVE_BYTES: `${LIMIT}`,
      MAX_CLIENT_BUFFER_BYTES: `${4 * LIMIT}`,
    });
    const client = await TestClient.connect(gateway.url, UNCOMPRESSED);
    const padding = 'x'.repeat(100_000);
    const big = JSON.stringify({ ...chain('BIG', 1), padding });
    await redis.client.publish('enriched:option_chain', big);
    await client.next('chain_summary');

    tcpOf(client).pause();
    for (let n = 0; n < 1_500; n++) {
      for (const event of events) client.socket.emit(event, { type: 'chain', symbol: 'BIG' });
    }
    const asked = () => gateway.metric('socket_gateway_client_messages_total{event="subscribe"}');
    await waitFor(async () => (await asked()) === 1_500);
    // The gauge is updated by the next flush.
    await redis.client.publish('enriched:option_chain', JSON.stringify({ ...chain('SMALL', 1) }));
    const written = () => gateway.metric('socket_gateway_written_bytes_total');
    await waitFor(async () => (await written()) > padding.length);
    expect(await written()).toBeLessThan(4 * LIMIT + KERNEL_BUFFERS);
    const refusals = await gateway.metric('socket_gateway_client_errors_total{code="SLOW_CLIENT"}');
    expect(refusals > 0).toBe(refused);

    // Once the client reads again it has lost nothing, and may send requests again.
    tcpOf(client).resume();
    await client.settled();
    expect(client.all('error').slice(0, 1)).toEqual(
      refused
        ? [
            {
              code: 'SLOW_CLIENT',
              event: 'subscribe',
              message: 'You have not read what you were sent. Read it before you subscribe to more.',
            },
          ]
        : [],
    );
    await expect(client.ask('subscribe', { type: 'chain', symbol: 'BIG' })).resolves.toMatchObject({
      ok: true,
    });
    expect(client.disconnects).toEqual([]);
    client.close();
    await gateway.stop();
  });
});

describe('SIGTERM', () => {
  let gateway: GatewayProcess;
  beforeEach(async () => {
    // Written only at the end: the entry proves that the flush did not wait for the connections.
    gateway = await GatewayProcess.start({ REDIS_URL: redis.url, CACHE_WRITE_INTERVAL_MS: '60000' });
    const client = await TestClient.connect(gateway.url);
    for (const n of [1, 2])
      await redis.client.publish('enriched:underlying', JSON.stringify(underlying('LAST', n)));
    await client.next('underlying_update', 2);
    client.close();
  });

  async function endsInTime(): Promise<void> {
    const stopped = gateway.stop('SIGTERM');
    await waitFor(async () => (await redis.client.get('latest:underlying:LAST'))?.includes('"price":2'));
    await expect(stopped).resolves.toBe(0);
    // Docker kills a process after 10 s, Kubernetes by default after 30.
    const logged = gateway.logged('socket_gateway_stopped') as { ms?: number } | undefined;
    expect(logged?.ms).toBeLessThan(9_000);
  }

  it('is not delayed by a client that stopped reading', async () => {
    const client = await TestClient.connect(gateway.url);
    tcpOf(client).pause();
    await endsInTime();
    tcpOf(client).destroy();
  });

  it('is not delayed by half an HTTP request', async () => {
    const half = connect(gateway.port, '127.0.0.1');
    cleanUp(() => void half.destroy());
    half.on('error', () => undefined);
    await once(half, 'connect');
    half.write('GET /health HTTP/1.1\r\nHost: x\r\n');
    await gateway.json('/health');
    await endsInTime();
  });

  it('is not delayed by the Python client, which does not reply to a WebSocket close', async () => {
    const example = join(__dirname, '../../../clients/examples/python_client.py');
    const recording = await Recording.start();
    startProcess(...recording.command(example), {
      env: { PATH: process.env.PATH, GATEWAY_URL: gateway.url, ...recording.env },
      stdio: 'ignore',
    });
    await waitFor(
      async () => (await gateway.json<{ total_clients: number }>('/metrics')).total_clients === 1,
    );
    await endsInTime();
    expect(recording.kinds()).toEqual(expect.arrayContaining(['sent subscribe', 'received closing']));
  });

  it('is not delayed by a client that polls', async () => {
    const client = await TestClient.connect(gateway.url, TRANSPORTS.polling);
    await endsInTime();
    client.close();
  });
});
