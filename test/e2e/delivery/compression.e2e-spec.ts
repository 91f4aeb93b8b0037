import { readFile } from 'node:fs/promises';
import type { Socket as TcpSocket } from 'node:net';
import { WebSocket } from 'ws';
import { cleanUp } from '../../support/cleanup.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { chain } from '../../support/messages.js';
import { PacketCheck } from '../../support/packet-check.js';
import { OPTION_CHAIN, Platform } from '../../support/platform.js';
import { RawWebSocket } from '../../support/raw-websocket.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient, UNCOMPRESSED } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

const DEFLATE = 'permessage-deflate';
const AGREED = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';
const MAX_PAYLOAD = 65_536;

/** The `n`-th chain of a product, as large and as varied as a real one: about 80 KB. */
function bigChain(product: string, n: number) {
  const { calls, puts, ...rest } = chain(product, n);
  const legs = <T extends { strike: number }>([leg]: readonly T[], side: number) =>
    Array.from({ length: 150 }, (_, index) => {
      const some = (scale: number) => ((index * 7_919 + side * 104_729 + n) % 9_973) / scale;
      const varied = { bid: some(10), ask: some(9), last: some(9.5), delta: some(9_973), theta: -some(33) };
      return { ...leg!, ...varied, strike: 15_000 + index * 50, volume: Math.round(some(0.7)) };
    });
  return { ...rest, calls: legs(calls, 1), puts: legs(puts, 2) };
}

let redis: RedisServer;
let gateway: GatewayProcess;
let platform: Platform;

beforeAll(async () => void (redis = await RedisServer.start()));
afterAll(() => redis.stop());

async function start(env: Readonly<Record<string, string>>): Promise<void> {
  await redis.client.flushall();
  gateway = await GatewayProcess.start({ REDIS_URL: redis.url, ...env });
  platform = new Platform(redis, gateway);
}

/** A client that can subscribe to a chain, and that records what it receives. */
interface Reader {
  /** The chain updates received so far, as JSON text. */
  chains(): string[];
  subscribe(symbol: string): void;
  /** Bytes received so far. */
  bytes(): number;
}

async function stock(options?: typeof UNCOMPRESSED): Promise<Reader> {
  const client = await TestClient.connect(gateway.url, options);
  const { ws } = client.socket.io.engine.transport as unknown as { ws: { _socket: TcpSocket } };
  return {
    chains: () => client.all('chain_update').map((payload) => JSON.stringify(payload)),
    subscribe: (symbol) => void client.socket.emit('subscribe', { type: 'chain', symbol }),
    bytes: () => ws._socket.bytesRead,
  };
}

/** Uses the `ws` package, with the engine.io handshake written out here. */
async function byHand(perMessageDeflate: boolean): Promise<Reader> {
  const url = `${gateway.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`;
  const socket = new WebSocket(url, { perMessageDeflate });
  cleanUp(() => socket.terminate());
  const texts: string[] = [];
  const packets = new PacketCheck();
  socket.on('message', (data: Buffer) => {
    packets.carried('received', data.toString());
    texts.push(data.toString());
  });
  socket.on('open', () => socket.send('40'));
  await waitFor(() => texts.some((text) => text.startsWith('42["connected"')));
  const start = '42["chain_update",';
  return {
    chains: () => texts.filter((text) => text.startsWith(start)).map((text) => text.slice(start.length, -1)),
    subscribe: (symbol) => socket.send(`42${JSON.stringify(['subscribe', { type: 'chain', symbol }])}`),
    bytes: () => (socket as unknown as { _socket: TcpSocket })._socket.bytesRead,
  };
}

async function raw(extensions?: string): Promise<Reader> {
  const socket = await RawWebSocket.connect(gateway.url, extensions);
  return {
    chains: () => socket.events('chain_update').map(({ json }) => json),
    subscribe: (symbol) => socket.send(`42${JSON.stringify(['subscribe', { type: 'chain', symbol }])}`),
    bytes: () => socket.tcp.bytesRead,
  };
}

describe('compression', () => {
  beforeAll(() => start({ MAX_PAYLOAD_BYTES: `${MAX_PAYLOAD}` }));
  afterAll(() => gateway.stop());

  it('sends every client the same JSON, and far fewer bytes to clients that offered compression', async () => {
    const product = platform.product();
    const deflating = await Promise.all([stock(), byHand(true), raw(DEFLATE)]);
    const plain = await Promise.all([stock(UNCOMPRESSED), byHand(false), raw()]);
    const readers = [...deflating, ...plain];
    await platform.publish(OPTION_CHAIN, bigChain(product, 1));
    await platform.carried();
    // The first chain arrives as a snapshot, the others as updates.
    for (const reader of readers) reader.subscribe(product);
    await waitFor(() => readers.every((reader) => reader.chains().length === 1));
    const before = readers.map((reader) => reader.bytes());
    for (const n of [2, 3]) await platform.publish(OPTION_CHAIN, bigChain(product, n));
    await waitFor(() => readers.every((reader) => reader.chains().length === 3));

    const expected = [1, 2, 3].map((n) => {
      const published = bigChain(product, n);
      return { ...published, strikes: published.calls.map(({ strike }) => strike) };
    });
    const json = readers[0]!.chains();
    expect(json.map((text) => JSON.parse(text) as unknown)).toEqual(expected);
    expect(json[2]!.length).toBeGreaterThan(75_000);
    const published = json[1]!.length + json[2]!.length;
    for (const [index, reader] of readers.entries()) {
      expect(reader.chains()).toEqual(json);
      const bytes = reader.bytes() - before[index]!;
      if (deflating.includes(reader)) expect(bytes).toBeLessThan(published / 4);
      else expect(bytes).toBeGreaterThan(published);
    }
  });

  it('is agreed without context takeover on either side, and used only for large messages', async () => {
    const product = platform.product();
    const socket = await RawWebSocket.connect(gateway.url, `${DEFLATE}; client_max_window_bits`);
    expect(socket.extensions).toBe(AGREED);
    socket.send(`420${JSON.stringify(['subscribe', { type: 'chain', symbol: product }])}`);
    await waitFor(() => socket.answer(0));
    await platform.underlying(product, 1);
    await platform.publish(OPTION_CHAIN, bigChain(product, 1));
    await platform.publish(OPTION_CHAIN, bigChain(product, 2));
    await waitFor(() => socket.events('chain_update').length === 2);
    const deflated = (event: string) => socket.events(event).map(({ frame }) => frame.rsv1);
    expect(deflated('chain_update')).toEqual([true, true]);
    expect(deflated('underlying_update')).toEqual([false]);
    expect(deflated('chain_summary')).toEqual([false, false]);
    expect(deflated('connected')).toEqual([false]);
    expect(deflated('subscribed')).toEqual([false]);
    expect(socket.closeCode).toBeUndefined();
  });

  it.each([
    ['a smaller window', `${DEFLATE}; server_max_window_bits=10`],
    ['a smaller window, in quotes', `${DEFLATE}; client_max_window_bits;server_max_window_bits="9"`],
    ['a smaller window in one of its offers', `${DEFLATE}, ${DEFLATE};server_max_window_bits=8`],
    ['another extension', 'x-webkit-deflate-frame'],
    ['nothing', undefined],
  ])('sends plain frames to a client that asks for %s', async (_, offer) => {
    const product = platform.product();
    const socket = await RawWebSocket.connect(gateway.url, offer);
    expect(socket.extensions).toBeUndefined();
    socket.send(`42${JSON.stringify(['subscribe', { type: 'chain', symbol: product }])}`);
    await waitFor(() => socket.events('subscribed').length === 1);
    await platform.publish(OPTION_CHAIN, bigChain(product, 1));
    await waitFor(() => socket.events('chain_update').length === 1);
    expect(socket.frames.every(({ rsv1 }) => !rsv1)).toBe(true);
  });

  it('also works for snapshots that wait behind replies', async () => {
    const products = [platform.product(), platform.product(), platform.product()];
    for (const product of products) await platform.publish(OPTION_CHAIN, bigChain(product, 1));
    await platform.carried();
    const socket = await RawWebSocket.connect(gateway.url, DEFLATE);
    socket.send(`42${JSON.stringify(['subscribe', { type: 'chain', symbols: products }])}`);
    const snapshots = () => socket.events('chain_update');
    await waitFor(() => snapshots().length === products.length);
    expect(snapshots().map(({ frame }) => frame.rsv1)).toEqual([true, true, true]);
  });

  it('is accepted from clients', async () => {
    const socket = await RawWebSocket.connect(gateway.url, DEFLATE);
    const symbols = Array.from({ length: 90 }, (_, n) => `SYMBOL-OF-SOME-LENGTH-${n}`);
    const rooms = symbols.map((symbol) => `product:${symbol}`);
    socket.send(`421${JSON.stringify(['subscribe', { type: 'product', symbols }])}`, true);
    // the request after this one is not compressed
    socket.send(`422${JSON.stringify(['unsubscribe', { type: 'product', symbols }])}`, true);
    await waitFor(() => socket.answer(2));
    expect([socket.answer(1), socket.answer(2)]).toEqual([[{ ok: true, rooms }], [{ ok: true, rooms }]]);
    // Stock clients compress messages of more than 1 KB.
    const client = await TestClient.connect(gateway.url);
    await expect(client.ask('subscribe', { type: 'product', symbols })).resolves.toEqual({ ok: true, rooms });
  });

  it('closes only the connection that sends a message with a huge decompressed size', async () => {
    const bomb = `42["subscribe",{"type":"${'x'.repeat(50_000_000)}"}]`; // 49 KB on the wire
    const client = await TestClient.connect(gateway.url);
    const before = await peakMemory();
    const bombers = await Promise.all(
      Array.from({ length: 4 }, () => RawWebSocket.connect(gateway.url, DEFLATE)),
    );
    for (const bomber of bombers) bomber.send(bomb, true);
    await waitFor(() => bombers.every(({ closeCode }) => closeCode !== undefined));
    expect(bombers.map(({ closeCode }) => closeCode)).toEqual(bombers.map(() => 1009));
    expect((await peakMemory()) - before).toBeLessThan(bomb.length);
    const product = platform.product();
    await platform.underlying(product, 1);
    await waitFor(() => client.all('underlying_update').some((update) => update.product === product));
    expect(client.disconnects).toEqual([]);
    expect(gateway.exitCode).toBeNull();
  });

  /** The peak memory use of the gateway, in bytes. */
  async function peakMemory(): Promise<number> {
    const status = await readFile(`/proc/${gateway.pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024;
  }
});

describe('COMPRESS_ABOVE_BYTES', () => {
  afterEach(() => gateway.stop());

  it('turns compression off if it is 0', async () => {
    await start({ COMPRESS_ABOVE_BYTES: '0' });
    const socket = await RawWebSocket.connect(gateway.url, DEFLATE);
    expect(socket.extensions).toBeUndefined();
    const product = platform.product();
    await platform.publish(OPTION_CHAIN, bigChain(product, 1));
    await waitFor(() => socket.events('chain_summary').length === 1);
    socket.send(`42${JSON.stringify(['subscribe', { type: 'chain', symbol: product }])}`);
    await waitFor(() => socket.events('chain_update').length === 1);
    expect(socket.frames.every(({ rsv1 }) => !rsv1)).toBe(true);
  });

  it('sets the size from which messages are compressed', async () => {
    await start({ COMPRESS_ABOVE_BYTES: '150' });
    const socket = await RawWebSocket.connect(gateway.url, DEFLATE);
    const product = platform.product();
    await platform.underlying(product, 1);
    await platform.chain(product, 1);
    await waitFor(() => socket.events('chain_summary').length === 1);
    expect(socket.events('chain_summary')[0]!.frame.rsv1).toBe(true);
    expect(socket.events('underlying_update')[0]!.frame.rsv1).toBe(true);
    // sent to only one client, so not compressed
    expect(socket.events('connected')[0]!.frame.rsv1).toBe(false);
  });
});
