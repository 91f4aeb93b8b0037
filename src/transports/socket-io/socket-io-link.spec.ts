import type { Socket as ClientSocket } from 'socket.io-client';
import { FanoutRig, reply } from '../../../test/support/fanout-rig.js';
import { waitFor } from '../../../test/support/wait.js';
import { JsonPayload } from '../../contract/index.js';
import { Frame } from '../../fanout/frame.js';
import { tcpSocketOf, webSocketOf, writeBufferOf } from './engine-io-internals.js';
import type { GatewaySocket } from './socket-server.js';

/** What the kernel's own buffers of both ends may take, generously. */
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

describe('what SocketIoLink relies on in engine.io', () => {
  it("'packetCreate' is emitted at once for every packet, before it is in the buffer or with the transport", async () => {
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
    expect(during(() => reply(socket, 1))).toEqual(untouched); // to a transport that is ready
    expect(during(() => reply(socket, 2))).toEqual(untouched); // to one that is not
    expect(during(() => socket.conn.write('2["x"]'))).toEqual(untouched);
    expect(during(() => rig.server.emit('products', { products: [] }))).toEqual(untouched); // the base adapter's way
    const acknowledged = new Promise((resolve) =>
      socket.on('get_products', (ack) => resolve(during(() => ack?.({ ok: true, rooms: [], products: [] })))),
    );
    client.emit('get_products', () => undefined);
    expect(await acknowledged).toEqual(untouched);
  });

  it("'drain' is emitted when the buffer was handed to the transport and its bytes are with the TCP socket", async () => {
    const rig = await FanoutRig.start();
    const { client, socket, numbers } = await rig.connect();
    const drains: unknown[] = [];
    socket.conn.on('drain', () =>
      drains.push([writeBufferOf(socket.conn)?.length, tcp(socket).bytesWritten > 2 * KERNEL_BUFFERS]),
    );
    clientTcp(client).pause();
    reply(socket, 1, KERNEL_BUFFERS);
    reply(socket, 2, KERNEL_BUFFERS);
    expect(drains).toEqual([[0, false]]); // the second waits
    clientTcp(client).resume();
    await waitFor(() => numbers.length === 2);
    expect(drains).toEqual([
      [0, false],
      [0, true],
    ]);
  });
});

describe('what SocketIoLink relies on in ws', () => {
  it('what it sends is with the TCP socket at once and never deflated, so that nothing can get in between', async () => {
    const { socket } = await (await FanoutRig.start()).connect();
    expect(webSocketOf(socket.conn)?.extensions).toBe('permessage-deflate');
    await waitFor(() => isReady(socket));
    const before = tcp(socket).bytesWritten;
    socket.conn.write('x'.repeat(100_000), { compress: true });
    expect(tcp(socket).bytesWritten - before).toBe(100_000 + 1 + 10); // engine.io's type, and the frame's header
  });

  it.each([
    ['', 10],
    [", also while the kernel's buffers are full", KERNEL_BUFFERS],
  ])('a raw write comes behind what was sent before and ahead of what is sent after%s', async (_, bytes) => {
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
