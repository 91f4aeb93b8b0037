import { setImmediate as turn } from 'node:timers/promises';
import { constants, deflateRawSync } from 'node:zlib';
import { GatewayProcess } from './support/gateway-process.js';
import { clientFrame, RawWebSocket } from './support/raw-websocket.js';
import { RedisServer } from './support/redis-server.js';
import { TestClient } from './support/test-client.js';
import { waitFor } from './support/wait.js';

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
    gateway = await GatewayProcess.start({ REDIS_URL: redis.url, COMPRESS_ABOVE_BYTES });
  });
  afterAll(() => gateway.stop());

  const connect = () => RawWebSocket.connect(gateway.url, extensions);
  const pongs = ({ frames }: RawWebSocket) =>
    frames.filter(({ opcode }) => opcode === PONG).map(({ payload }) => payload.toString());
  const ping = (text: string) => clientFrame(PING, Buffer.from(text));
  /** A text message in pieces of that many bytes. */
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

  it('keeps one pong at most for a client that sends pings and does not read, the latest', async () => {
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
    // Behind the pings: what it asks for now has been read after all of them.
    client.send(REQUEST);
    await waitFor(() => gateway.logged('client_subscribed'), 'it does not read its pings', 30_000);
    await other.settled();

    client.tcp.resume();
    await waitFor(() => pongs(client).at(-1) === last, 'the last ping was not answered', 30_000);
    // What the kernel took at both ends has been answered, some megabytes; unbounded, every single one.
    expect(pongs(client).length).toBeLessThan(PINGS / 2);
    client.tcp.write(ping('once more'));
    await waitFor(() => pongs(client).at(-1) === 'once more');
    expect(other.disconnects).toEqual([]);
  });

  it('reads a message in fragments, with a ping between them', async () => {
    const client = await connect();
    const [first, ...rest] = fragments(REQUEST, 1);
    client.tcp.write(Buffer.concat([first!, ping('between'), ...rest]));
    await waitFor(() => client.events('subscribed').length === 1);
    expect(pongs(client)).toEqual(['between']);
  });

  it('closes the connection of a message in too many fragments', async () => {
    const client = await connect();
    client.tcp.write(Buffer.concat(fragments(`42["x","${'.'.repeat(64)}"]`, 1)));
    await closedWith(client, 1008);
  });

  it('closes the connection of a frame in too many pieces', async () => {
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
    ['a message too long', () => [clientFrame(LAST | TEXT, Buffer.alloc(MAX_PAYLOAD_BYTES + 1))], 1009],
    ['fragments too long together', () => fragments('.'.repeat(MAX_PAYLOAD_BYTES + 1), 20_000), 1009],
    ['text that is not UTF-8', () => [clientFrame(LAST | TEXT, Buffer.from([0x34, 0xc3, 0x28]))], 1007],
    ['a ping too long', () => [clientFrame(PING, Buffer.alloc(126))], 1002],
    ['an unknown opcode', () => [clientFrame(LAST | 0x3, Buffer.alloc(1))], 1002],
    ['a continuation of nothing', () => [clientFrame(LAST | CONTINUATION, Buffer.alloc(1))], 1002],
  ])('closes the connection of %s', async (_name, frames, code) => {
    const client = await connect();
    client.tcp.write(Buffer.concat(frames()));
    await closedWith(client, code);
  });

  if (extensions === undefined) return;
  it('closes the connection of a small message that inflates to a large one', async () => {
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
