import { GatewayProcess } from '../../support/gateway-process.js';
import { collectedHeap, HEAP_ENV } from '../../support/heap.js';
import { RawWebSocket } from '../../support/raw-websocket.js';
import { RedisServer } from '../../support/redis-server.js';
import { SseClient } from '../../support/sse-client.js';
import { waitFor } from '../../support/wait.js';

/** So many that what the gateway allocates once counts little. */
const CLIENTS = 2_000;
const AT_A_TIME = 20;
/** What a client without requests may cost, bytes. It is 9,600 at the time of writing. */
const MAX_BYTES = 12_500;

let redis: RedisServer;
let gateway: GatewayProcess;
beforeAll(async () => {
  redis = await RedisServer.start();
  gateway = await GatewayProcess.start({ REDIS_URL: redis.url, PING_INTERVAL_MS: '3600000', ...HEAP_ENV });
});
afterAll(async () => {
  await gateway.stop();
  await redis.stop();
});

async function connectSocketIo(): Promise<void> {
  const client = await RawWebSocket.connect(gateway.url);
  client.send('42["list_subscriptions"]');
  await waitFor(() => client.events('subscriptions').length === 1);
}

async function openStream(): Promise<void> {
  const client = await SseClient.open(gateway.url, 'rooms=general');
  await client.next('subscribed');
}

async function join(count: number, connect: () => Promise<void>): Promise<void> {
  for (let n = 0; n < count; n += AT_A_TIME) {
    await Promise.all(Array.from({ length: AT_A_TIME }, connect));
  }
}

it.each([
  ['client', connectSocketIo],
  ['event stream', openStream],
])('an idle %s costs little memory', async (_, connect) => {
  await join(10 * AT_A_TIME, connect); // warms up: some things are allocated only once
  const before = await collectedHeap(gateway);
  await join(CLIENTS, connect);
  let bytes = Infinity;
  await waitFor(
    async () => (bytes = ((await collectedHeap(gateway)) - before) / CLIENTS) < MAX_BYTES,
    () => `it costs ${bytes} bytes`,
  );
});
