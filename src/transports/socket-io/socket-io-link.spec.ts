import type { Socket as ClientSocket } from 'socket.io-client';
import { FanoutRig, reply } from '../../../test/support/fanout-rig.js';
import { waitFor } from '../../../test/support/wait.js';
import { JsonPayload } from '../../contract/index.js';
import { Frame } from '../../fanout/frame.js';
import { tcpSocketOf, webSocketOf, writeBufferOf } from './engine-io-internals.js';
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
  return Frame.ofEvent('products', new JsonPayload(JSON.stringify({ products: [`${n}`] }), '')).plain;
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
    expect(drains).toEqual([[0, false]]); // the second one waits
    clientTcp(client).resume();
    await waitFor(() => numbers.length === 2);
    expect(drains).toEqual([
      [0, false],
      [0, true],
    ]);
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
