import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { Socket as ClientSocket } from 'socket.io-client';
import { FanoutRig, reply } from '../../../test/support/fanout-rig.js';
import { UNCOMPRESSED } from '../../../test/support/test-client.js';
import { waitFor } from '../../../test/support/wait.js';
import { JsonPayload } from '../../contract/index.js';
import { loadNativeBatchWriter } from '../../fanout/native-batch-writer.js';
import { Frame } from '../../fanout/frame.js';
import { descriptorOf, handleOf, tcpSocketOf, webSocketOf, writeBufferOf } from './engine-io-internals.js';
import { socketIoFrames } from './socket-io-encodings.js';
import type { GatewaySocket } from './socket-server.js';

/** More than the kernel buffers of both ends can hold. */
const KERNEL_BUFFERS = 16_000_000;

const isReady = ({ conn }: GatewaySocket) =>
  (conn.transport as { readonly writable?: boolean }).writable === true;
const tcp = ({ conn }: GatewaySocket) => tcpSocketOf(webSocketOf(conn)!)!;
const clientTcp = ({ io }: ClientSocket) =>
  tcpSocketOf((io.engine.transport as unknown as { readonly ws: object }).ws)!;

/** A numbered message as a frame. */
function frame(n: number): Buffer {
  return Frame.ofEvent('products', new JsonPayload(JSON.stringify({ products: [`${n}`] }), '')).in(
    socketIoFrames,
  );
}

afterEach(() => FanoutRig.stopAll());

describe('engine.io behaves as SocketIoLink expects', () => {
  it("'packetCreate' is emitted for every packet before it is buffered or given to the transport", async () => {
    const rig = await FanoutRig.start();
    const { client, socket } = await rig.connect();
    await waitFor(() => isReady(socket));
    const seen: unknown[] = [];
    let sent = tcp(socket).bytesWritten;
    socket.conn.on('packetCreate', (packet: { type: string }) => {
      const buffered = writeBufferOf(socket.conn)?.includes(packet);
      seen.push([packet.type, buffered, tcp(socket).bytesWritten - sent]);
    });
    const during = (send: () => unknown) => {
      seen.length = 0;
      sent = tcp(socket).bytesWritten;
      send();
      return [...seen];
    };
    const untouched = [['message', false, 0]];
    expect(during(() => reply(socket, 1))).toEqual(untouched); // the transport is ready
    expect(during(() => reply(socket, 2))).toEqual(untouched); // the transport is not ready
    expect(during(() => socket.conn.write('2["x"]'))).toEqual(untouched);
    expect(during(() => rig.server.emit('products', { products: [] }))).toEqual(untouched); // base adapter
    const acknowledged = new Promise((resolve) =>
      socket.on('get_products', (ack) => resolve(during(() => ack?.({ ok: true, rooms: [], products: [] })))),
    );
    client.emit('get_products', () => undefined);
    expect(await acknowledged).toEqual(untouched);
  });

  it("'drain' is emitted once the buffer's bytes are in the TCP socket", async () => {
    const rig = await FanoutRig.start();
    const { client, socket, numbers } = await rig.connect();
    const drains: unknown[] = [];
    socket.conn.on('drain', () =>
      drains.push([writeBufferOf(socket.conn)?.length, tcp(socket).bytesWritten > 2 * KERNEL_BUFFERS]),
    );
    clientTcp(client).pause();
    reply(socket, 1, KERNEL_BUFFERS);
    reply(socket, 2, KERNEL_BUFFERS);
    expect(drains).toEqual([
      [0, false],
      [0, true],
    ]);
    clientTcp(client).resume();
    await waitFor(() => numbers.length === 2);
  });
});

describe('ws behaves as SocketIoLink expects', () => {
  it('writes what it sends to the TCP socket at once and uncompressed, so that the order is kept', async () => {
    const { socket } = await (await FanoutRig.start()).connect();
    expect(webSocketOf(socket.conn)?.extensions).toBe('permessage-deflate');
    await waitFor(() => isReady(socket));
    const before = tcp(socket).bytesWritten;
    socket.conn.write('x'.repeat(100_000), { compress: true });
    expect(tcp(socket).bytesWritten - before).toBe(100_000 + 1 + 10); // type and header
  });

  it.each([
    ['', 10],
    [", also while the kernel's buffers are full", KERNEL_BUFFERS],
  ])('keeps a raw write between what was sent before and after it%s', async (_, bytes) => {
    const { client, socket, numbers } = await (await FanoutRig.start()).connect();
    await waitFor(() => isReady(socket));
    clientTcp(client).pause();
    reply(socket, 1, bytes);
    tcp(socket).write(frame(2));
    tcp(socket).write(frame(3));
    reply(socket, 4);
    clientTcp(client).resume();
    await waitFor(() => numbers.length === 4);
    expect(numbers).toEqual([1, 2, 3, 4]);
  });
});

describe('SocketIoLink with the native writer', () => {
  const { writer } = loadNativeBatchWriter();

  it('sends the rest of a write that the kernel took only in part through the TCP socket, in order', async () => {
    const rig = await FanoutRig.start(writer);
    const [slow, healthy] = [await rig.connect(UNCOMPRESSED), await rig.connect()];
    clientTcp(slow.client).pause();
    await waitFor(() => [slow, healthy].every(({ socket }) => isReady(socket)));
    let n = 0;
    while (tcp(slow.socket).writableLength === 0) {
      rig.broadcast(++n, 50_000); // less than makes the client lag
      await waitFor(() => healthy.numbers.length === n);
    }
    rig.broadcast(++n);
    reply(slow.socket, ++n);
    clientTcp(slow.client).resume();
    await waitFor(() => slow.numbers.length === n);
    expect(slow.numbers).toEqual(Array.from({ length: n }, (_, i) => i + 1));
  });

  it('never writes to a descriptor that another connection was given in the same turn', async () => {
    const rig = await FanoutRig.start(writer);
    const [closed, healthy] = [await rig.connect(), await rig.connect()];
    await waitFor(() => [closed, healthy].every(({ socket }) => isReady(socket)));
    rig.broadcast(1);
    await waitFor(() => [closed, healthy].every(({ numbers }) => numbers.length === 1));
    let stray = '';
    const server = createServer((other) => other.on('data', (bytes) => (stray += bytes.toString('latin1'))));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;

    const descriptor = descriptorOf(handleOf(tcp(closed.socket))!);
    tcp(closed.socket).destroy();
    rig.broadcast(2);
    const other = connect(port, '127.0.0.1');
    const connected = once(other, 'connect');
    await new Promise((resolve) => process.nextTick(resolve)); // Node opens it in the next tick
    expect(descriptorOf(handleOf(other)!)).toBe(descriptor);
    await waitFor(() => healthy.numbers.length === 2);
    await connected;
    other.end('mine');
    await waitFor(() => stray !== '');
    expect(stray).toBe('mine');
    server.close();
  });
});
