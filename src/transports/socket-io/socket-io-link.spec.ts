import { once } from 'node:events';
import { Socket as TcpSocket } from 'node:net';
import type { Socket as ClientSocket } from 'socket.io-client';
import { WebSocket } from 'ws';
import { FanoutRig, reply } from '../../../test/support/fanout-rig.js';
import { PollingClient } from '../../../test/support/polling-client.js';
import { UNCOMPRESSED } from '../../../test/support/test-client.js';
import { waitFor } from '../../../test/support/wait.js';
import { JsonPayload } from '../../contract/index.js';
import { Frame } from '../../fanout/frame.js';
import type { GatewaySocket } from './socket-server.js';

/** What the kernel's own buffers of both ends may take, generously. */
const KERNEL_BUFFERS = 16_000_000;

/** What SocketIoLink reads of engine.io and ws. */
interface Internals {
  readonly upgrading: unknown;
  readonly writeBuffer: readonly { readonly data?: unknown }[];
  readonly transport: {
    readonly name: unknown;
    readonly writable: boolean;
    readonly socket?: {
      readonly _socket?: unknown;
      readonly readyState: unknown;
      readonly extensions: unknown;
    };
    send(packets: unknown): void;
  };
}

const internals = ({ conn }: GatewaySocket) => conn as unknown as Internals;
const webSocket = (socket: GatewaySocket) => internals(socket).transport.socket!;
const tcp = (socket: GatewaySocket) => webSocket(socket)._socket as TcpSocket;
const clientTcp = ({ io }: ClientSocket) =>
  (io.engine.transport as unknown as { ws: { _socket: TcpSocket } }).ws._socket;

/** A numbered message as a frame. */
function frame(n: number): Buffer {
  return Frame.ofEvent('products', new JsonPayload(JSON.stringify({ products: [`${n}`] }), '')).plain;
}

afterEach(() => FanoutRig.stopAll());

describe('what SocketIoLink relies on in engine.io', () => {
  it('transport.name says which transport it is, and a websocket one has its WebSocket in `socket`', async () => {
    const rig = await FanoutRig.start();
    const { socket } = await rig.connect();
    expect(internals(socket).transport.name).toBe('websocket');
    expect(internals(socket).transport.socket).toBeInstanceOf(WebSocket);
    const polling = await rig.connect({ transports: ['polling'] });
    expect(internals(polling.socket).transport.name).toBe('polling');
    expect(internals(polling.socket).transport.socket).toBeUndefined();
  });

  it('`writeBuffer` is an array with what the WebSocket is not ready for, in order, and empty otherwise', async () => {
    const rig = await FanoutRig.start();
    const { client, socket, numbers } = await rig.connect();
    await waitFor(() => internals(socket).transport.writable);
    expect(internals(socket).writeBuffer).toEqual([]);
    clientTcp(client).pause();
    reply(socket, 1, KERNEL_BUFFERS);
    expect(internals(socket).writeBuffer).toEqual([]); // it is with the TCP socket
    socket.conn.write('2["products",{"products":["2"]}]');
    reply(socket, 3);
    expect(Array.isArray(internals(socket).writeBuffer)).toBe(true);
    expect(internals(socket).writeBuffer.map(({ data }) => data)).toEqual([
      '2["products",{"products":["2"]}]',
      '2["products",{"products":["3",""]}]',
    ]);
    clientTcp(client).resume();
    await waitFor(() => numbers.length === 3);
    expect(numbers).toEqual([1, 2, 3]);
    expect(internals(socket).writeBuffer).toEqual([]);
  });

  it('`writeBuffer` holds what a polling client has not yet asked for', async () => {
    const rig = await FanoutRig.start();
    const connected = once(rig.server, 'connection') as Promise<[GatewaySocket]>;
    rig.server.on('connection', (socket) => void socket.emit('connected', { message: '' } as never));
    const client = await PollingClient.connect(rig.url);
    const [socket] = await connected;
    reply(socket, 1);
    reply(socket, 2);
    expect(internals(socket).writeBuffer).toHaveLength(2);
    await client.poll();
    expect(client.received.slice(1)).toHaveLength(2);
    expect(internals(socket).writeBuffer).toEqual([]);
    await client.close();
  });

  it('`upgrading` is false, true from the probe on, and false again when the transport is exchanged', async () => {
    const rig = await FanoutRig.start();
    const seen: unknown[] = [];
    rig.prepare = (socket) => {
      const note = (event: string) => () =>
        seen.push([event, internals(socket).upgrading, internals(socket).transport.name]);
      note('before')();
      socket.conn.once('upgrading', note('probe'));
      socket.conn.once('upgrade', note('upgrade'));
    };
    await rig.connect({ transports: ['polling', 'websocket'] });
    await waitFor(() => seen.length === 3);
    expect(seen).toEqual([
      ['before', expect.any(Boolean), 'polling'],
      ['probe', true, 'polling'],
      ['upgrade', false, 'websocket'],
    ]);
    const { socket } = await rig.connect();
    expect(internals(socket).upgrading).toBe(false);
  });

  it("'packetCreate' is emitted at once for every packet, before it is in the buffer or with the transport", async () => {
    const rig = await FanoutRig.start();
    const { client, socket } = await rig.connect();
    await waitFor(() => internals(socket).transport.writable);
    const seen: unknown[] = [];
    let sent = tcp(socket).bytesWritten;
    socket.conn.on('packetCreate', (packet: { type: string }) => {
      const buffered = internals(socket).writeBuffer.some((waiting) => waiting === packet);
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
      drains.push([internals(socket).writeBuffer.length, tcp(socket).bytesWritten > 2 * KERNEL_BUFFERS]),
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
  it('`_socket` is the TCP socket', async () => {
    const { client, socket } = await (await FanoutRig.start()).connect();
    expect(webSocket(socket)._socket).toBeInstanceOf(TcpSocket);
    expect(tcp(socket).remotePort).toBe(clientTcp(client).localPort);
  });

  it('`readyState` is 1 until it closes', async () => {
    const { socket } = await (await FanoutRig.start()).connect();
    const closing = webSocket(socket);
    expect(closing.readyState).toBe(1);
    socket.conn.close();
    expect(closing.readyState).toBe(2);
  });

  it('`extensions` names permessage-deflate where it was negotiated', async () => {
    const rig = await FanoutRig.start();
    const offered = await rig.connect();
    expect(webSocket(offered.socket).extensions).toBe('permessage-deflate');
    expect(webSocket((await rig.connect(UNCOMPRESSED)).socket).extensions).toBe('');
  });

  it('what it sends is with the TCP socket at once and never deflated, so that nothing can get in between', async () => {
    const { socket } = await (await FanoutRig.start()).connect();
    expect(webSocket(socket).extensions).toBe('permessage-deflate');
    await waitFor(() => internals(socket).transport.writable);
    const before = tcp(socket).bytesWritten;
    socket.conn.write('x'.repeat(100_000), { compress: true });
    expect(tcp(socket).bytesWritten - before).toBe(100_000 + 1 + 10); // engine.io's type, and the frame's header
  });

  it.each([
    ['', 10],
    [", also while the kernel's buffers are full", KERNEL_BUFFERS],
  ])('a raw write comes behind what was sent before and ahead of what is sent after%s', async (_, bytes) => {
    const { client, socket, numbers } = await (await FanoutRig.start()).connect();
    await waitFor(() => internals(socket).transport.writable);
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
