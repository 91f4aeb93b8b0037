import { connect } from 'node:net';
import { cleanUp } from '../../support/cleanup.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { underlying } from '../../support/messages.js';
import { UNDERLYING } from '../../support/platform.js';
import { RawWebSocket } from '../../support/raw-websocket.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

/**
 * The CONNECT packets that a connection may send in a row. Each costs a quarter of the burst, and
 * the last one may go into debt.
 */
const MAX_CONNECT_PACKETS = 8;

let redis: RedisServer;
let gateway: GatewayProcess;
let watcher: TestClient;
let price = 0;

beforeAll(async () => {
  redis = await RedisServer.start();
  gateway = await GatewayProcess.start({ REDIS_URL: redis.url });
  await gateway.ready();
  watcher = await TestClient.connect(gateway.url);
});

afterAll(async () => {
  watcher?.close();
  await gateway?.stop();
  await redis?.stop();
});

const clients = async (): Promise<number> =>
  (await gateway.json<{ total_clients: number }>('/metrics')).total_clients;

/** Checks that only the watcher is connected, and that it receives the next price. */
async function expectNobodyElse(): Promise<void> {
  await waitFor(async () => (await clients()) === 1);
  expect(await gateway.metric('socket_gateway_connections')).toBe(1);
  expect(await gateway.metric('socket_gateway_room_members{kind="general"}')).toBe(1);
  const delivered = 'socket_gateway_deliveries_total{event="underlying_update"}';
  const before = await gateway.metric(delivered);
  await redis.client.publish(UNDERLYING, JSON.stringify(underlying('NIFTY', ++price)));
  await waitFor(() => watcher.all('underlying_update').at(-1)?.price === price);
  expect(await gateway.metric(delivered)).toBe(before + 1);
  expect(watcher.disconnects).toEqual([]);
}

async function pollingSession(): Promise<string> {
  const endpoint = `${gateway.url}/socket.io/?EIO=4&transport=polling`;
  const handshake = await (await fetch(endpoint)).text();
  return `${endpoint}&sid=${(JSON.parse(handshake.slice(1)) as { sid: string }).sid}`;
}

async function post(session: string, packets: readonly string[]): Promise<number> {
  const response = await fetch(session, { method: 'POST', body: packets.join('\x1e') });
  await response.text();
  return response.status;
}

/**
 * Waits for the close frame, because ws waits another half minute for the TCP connection to close.
 */
const isClosed = (socket: RawWebSocket): boolean => socket.frames.some(({ opcode }) => opcode === 8);

const times = (count: number, packet: string): string[] => Array.from({ length: count }, () => packet);

describe('a connection that joins the namespace twice', () => {
  // Each packet used to create another client on the same connection: one request made 20,000
  // clients, and each was sent every update.
  it.each([2, 20_000])('is closed after %d CONNECT packets in one body', async (count) => {
    const session = await pollingSession();
    await post(session, times(count, '40'));
    await waitFor(async () => (await post(session, ['3'])) !== 200, 'the session is still open');
    await expectNobodyElse();
  });

  it('is closed over WebSocket', async () => {
    const socket = await RawWebSocket.connect(gateway.url);
    socket.tcp.cork();
    socket.send('41');
    socket.send('40');
    socket.send('40');
    socket.tcp.uncork();
    await waitFor(() => isClosed(socket));
    await expectNobodyElse();
  });

  it('may leave the namespace and join it again', async () => {
    const socket = await RawWebSocket.connect(gateway.url);
    socket.send('41');
    await waitFor(async () => (await clients()) === 1);
    socket.send('40');
    await waitFor(() => socket.events('connected').length === 2);
    socket.tcp.destroy();
    await expectNobodyElse();
  });
});

describe('a connection that keeps sending CONNECT packets', () => {
  // The gateway used to keep the responses in memory, without a limit, if the client did not read
  // them.
  it.each([
    ['for an unknown namespace', '40/other,', /^44/],
    ['for a namespace that it leaves', '40', /^40/],
  ])(`is closed after ${MAX_CONNECT_PACKETS}: %s`, async (_, packet, answer) => {
    const socket = await RawWebSocket.connect(gateway.url);
    const answers = (): number =>
      socket.frames.filter(({ payload }) => answer.test(payload.toString())).length;
    const ask = async (): Promise<void> => {
      if (packet === '40') {
        socket.send('41');
        await waitFor(async () => (await clients()) === 1);
      }
      socket.send(packet);
    };
    for (let n = 1; n < MAX_CONNECT_PACKETS; n++) {
      const before = answers();
      await ask();
      await waitFor(() => answers() > before);
    }
    expect(isClosed(socket)).toBe(false);
    await ask();
    socket.send(packet);
    await waitFor(() => isClosed(socket));
    await expectNobodyElse();
  });
});

describe('an upgrade that is not for Socket.IO', () => {
  // No timeout of Node or engine.io used to end such a connection.
  it.each([
    ['at once', []],
    ['on a connection that was used before', ['GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n']],
  ])('is answered 404 and closed: %s', async (_, before) => {
    const tcp = connect({ port: gateway.port, host: '127.0.0.1', allowHalfOpen: true });
    cleanUp(() => void tcp.destroy());
    let text = '';
    tcp.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
    for (const request of before) {
      tcp.write(request);
      await waitFor(() => text.includes('200 OK'));
    }
    let ended = false;
    let reset: unknown;
    tcp.once('end', () => (ended = true)).once('error', ({ code }: NodeJS.ErrnoException) => (reset = code));
    tcp.write('GET /x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await waitFor(() => text.includes('HTTP/1.1 404 Not Found'));
    await waitFor(() => ended);
    // The client keeps its half of the connection open. The gateway has closed both halves, and so
    // it responds with a reset.
    await waitFor(() => {
      tcp.write('x');
      return reset;
    }, 'the connection is still there');
  });
});
