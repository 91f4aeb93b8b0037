import { GatewayProcess } from '../../support/gateway-process.js';
import { PacketCheck } from '../../support/packet-check.js';
import { PollingClient } from '../../support/polling-client.js';
import { RedisServer } from '../../support/redis-server.js';
import { waitFor } from '../../support/wait.js';

const BURST = 200;
const MESSAGE_BYTES = 4_096;
const REFUSED = 'socket_gateway_polling_bodies_refused_total';

let redis: RedisServer;
let gateway: GatewayProcess;

beforeAll(async () => {
  redis = await RedisServer.start();
  gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    EVENT_BURST: `${BURST}`,
    MAX_PAYLOAD_BYTES: `${MESSAGE_BYTES}`,
  });
});
afterAll(async () => {
  await gateway.stop();
  await redis.stop();
});

const subscribe = (n: number) => `42["subscribe",{"type":"product","symbol":"${`P${n}`.padEnd(20, 'X')}"}]`;

it('a polling client may send a whole burst in one body, longer than one message may be', async () => {
  const client = await PollingClient.connect(gateway.url, new PacketCheck());
  // The connect is one message of the burst.
  const packets = Array.from({ length: BURST - 1 }, (_, n) => subscribe(n));
  expect(packets.join().length).toBeGreaterThan(2 * MESSAGE_BYTES);
  expect(await client.send(...packets)).toBe(200);
  await waitFor(async () => {
    await client.poll();
    return client.received.filter(({ event }) => event === 'subscribed').length === BURST - 1;
  });
  expect(client.closed).toBe(false);
  await client.close();
});

it('a client that sends several bursts in one body is closed with the reason', async () => {
  const client = await PollingClient.connect(gateway.url, new PacketCheck());
  const packets = Array.from({ length: 3 * BURST }, () => '42["get_products"]');
  expect(packets.join().length).toBeGreaterThan(2 * MESSAGE_BYTES);
  await client.send(...packets).catch(() => undefined); // its connection may be cut meanwhile
  expect(await client.next('closing')).toMatchObject({ code: 'RATE_LIMITED' });
});

it('a message that is too large is rejected with 413 in a long body, as it is by itself, and counted', async () => {
  const client = await PollingClient.connect(gateway.url);
  const before = await gateway.metric(`${REFUSED}{reason="too_large"}`);
  const large = `42["subscribe",{"type":"product","symbol":"X","more":"${'x'.repeat(MESSAGE_BYTES)}"}]`;
  expect(await client.send(large)).toBe(413);
  expect(await client.send(subscribe(1), subscribe(2), large)).toBe(413);
  expect(await gateway.metric(`${REFUSED}{reason="too_large"}`)).toBe(before + 2);
  expect(await client.send(subscribe(3))).toBe(200);
  expect(await client.next('subscribed')).toMatchObject({ room: `product:${'P3'.padEnd(20, 'X')}` });
  await client.close();
});
