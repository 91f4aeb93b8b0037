import { once } from 'node:events';
import { IncomingMessage, type ServerResponse } from 'node:http';
import { Socket as TcpSocket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Socket as ClientSocket } from 'socket.io-client';
import { Decoder } from 'socket.io-parser';
import { WebSocket } from 'ws';
import { type Ends, FanoutRig, reply } from '../../../test/support/fanout-rig.js';
import { PollingClient } from '../../../test/support/polling-client.js';
import { UNCOMPRESSED } from '../../../test/support/test-client.js';
import { waitFor } from '../../../test/support/wait.js';
import {
  canSendPacket,
  clientOf,
  type Connection,
  deflateOf,
  descriptorOf,
  handleOf,
  type EnginePacket,
  hasSession,
  httpServerOf,
  isParsedByWs,
  isReconstructing,
  isUpgrading,
  mayBeUpgraded,
  pollingTransportOf,
  preEncodedOf,
  withFrame,
  queryOf,
  releaseRequest,
  responseHeadersOf,
  setPollingCloseTimeout,
  tcpSocketOf,
  webSocketOf,
  writeBufferOf,
} from './engine-io-internals.js';
import type { GatewaySocket } from './socket-server.js';

/** More than the kernel buffers of both ends can hold. */
const KERNEL_BUFFERS = 16_000_000;

const clientTcp = ({ io }: ClientSocket) =>
  tcpSocketOf((io.engine.transport as unknown as { readonly ws: object }).ws)!;
const isWritable = ({ transport }: Connection) => (transport as { writable?: boolean }).writable === true;

async function connect(options?: Parameters<FanoutRig['connect']>[0]): Promise<Ends> {
  return (await FanoutRig.start()).connect(options);
}

afterEach(() => FanoutRig.stopAll());

describe('a connection of engine.io', () => {
  it('has a WebSocket only while its transport is one', async () => {
    expect(webSocketOf((await connect()).socket.conn)).toBeInstanceOf(WebSocket);
    expect(webSocketOf((await connect({ transports: ['polling'] })).socket.conn)).toBeUndefined();
  });

  it('buffers no packets of a WebSocket, also while its TCP socket is full', async () => {
    const { client, socket, numbers } = await connect();
    await waitFor(() => isWritable(socket.conn));
    clientTcp(client).pause();
    reply(socket, 1, KERNEL_BUFFERS);
    socket.conn.write('2["products",{"products":["2"]}]');
    reply(socket, 3);
    expect(writeBufferOf(socket.conn)).toEqual([]);
    clientTcp(client).resume();
    await waitFor(() => numbers.length === 3);
    expect(numbers).toEqual([1, 2, 3]);
  });

  it('buffers the packets that a polling client has not fetched yet', async () => {
    const rig = await FanoutRig.start();
    const connected = once(rig.server, 'connection') as Promise<[GatewaySocket]>;
    rig.server.on('connection', (socket) => void socket.emit('connected', { message: '' } as never));
    const client = await PollingClient.connect(rig.url);
    const [socket] = await connected;
    reply(socket, 1);
    reply(socket, 2);
    expect(writeBufferOf(socket.conn)).toHaveLength(2);
    await client.poll();
    expect(client.received.slice(1)).toHaveLength(2);
    expect(writeBufferOf(socket.conn)).toEqual([]);
    await client.close();
  });

  it('is upgrading from the probe until its transport is replaced', async () => {
    const rig = await FanoutRig.start();
    const seen: unknown[] = [];
    rig.prepare = ({ conn }) => {
      const note = (event: string) => () => seen.push([event, isUpgrading(conn), conn.transport.name]);
      note('before')();
      conn.once('upgrading', note('probe'));
      conn.once('upgrade', note('upgrade'));
    };
    await rig.connect({ transports: ['polling', 'websocket'] });
    await waitFor(() => seen.length === 3);
    expect(seen).toEqual([
      ['before', expect.any(Boolean), 'polling'],
      ['probe', true, 'polling'],
      ['upgrade', false, 'websocket'],
    ]);
    expect(isUpgrading((await rig.connect()).socket.conn)).toBe(false);
  });

  it('sends a ping on request', async () => {
    const { client, socket } = await connect();
    const conn: object = socket.conn;
    if (!canSendPacket(conn)) throw new Error('cannot send a packet');
    const pinged = new Promise<void>((resolve) => client.io.once('ping', resolve));
    conn.sendPacket('ping');
    await pinged;
  });

  it('passes the bytes of a message on with its packet', async () => {
    const { socket } = await connect();
    const packets: EnginePacket[] = [];
    socket.conn.on('packetCreate', (packet: EnginePacket) => packets.push(packet));
    const frame = Buffer.from('x');
    // Socket.IO's own frames are for its own WebSockets.
    socket.conn.write('2["x"]', { compress: false, wsPreEncodedFrame: [frame] } as never);
    socket.conn.write('2["x"]', withFrame(frame));
    socket.conn.write('2["y"]');
    expect(packets.map(preEncodedOf)).toEqual([undefined, [frame], undefined]);
  });

  it('has a time limit for a closed polling session, and none for a WebSocket', async () => {
    const polling = (await connect({ transports: ['polling'] })).socket.conn;
    expect(polling.transport).toHaveProperty('closeTimeout', 30_000);
    setPollingCloseTimeout(polling, 1);
    expect(polling.transport).toHaveProperty('closeTimeout', 1);
    const webSocket = (await connect()).socket.conn;
    setPollingCloseTimeout(webSocket, 1);
    expect(webSocket.transport).not.toHaveProperty('closeTimeout');
  });
});

describe('the servers of engine.io and Socket.IO', () => {
  it('know a session as long as it exists', async () => {
    const rig = await FanoutRig.start();
    const { client, socket } = await rig.connect();
    const { engine } = rig.server;
    const { id } = socket.conn as unknown as { readonly id: string };
    expect(['other', 'constructor', id].map((sid) => hasSession(engine, sid))).toEqual([false, false, true]);
    client.disconnect();
    await waitFor(() => !hasSession(engine, id));
  });

  it('let a WebSocket take over only a session that polls, once', async () => {
    const rig = await FanoutRig.start();
    const { engine } = rig.server;
    const seen: boolean[] = [];
    rig.prepare = ({ conn }) => {
      const { id } = conn as unknown as { readonly id: string };
      const note = (): void => void seen.push(mayBeUpgraded(engine, id));
      note();
      conn.once('upgrading', note);
      conn.once('upgrade', note);
    };
    await rig.connect({ transports: ['polling', 'websocket'] });
    await waitFor(() => seen.length === 3);
    expect(seen).toEqual([true, false, false]);
    expect(mayBeUpgraded(engine, 'unknown')).toBe(true);
  });

  it('have the polling transport of a session, whose limit engine.io reads during each body', async () => {
    const rig = await FanoutRig.start();
    const { socket } = await rig.connect({ transports: ['polling'] });
    const { engine } = rig.server;
    const { id } = socket.conn as unknown as { readonly id: string };
    const transport = pollingTransportOf(engine, id)!;
    expect(transport).toBe(socket.conn.transport);
    expect(transport.maxHttpBufferSize).toBe(65_536);
    const post = async (body: string) =>
      (await fetch(`${rig.url}/socket.io/?EIO=4&transport=polling&sid=${id}`, { method: 'POST', body }))
        .status;
    expect(await post(`42["${'x'.repeat(100)}"]`)).toBe(200);
    transport.maxHttpBufferSize = 100;
    expect(await post(`42["${'x'.repeat(100)}"]`)).toBe(413);
    transport.maxHttpBufferSize = 200;
    expect(await post(`42["${'x'.repeat(100)}"]`)).toBe(200);
    const { id: webSocket } = (await rig.connect()).socket.conn as unknown as { readonly id: string };
    for (const sid of [webSocket, 'other', 'constructor', '__proto__']) {
      expect(pollingTransportOf(engine, sid)).toBeUndefined();
    }
  });

  it('parse the query of a handshake, and keep its request in the response to an upgrade', async () => {
    const rig = await FanoutRig.start();
    const handshakes: { request: IncomingMessage; response: { readonly req?: unknown } }[] = [];
    rig.server.engine.use((request: IncomingMessage, response: object, next: () => void) => {
      handshakes.push({ request, response });
      next();
    });
    await rig.connect();
    const { request, response } = handshakes[0]!;
    expect(queryOf(request)).toMatchObject({ EIO: '4', transport: 'websocket' });
    expect(response.req).toBe(request);
    releaseRequest(response);
    expect(response.req).toBeUndefined();
  });

  it('keep the headers of the response to an upgrade at its request', async () => {
    const rig = await FanoutRig.start();
    const seen: unknown[] = [];
    rig.server.engine.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
      response.setHeader('X-Test', 'y');
      seen.push(responseHeadersOf(request));
      next();
    });
    await rig.connect();
    expect(seen).toEqual([expect.objectContaining({ 'X-Test': 'y' })]);
    expect(responseHeadersOf(new IncomingMessage(new TcpSocket()))).toEqual({});
  });

  it('are attached to an HTTP server', async () => {
    const rig = await FanoutRig.start();
    expect(httpServerOf(rig.server).address()).toMatchObject({ port: Number(new URL(rig.url).port) });
  });
});

describe('a client of Socket.IO', () => {
  it('has its decoder and encoder, and one function that sends its packets', async () => {
    const { socket } = await connect();
    const client = clientOf(socket)!;
    expect(client.decoder).toBeInstanceOf(Decoder);
    const sent: unknown[] = [];
    client.encoder = { encode: () => ['encoded'] };
    client.writeToEngine = (encoded) => sent.push(encoded);
    reply(socket, 1);
    expect(sent).toEqual([['encoded']]);
  });

  it('has a decoder that says whether it waits for attachments', () => {
    const decoder = new Decoder();
    expect(isReconstructing(decoder)).toBe(false);
    decoder.add('51-["x",{"_placeholder":true,"num":0}]');
    expect(isReconstructing(decoder)).toBe(true);
    decoder.add(Buffer.from('x'));
    expect(isReconstructing(decoder)).toBe(false);
  });
});

describe('a WebSocket of ws', () => {
  const accept = async (options?: Parameters<FanoutRig['connect']>[0]) => {
    const { client, socket } = await connect(options);
    return { client, socket, webSocket: webSocketOf(socket.conn)! };
  };

  it('has the TCP socket of its client', async () => {
    const { client, webSocket } = await accept();
    expect(tcpSocketOf(webSocket)).toBeInstanceOf(TcpSocket);
    expect(tcpSocketOf(webSocket)?.remotePort).toBe(clientTcp(client).localPort);
  });

  it('is in ready state 1 until it closes', async () => {
    const { socket, webSocket } = await accept();
    expect(webSocket.readyState).toBe(1);
    socket.conn.close();
    expect(webSocket.readyState).toBe(2);
  });

  it('names permessage-deflate, and has its inflater, only if it was negotiated', async () => {
    const { webSocket: deflating } = await accept();
    expect(deflating.extensions).toBe('permessage-deflate');
    expect(deflateOf(deflating)?.cleanup).toBeInstanceOf(Function);
    const { webSocket: plain } = await accept(UNCOMPRESSED);
    expect(plain.extensions).toBe('');
    expect(deflateOf(plain)).toBeUndefined();
  });

  it('has parsers for the headers of a handshake', () => {
    expect(isParsedByWs('extension', 'permessage-deflate; client_max_window_bits')).toBe(true);
    expect(isParsedByWs('extension', ';;')).toBe(false);
    expect(isParsedByWs('subprotocol', 'one, two')).toBe(true);
    expect(isParsedByWs('subprotocol', 'a, a')).toBe(false);
  });
});

describe('a TCP socket of Node', () => {
  it('has a file descriptor until it is closed, in the same turn', async () => {
    const { socket } = await connect();
    const tcp = tcpSocketOf(webSocketOf(socket.conn)!)!;
    const handle = handleOf(tcp)!;
    expect(descriptorOf(handle)).toBeGreaterThan(2);
    tcp.destroy();
    expect(handleOf(tcp)).toBeUndefined();
    expect(descriptorOf(handle)).toBe(-1);
  });

  it.each(['destroy', 'resetAndDestroy', 'end'] as const)(
    'loses its handle when %s() closes it',
    async (close) => {
      const { socket } = await connect();
      const tcp = tcpSocketOf(webSocketOf(socket.conn)!)!;
      const handle = handleOf(tcp)!;
      tcp[close]();
      // Whenever the descriptor is closed, the socket must not have the handle any more.
      await waitFor(() => {
        if (descriptorOf(handle) < 0) return true;
        expect(handleOf(tcp)).toBe(handle);
        return false;
      });
      expect(handleOf(tcp)).toBeUndefined();
    },
  );

  it('has none that may be written to if it encrypts', async () => {
    const { socket } = await connect();
    const tcp = tcpSocketOf(webSocketOf(socket.conn)!)!;
    const tls = new TLSSocket(tcp, { isServer: true });
    expect(tls).toBeInstanceOf(TcpSocket);
    expect((tls as unknown as { readonly _handle: { readonly fd: number } })._handle.fd).toBeGreaterThan(2);
    expect(handleOf(tls)).toBeUndefined();
    tls.destroy();
  });
});

it('returns safe defaults for objects that have none of these members', () => {
  const bare = { transport: { name: 'websocket' } };
  expect(writeBufferOf(bare)).toBeUndefined();
  expect(isUpgrading(bare)).toBeUndefined();
  expect(clientOf({ client: bare })).toBeUndefined();
  expect(isReconstructing(bare)).toBe(false);
  expect(canSendPacket(bare)).toBe(false);
  expect(webSocketOf(bare as never)).toBeUndefined();
  expect(pollingTransportOf(bare, 'any')).toBeUndefined();
  expect(pollingTransportOf({ clients: { any: { transport: { name: 'polling' } } } }, 'any')).toBeUndefined();
  setPollingCloseTimeout(bare, 1);
  releaseRequest(bare);
  expect(bare).toEqual({ transport: { name: 'websocket' } });
  expect(queryOf(bare as never)).toEqual({});
  expect(hasSession(bare, 'any')).toBe(true); // engine.io rejects it
  expect(() => httpServerOf(bare as never)).toThrow('Socket.IO has no Server#httpServer');
  expect(tcpSocketOf(bare)).toBeUndefined();
  expect(deflateOf(bare)).toBeUndefined();
  expect(handleOf(new TcpSocket())).toBeUndefined();
  expect(descriptorOf({})).toBe(-1);
});
