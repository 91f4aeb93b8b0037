import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Socket } from 'socket.io';
import { WebSocket, WebSocketServer } from 'ws';
import { type Ends, FanoutRig, reply } from '../../../test/support/fanout-rig.js';
import { waitFor } from '../../../test/support/wait.js';
import { tcpSocketOf, webSocketOf } from './engine-io-internals.js';
import { compactListeners, forgetFrame, removeUpgradeErrorListener, shrinkClient } from './idle-memory.js';
import type { GatewaySocket } from './socket-server.js';

afterEach(() => FanoutRig.stopAll());

async function connect(options?: Parameters<FanoutRig['connect']>[0]): Promise<Ends> {
  return (await FanoutRig.start()).connect(options);
}

const tableOf = (emitter: object) => (emitter as { readonly _events: Record<string, unknown> })._events;
const member = (owner: object, name: string): unknown => Reflect.get(owner, name);

describe('the table of listeners of an emitter', () => {
  it('is replaced by one with the same listeners', () => {
    const emitter = new EventEmitter();
    const calls: string[] = [];
    const symbol = Symbol('event');
    const second = (): void => void calls.push('second');
    emitter.once('many', () => calls.push('once'));
    emitter.on('many', second);
    emitter.on(symbol, () => calls.push('symbol'));
    const before = tableOf(emitter);
    compactListeners(emitter);
    expect(tableOf(emitter)).not.toBe(before);
    expect(tableOf(emitter)).toEqual(before);
    emitter.emit('many');
    emitter.emit(symbol);
    emitter.off('many', second);
    emitter.emit('many');
    expect(calls).toEqual(['once', 'second', 'symbol']);
    expect(emitter.listenerCount('many')).toBe(0);
  });

  it('has no listener for the name of a method of objects', () => {
    const emitter = new EventEmitter();
    compactListeners(emitter);
    expect(emitter.emit('toString')).toBe(false);
  });

  it('may be replaced while its listeners are called, and keeps none that was removed', () => {
    const emitter = new EventEmitter();
    const calls: number[] = [];
    emitter.once('event', () => {
      calls.push(1);
      compactListeners(emitter);
    });
    emitter.once('event', () => calls.push(2));
    emitter.emit('event');
    emitter.emit('event');
    expect(calls).toEqual([1, 2]);
  });

  it('stays as it is on an object that has none', () => {
    const bare = {};
    compactListeners(bare);
    expect(bare).toEqual({});
  });
});

const decoderOf = ({ client }: GatewaySocket) => member(client, 'decoder') as object;
const listsOf = (socket: GatewaySocket): unknown[] => [
  member(socket, 'fns'),
  member(socket.conn, 'cleanupFn'),
  member(member(decoderOf(socket), '_callbacks') as object, '$decoded'),
];
const emittersOf = ({ conn }: GatewaySocket): object[] => {
  const webSocket = webSocketOf(conn)!;
  return [conn, conn.transport, webSocket, tcpSocketOf(webSocket)!, member(webSocket, '_receiver') as object];
};

describe('a connected client', () => {
  it('has short lists and tables, with the same content', async () => {
    const { socket } = await connect();
    socket.use((_, next) => next());
    const lists = listsOf(socket);
    const tables = emittersOf(socket).map(tableOf);
    const names = (table: Record<string, unknown>) => Object.keys(table).filter((name) => table[name]);
    shrinkClient(socket);
    listsOf(socket).forEach((list, n) => {
      expect(list).not.toBe(lists[n]);
      expect(list).toEqual(lists[n]);
      expect(list).toHaveLength(1);
    });
    emittersOf(socket).forEach((emitter, n) => {
      expect(tableOf(emitter)).not.toBe(tables[n]);
      expect(Object.keys(tableOf(emitter))).toEqual(names(tables[n]!));
      expect(Object.getPrototypeOf(tableOf(emitter))).toBeNull();
    });
  });

  it('keeps of its handshake what is read', async () => {
    const { socket } = await connect({ transports: ['websocket'], auth: { statuses: 'batch' } } as never);
    expect(socket.handshake).toMatchObject({ url: expect.stringContaining('EIO=4'), query: { EIO: '4' } });
    const { address, auth } = socket.handshake;
    shrinkClient(socket);
    expect(socket.handshake).toMatchObject({ headers: {}, query: {}, url: '', time: '', address, auth });
    expect(auth).toEqual({ statuses: 'batch' });
  });

  it.each(['websocket', 'polling'])(
    'sends, receives, upgrades and disconnects as before (%s)',
    async (first) => {
      const rig = await FanoutRig.start();
      rig.server.on('connection', (socket) => shrinkClient(socket as unknown as Socket));
      const upgrades = first === 'polling';
      const transports = upgrades ? ['polling', 'websocket'] : ['websocket'];
      const { client, socket, numbers } = await rig.connect({ transports });
      await waitFor(() => socket.conn.transport.name === 'websocket');
      expect(emittersOf(socket).map((emitter) => Object.getPrototypeOf(tableOf(emitter)) as unknown)).toEqual(
        emittersOf(socket).map(() => null),
      );
      const received: unknown[] = [];
      socket.on('unsubscribe', (request: unknown) => received.push(request));
      for (const n of [1, 2]) {
        reply(socket, n);
        client.emit('unsubscribe', n);
        await waitFor(() => received.length === n && numbers.length === n);
      }
      const left = new Promise((resolve) => socket.once('disconnect', resolve));
      client.disconnect();
      expect(await left).toBe('client namespace disconnect');
      await waitFor(() => rig.server.engine.clientsCount === 0);
    },
  );

  it('is disconnected by an error of its WebSocket, which engine.io does not ignore any more', async () => {
    const { socket } = await connect();
    const webSocket = webSocketOf(socket.conn) as EventEmitter;
    const names = () => webSocket.listeners('error').map(({ name }) => name);
    expect(names()).toContain('onUpgradeError');
    removeUpgradeErrorListener(webSocket);
    expect(names()).toEqual([expect.stringContaining('onError')]);
    removeUpgradeErrorListener(webSocket);
    expect(names()).toHaveLength(1);
    webSocket.emit('error', new Error('broken'));
    await waitFor(() => !socket.connected);
  });
});

describe('a WebSocket of ws', () => {
  it('lets go of the frame that it has read, and reads the next ones', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const seen: unknown[] = [];
    server.on('connection', (webSocket) =>
      webSocket.on('message', (data) => {
        const receiver = member(webSocket, '_receiver') as object;
        expect(member(receiver, '_mask')).toBeInstanceOf(Buffer);
        expect(member(receiver, '_buffers')).toBeInstanceOf(Array);
        forgetFrame(webSocket);
        expect(member(receiver, '_mask')).toBeUndefined();
        seen.push((data as Buffer).toString());
      }),
    );
    await once(client, 'open');
    const texts = ['one', 'x'.repeat(70_000), 'three'];
    for (const text of texts) client.send(text);
    await waitFor(() => seen.length === 3);
    expect(seen).toEqual(texts);
    client.terminate();
    server.close();
  });

  it('lets go of each frame as soon as it is handled', async () => {
    const { client, socket } = await connect();
    const received = once(socket, 'unsubscribe');
    client.emit('unsubscribe', 1);
    await received;
    const receiver = member(webSocketOf(socket.conn)!, '_receiver') as object;
    expect(receiver).toHaveProperty('_mask');
    expect(member(receiver, '_mask')).toBeUndefined();
  });
});

it('changes nothing on objects that have none of these members', () => {
  const bare = new EventEmitter();
  forgetFrame(bare);
  removeUpgradeErrorListener(bare);
  bare.on('error', function onUpgradeError() {
    return; // the only one: without it an error would end the process
  });
  removeUpgradeErrorListener(bare);
  expect(bare.listenerCount('error')).toBe(1);
});
