import { setImmediate as turn } from 'node:timers/promises';
import { constants, deflateRawSync } from 'node:zlib';
import { GatewayProcess } from '../../support/gateway-process.js';
import { Platform } from '../../support/platform.js';
import { PollingClient } from '../../support/polling-client.js';
import { clientFrame, RawWebSocket } from '../../support/raw-websocket.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

const CONTINUATION = 0x0;
const TEXT = 0x1;
const PING = 0x89;
const PONG = 0xa;
const LAST = 0x80;
const MAX_PAYLOAD_BYTES = 65_536;
const REQUEST = '42["subscribe",{"type":"product","symbol":"NIFTY"}]';

let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});

describe.each([
  ['with compression', '1024', 'permessage-deflate'],
  ['without compression', '0', undefined],
])('%s', (_, COMPRESS_ABOVE_BYTES, extensions) => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await GatewayProcess.start({
      REDIS_URL: redis.url,
      COMPRESS_ABOVE_BYTES,
      EVENT_BURST: '1000000', // pings count as events
    });
  });
  afterAll(() => gateway.stop());

  const connect = () => RawWebSocket.connect(gateway.url, extensions);
  const pongs = ({ frames }: RawWebSocket) =>
    frames.filter(({ opcode }) => opcode === PONG).map(({ payload }) => payload.toString());
  const ping = (text: string) => clientFrame(PING, Buffer.from(text));
  /** A text message, split into fragments of the given size. */
  const fragments = (text: string, size: number): Buffer[] => {
    const bytes = Buffer.from(text);
    const count = Math.ceil(bytes.length / size);
    return Array.from({ length: count }, (_unused, index) =>
      clientFrame(
        (index === count - 1 ? LAST : 0) | (index === 0 ? TEXT : CONTINUATION),
        bytes.subarray(index * size, (index + 1) * size),
      ),
    );
  };
  const closedWith = (socket: RawWebSocket, code: number) =>
    waitFor(
      () => socket.closeCode === code,
      () => `closed with ${socket.closeCode}`,
    );

  it('answers each ping of a client that reads', async () => {
    const client = await connect();
    const texts = Array.from({ length: 100 }, (_unused, n) => `ping ${n}`);
    for (const text of texts) {
      client.tcp.write(ping(text));
      await waitFor(() => pongs(client).includes(text));
    }
    expect(pongs(client)).toEqual(texts);
  });

  it('keeps only the latest pong for a client that sends pings and does not read', async () => {
    const other = await TestClient.connect(gateway.url);
    const client = await connect();
    client.tcp.pause();
    const PINGS = 400_000;
    const padding = '.'.repeat(110);
    const last = `${padding}${PINGS}`;
    for (let n = 1; n <= PINGS;) {
      const batch: Buffer[] = [];
      for (; batch.length < 2_000 && n <= PINGS; n++) batch.push(ping(`${padding}${n}`));
      if (!client.tcp.write(Buffer.concat(batch))) {
        await new Promise((resolve) => client.tcp.once('drain', resolve));
      }
    }
    // This request follows the pings, so the gateway has read all of them once it handles the
    // request.
    client.send(REQUEST);
    await waitFor(() => gateway.logged('client_subscribed'), 'it does not read its pings', 30_000);
    await other.settled();

    client.tcp.resume();
    await waitFor(() => pongs(client).at(-1) === last, 'the last ping was not answered', 30_000);
    // The kernel's buffers at both ends took the first pongs, some megabytes. Without a limit,
    // every ping would have been answered.
    expect(pongs(client).length).toBeLessThan(PINGS / 2);
    client.tcp.write(ping('once more'));
    await waitFor(() => pongs(client).at(-1) === 'once more');
    expect(other.disconnects).toEqual([]);
  });

  it('reads a message in fragments with a ping between them', async () => {
    const client = await connect();
    const [first, ...rest] = fragments(REQUEST, 1);
    client.tcp.write(Buffer.concat([first!, ping('between'), ...rest]));
    await waitFor(() => client.events('subscribed').length === 1);
    expect(pongs(client)).toEqual(['between']);
  });

  it('closes a connection that sends a message in too many fragments', async () => {
    const client = await connect();
    client.tcp.write(Buffer.concat(fragments(`42["x","${'.'.repeat(64)}"]`, 1)));
    await closedWith(client, 1008);
  });

  it('closes a connection that sends a frame in too many pieces', async () => {
    const client = await connect();
    client.tcp.setNoDelay();
    const frame = clientFrame(LAST | TEXT, Buffer.alloc(MAX_PAYLOAD_BYTES, '.'));
    for (let n = 0; n < frame.length - 1 && client.closeCode === undefined; n++) {
      client.tcp.write(frame.subarray(n, n + 1));
      await turn();
    }
    await closedWith(client, 1008);
  });

  it.each([
    [
      'a message that is too long',
      () => [clientFrame(LAST | TEXT, Buffer.alloc(MAX_PAYLOAD_BYTES + 1))],
      1009,
    ],
    [
      'fragments that are too long together',
      () => fragments('.'.repeat(MAX_PAYLOAD_BYTES + 1), 20_000),
      1009,
    ],
    ['text that is not UTF-8', () => [clientFrame(LAST | TEXT, Buffer.from([0x34, 0xc3, 0x28]))], 1007],
    ['a ping that is too long', () => [clientFrame(PING, Buffer.alloc(126))], 1002],
    ['an unknown opcode', () => [clientFrame(LAST | 0x3, Buffer.alloc(1))], 1002],
    ['a continuation without a start', () => [clientFrame(LAST | CONTINUATION, Buffer.alloc(1))], 1002],
  ])('closes a connection that sends %s', async (_name, frames, code) => {
    const client = await connect();
    client.tcp.write(Buffer.concat(frames()));
    await closedWith(client, code);
  });

  if (extensions === undefined) return;
  it('closes a connection that sends a small message with a huge decompressed size', async () => {
    const client = await connect();
    const bomb = deflateRawSync(Buffer.alloc(50_000_000), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(
      0,
      -4,
    );
    expect(bomb.length).toBeLessThan(MAX_PAYLOAD_BYTES);
    client.tcp.write(clientFrame(LAST | 0x40 | TEXT, bomb));
    await closedWith(client, 1009);
  });
});

describe('a client that sends a flood', () => {
  const BURST = 100;
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await GatewayProcess.start({
      REDIS_URL: redis.url,
      EVENT_BURST: `${BURST}`,
      EVENTS_PER_SECOND: '10',
    });
  });
  afterAll(() => gateway.stop());

  const closings = () => gateway.metric('socket_gateway_closed_clients_total{code="RATE_LIMITED"}');
  const frames = (head: number, payload: string | Buffer, count: number): Buffer =>
    Buffer.concat(
      Array.from({ length: count }, (_, n) =>
        clientFrame(head, Buffer.from(typeof payload === 'string' ? payload.replace('%', `${n}`) : payload)),
      ),
    );

  it.each([
    ['empty pings', 0x89, ''],
    ['pings', 0x89, 'ping %'],
    ['empty pongs', 0x8a, ''],
    ['pongs', 0x8a, 'pong %'],
  ])('of %s is closed with 4029 and a reason, and is not read any more', async (_, head, payload) => {
    const bystander = await TestClient.connect(gateway.url);
    const before = await closings();
    const client = await RawWebSocket.connect(gateway.url, 'permessage-deflate');
    client.tcp.write(frames(head, payload, BURST - 10));
    client.send(REQUEST);
    await waitFor(() => client.events('subscribed').length === 1, 'a burst was not taken');
    expect(client.closeCode).toBeUndefined();

    client.tcp.write(frames(head, payload, 10_000));
    await waitFor(() => client.closeCode === 4029, `closed with ${client.closeCode}`);
    expect(client.events('closing').map(({ json }) => JSON.parse(json) as object)).toEqual([
      { code: 'RATE_LIMITED', message: expect.any(String), reconnect: false },
    ]);
    expect(client.frames.filter(({ opcode }) => opcode === PONG).length).toBeLessThan(2 * BURST);
    await waitFor(async () => (await closings()) === before + 1);
    await bystander.settled();
    expect(bystander.disconnects).toEqual([]);
    bystander.close();
  });

  it.each([
    ['pings', 0x89, ''],
    ['engine.io pongs', 0x81, '3'],
    ['engine.io noops', 0x81, '6'],
    ['acknowledgements', 0x81, '430[]'],
    ['events', 0x81, '42["get_products"]'],
    ['disconnects', 0x81, '41'],
    ['empty text frames', 0x81, ''],
    ['empty binary frames', 0x82, ''],
    ['binary frames', 0x82, '.'],
    ['engine.io pings', 0x81, '2'],
    ['engine.io closes', 0x81, '1'],
    ['engine.io opens', 0x81, '0'],
    ['engine.io upgrades', 0x81, '5'],
    ['connects', 0x81, '40'],
    ['connects to other namespaces', 0x81, '40/x%,'],
    ['disconnects of other namespaces', 0x81, '41/x%,'],
    ['binary acknowledgements', 0x81, '461-0[{"_placeholder":true,"num":0}]'],
  ])('of %s and continues after it was closed is disconnected', async (_, head, payload) => {
    const chunk = frames(head, payload, 1_000);
    const isCut = async (): Promise<boolean> => {
      const client = await RawWebSocket.connect(gateway.url);
      const flood = (): void => {
        while (!client.tcp.destroyed && client.tcp.write(chunk));
      };
      client.tcp.on('drain', flood);
      flood();
      // A second, plus the delay of a busy machine. By itself, ws would keep reading for five
      // seconds.
      const inTime = await waitFor(() => client.tcp.destroyed, 'it is still read', 4_000).then(
        () => true,
        () => false,
      );
      client.tcp.destroy();
      return inTime;
    };
    // Three attempts, because the machine may stall for as long.
    expect((await isCut()) || (await isCut()) || (await isCut())).toBe(true);
    await waitFor(async () => (await gateway.json('/metrics')).total_clients === 0);
  });

  it('of probes before an upgrade is closed', async () => {
    const endpoint = `${gateway.url}/socket.io/?EIO=4&transport=polling`;
    const open = await (await fetch(endpoint)).text();
    const { sid } = JSON.parse(open.slice(1)) as { sid: string };
    const client = await RawWebSocket.open(gateway.url, undefined, sid);
    client.tcp.write(frames(0x81, '2probe', BURST / 2));
    await waitFor(() => client.texts().filter((text) => text === '3probe').length === BURST / 2);
    client.tcp.write(frames(0x81, '2probe', 10 * BURST));
    await waitFor(() => client.closeCode === 4029, `closed with ${client.closeCode}`);
    expect(client.texts().filter((text) => text !== '3probe' && text !== '')).toEqual([]);
  });

  it.each([
    ['pongs', '3'],
    ['noops', '6'],
    ['acknowledgements', '430[]'],
  ])('of engine.io packets by polling is closed: %s', async (_, packet) => {
    const before = await closings();
    const client = await PollingClient.connect(gateway.url);
    await client.send(...Array.from({ length: 3 * BURST }, () => packet));
    await waitFor(async () => {
      await client.poll();
      return client.closed;
    });
    expect(await closings()).toBe(before + 1);
  });
});

it('ten clients that send pings as fast as they can do not keep the feed from other clients', async () => {
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url });
  await gateway.ready();
  const platform = new Platform(redis, gateway);
  const bystander = await TestClient.connect(gateway.url);
  const chunk = Buffer.concat(Array.from({ length: 10_000 }, () => clientFrame(PING, Buffer.alloc(0))));
  const clients = await Promise.all(Array.from({ length: 10 }, () => RawWebSocket.connect(gateway.url)));
  for (const { tcp } of clients) {
    const flood = (): void => {
      while (!tcp.destroyed && tcp.write(chunk));
    };
    tcp.on('drain', flood);
    flood();
  }
  await platform.underlying('NIFTY', 1);
  await platform.carried(bystander);
  await waitFor(() => clients.every(({ tcp }) => tcp.destroyed), 'not all were cut off', 20_000);
  expect(clients.map(({ closeCode }) => closeCode)).toEqual(Array<number>(10).fill(4029));
  expect(await gateway.metric('socket_gateway_closed_clients_total{code="RATE_LIMITED"}')).toBe(10);
  expect(bystander.disconnects).toEqual([]);
  await gateway.stop();
});
