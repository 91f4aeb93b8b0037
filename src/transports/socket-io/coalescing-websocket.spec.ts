import { once } from 'node:events';
import type { AddressInfo, Socket as TcpSocket } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { waitFor } from '../../../test/support/wait.js';
import { CoalescingWebSocket } from './coalescing-websocket.js';
import { tcpSocketOf } from './engine-io-internals.js';

const open: { server: WebSocketServer; client: WebSocket }[] = [];

async function connect() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', WebSocket: CoalescingWebSocket });
  await once(server, 'listening');
  const connected = once(server, 'connection') as Promise<[CoalescingWebSocket]>;
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  open.push({ server, client });
  const received: string[] = [];
  client.on('message', (data: Buffer) => received.push(data.toString()));
  const [[socket]] = await Promise.all([connected, once(client, 'open')]);
  return { socket, client, received, tcp: tcpSocketOf(socket)! };
}

/** The number of writes that `send` causes. */
async function writesOf(tcp: TcpSocket, send: () => void): Promise<number> {
  const handle = (tcp as unknown as { _handle: Record<string, (...args: unknown[]) => unknown> })._handle;
  const names = ['writev', 'writeBuffer', 'writeUtf8String', 'writeLatin1String'];
  const spies = names.map((name) => jest.spyOn(handle, name));
  send();
  await new Promise((resolve) => setImmediate(resolve));
  const count = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
  for (const spy of spies) spy.mockRestore();
  return count;
}

afterEach(async () => {
  for (const { server, client } of open.splice(0)) {
    client.terminate();
    server.close();
    await once(server, 'close');
  }
});

describe('CoalescingWebSocket', () => {
  it('sends all messages of a turn with one write, in order with what is written to its TCP socket', async () => {
    const { socket, received, tcp } = await connect();
    const writes = await writesOf(tcp, () => {
      socket.send('1');
      tcp.write(Buffer.from([0x81, 1, 0x32])); // a frame with the text 2
      void Promise.resolve().then(() => socket.send('4'));
      socket.send('3');
    });
    await waitFor(() => received.length === 4);
    expect(received).toEqual(['1', '2', '3', '4']);
    expect(writes).toBe(1);
    expect(tcp.writableCorked).toBe(0);
  });

  it('sends the messages of the next turn with another write', async () => {
    const { socket, received, tcp } = await connect();
    expect(await writesOf(tcp, () => socket.send('1'))).toBe(1);
    expect(await writesOf(tcp, () => socket.send('2'))).toBe(1);
    await waitFor(() => received.length === 2);
  });

  it('reports a message as sent at once, and counts it as waiting until the write', async () => {
    const { socket, tcp } = await connect();
    const sent = jest.fn();
    socket.send('1', sent);
    socket.send('2', {}, sent);
    expect(sent.mock.calls).toEqual([[], []]);
    expect(tcp.writableLength).toBeGreaterThan(0);
  });

  it.each(['terminate', 'close'] as const)('sends what the turn has sent before %s()', async (end) => {
    const { socket, client, received } = await connect();
    const closed = once(client, 'close');
    socket.send('1');
    socket.send('2');
    socket[end]();
    await closed;
    expect(received).toEqual(['1', '2']);
  });

  it('passes the error on if the WebSocket is closed', async () => {
    const { socket } = await connect();
    socket.close();
    const sent = jest.fn();
    socket.send('1', sent);
    await waitFor(() => sent.mock.calls.length === 1);
    expect(sent).toHaveBeenCalledWith(expect.any(Error));
  });
});
