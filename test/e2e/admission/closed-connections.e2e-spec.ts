import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { cleanUp } from '../../support/cleanup.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { collectedHeap, HEAP_ENV } from '../../support/heap.js';
import { clientFrame } from '../../support/raw-websocket.js';
import { RedisServer } from '../../support/redis-server.js';
import { waitFor } from '../../support/wait.js';

const CONNECTIONS = 1_000;
const AT_A_TIME = 20;
/** Stays below the header limit, but is larger than the rest of what a connection costs. */
const PADDING = 'x'.repeat(12_000);

let redis: RedisServer;
let gateway: GatewayProcess;
beforeAll(async () => {
  redis = await RedisServer.start();
  // No ping is due while a test runs, because a ping would clean up leaked state.
  gateway = await GatewayProcess.start({ REDIS_URL: redis.url, PING_INTERVAL_MS: '3600000', ...HEAP_ENV });
});
afterAll(async () => {
  await gateway.stop();
  await redis.stop();
});

const clients = async () => (await gateway.json<{ total_clients: number }>('/metrics')).total_clients;

/** A WebSocket that sends these frames, and ends without a close frame unless it is one of them. */
async function webSocket(...frames: Buffer[]): Promise<void> {
  (await open(...frames)).destroy();
}

async function open(...frames: Buffer[]): Promise<Socket> {
  const tcp = connect(gateway.port, '127.0.0.1');
  tcp.on('error', () => undefined);
  const lines = [
    'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    `X-Padding: ${PADDING}`,
  ];
  tcp.write(`${lines.join('\r\n')}\r\n\r\n`);
  let received = '';
  tcp.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  await waitFor(() => received.includes('"sid"'), 'it was not opened');
  const ends = frames.at(-1)?.[0] === 0x88;
  for (const frame of frames) tcp.write(frame);
  if (ends) await once(tcp, 'end');
  else if (frames.length > 0) await waitFor(() => received.includes('"connected"'), 'it was not let in');
  return tcp;
}

const text = (packet: string): Buffer => clientFrame(0x81, Buffer.from(packet));

describe('the gateway keeps no memory of closed connections', () => {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_A_TIME });
  cleanUp(() => agent.destroy());

  function http(method: string, sid?: string, body?: string): Promise<string> {
    const path = `/socket.io/?EIO=4&transport=polling${sid === undefined ? '' : `&sid=${sid}`}`;
    return new Promise((resolve, reject) => {
      request(`${gateway.url}${path}`, { method, agent, headers: { 'X-Padding': PADDING } }, (response) => {
        let answer = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
        response.on('end', () => resolve(answer));
      })
        .on('error', reject)
        .end(body);
    });
  }

  const polling = async (...packets: string[]): Promise<void> => {
    const { sid } = JSON.parse((await http('GET')).slice(1)) as { sid: string };
    for (const packet of packets) await http('POST', sid, packet);
  };

  it.each<[string, () => Promise<void>]>([
    ['WebSockets that never joined the namespace', () => webSocket()],
    ['WebSockets that joined the namespace', () => webSocket(text('40'))],
    ['WebSockets that were reset', async () => void (await open(text('40'))).resetAndDestroy()],
    ['WebSockets that sent a close frame', () => webSocket(text('40'), clientFrame(0x88, Buffer.alloc(0)))],
    ['polling sessions that never joined the namespace', () => polling('1')],
    ['polling sessions that joined the namespace', () => polling('40', '1')],
  ])('%s', async (_, comeAndGo) => {
    const all = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n += AT_A_TIME) {
        await Promise.all(Array.from({ length: AT_A_TIME }, comeAndGo));
      }
      await waitFor(async () => (await clients()) === 0, 'some are still counted');
    };
    await all(10 * AT_A_TIME); // warms up: some things are allocated only once
    const before = await collectedHeap(gateway);
    await all(CONNECTIONS);
    let kept = Infinity;
    // Connections that are still being closed are gone within seconds.
    await waitFor(
      async () => (kept = ((await collectedHeap(gateway)) - before) / CONNECTIONS) < 1_500,
      () => `it keeps ${kept} bytes a connection`,
    );
  });
});
