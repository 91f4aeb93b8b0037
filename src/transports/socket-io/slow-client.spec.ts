import { once } from 'node:events';
import type { Socket as TcpSocket } from 'node:net';
import { FanoutRig, reply } from '../../../test/support/fanout-rig.js';
import { PollingClient } from '../../../test/support/polling-client.js';
import { waitFor } from '../../../test/support/wait.js';
import { tcpSocketOf, webSocketOf } from './engine-io-internals.js';
import { isSlow } from './slow-client.js';
import type { GatewaySocket } from './socket-server.js';

/** More than the kernel buffers of both ends can hold. */
const KERNEL_BUFFERS = 16_000_000;
const MAX_BYTES = 100_000;

afterEach(() => FanoutRig.stopAll());

it('a WebSocket client is slow while too many bytes wait in its TCP socket or in engine.io', async () => {
  const { client, socket, numbers } = await (await FanoutRig.start()).connect();
  expect(isSlow(socket, 0)).toBe(false);
  const { ws } = client.io.engine.transport as unknown as { readonly ws: object };
  const tcp: TcpSocket = tcpSocketOf(ws)!;
  tcp.pause();
  reply(socket, 1, KERNEL_BUFFERS);
  expect(isSlow(socket, MAX_BYTES)).toBe(true);
  const inTcpSocket = tcpSocketOf(webSocketOf(socket.conn)!)!.writableLength;
  expect(isSlow(socket, inTcpSocket)).toBe(false);
  reply(socket, 2, MAX_BYTES);
  expect(isSlow(socket, inTcpSocket + MAX_BYTES)).toBe(true);
  tcp.resume();
  await waitFor(() => numbers.length === 2);
  await waitFor(() => !isSlow(socket, 0));
});

it('a polling client is slow while too many packets wait for it, but not once it has disconnected', async () => {
  const rig = await FanoutRig.start();
  const connected = once(rig.server, 'connection') as Promise<[GatewaySocket]>;
  rig.server.on('connection', (socket) => void socket.emit('connected', { message: '' } as never));
  const client = await PollingClient.connect(rig.url);
  const [socket] = await connected;
  for (let n = 0; n < 10_000; n++) socket.conn.write('2["x"]');
  expect(isSlow(socket, 1e9)).toBe(false);
  socket.conn.write('2["x"]');
  expect(isSlow(socket, 1e9)).toBe(true);
  socket.disconnect();
  expect(isSlow(socket, 0)).toBe(false);
  await client.poll();
});
