import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Socket } from 'socket.io';
import { WebSocket, WebSocketServer } from 'ws';
import { type Ends, FanoutRig, reply } from '../../../test/support/fanout-rig.js';
import { waitFor } from '../../../test/support/wait.js';
import { tcpSocketOf, webSocketOf } from './engine-io-internals.js';
import {
  dropTimeout,
  forgetFrame,
  packListeners,
  removeUpgradeErrorListener,
  shrinkClient,
} from './idle-memory.js';
import type { GatewaySocket } from './socket-server.js';

afterEach(() => FanoutRig.stopAll());

async function connect(options?: Parameters<FanoutRig['connect']>[0]): Promise<Ends> {
  return (await FanoutRig.start()).connect(options);
}

const member = (owner: object, name: string): unknown => Reflect.get(owner, name);

const decoderOf = ({ client }: GatewaySocket) => member(client, 'decoder') as object;
const listsOf = (socket: GatewaySocket): unknown[] => [
  member(socket, 'fns'),
  member(socket.conn, 'cleanupFn'),
  member(member(decoderOf(socket), '_callbacks') as object, '$decoded'),
];

describe('a connected client', () => {
  it('has short lists, with the same content', async () => {
    const { socket } = await connect();
    socket.use((_, next) => next());
    const lists = listsOf(socket);
    shrinkClient(socket);
    listsOf(socket).forEach((list, n) => {
      expect(list).not.toBe(lists[n]);
      expect(list).toEqual(lists[n]);
      expect(list).toHaveLength(1);
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

  it('waits for its upgrade once, however often it enters', async () => {
    const { socket } = await connect({ transports: ['polling'] });
    const waits = socket.conn.listenerCount('upgrade');
    for (let n = 0; n < 3; n++) shrinkClient(socket);
    expect(socket.conn.listenerCount('upgrade')).toBe(waits + 1);
  });

  it('can send an acknowledgement although the gateway asked for none', async () => {
    const { client, socket } = await connect();
    expect(member(socket, 'acks')).toBeInstanceOf(Map);
    shrinkClient(socket);
    const received = once(socket, 'unsubscribe');
    (client.io.engine as unknown as { write(packet: string): void }).write('35["unasked"]');
    client.emit('unsubscribe', 1);
    await received;
    const ask = (): unknown => (socket as unknown as EventEmitter).emit('asked', () => undefined);
    expect(ask).toThrow('does not wait');
  });

  it('has no timer below its WebSocket', async () => {
    const { socket } = await connect();
    const tcp = tcpSocketOf(webSocketOf(socket.conn)!)!;
    const timer = () => Reflect.get(tcp, symbol) as unknown;
    const symbol = Object.getOwnPropertySymbols(tcp).find(({ description }) => description === 'timeout')!;
    expect(tcp.timeout).toBe(0);
    tcp.setTimeout(1_000);
    dropTimeout(tcp);
    expect(timer()).toBeTruthy();
    tcp.setTimeout(0);
    expect(timer()).toBeTruthy();
    shrinkClient(socket);
    expect(timer()).toBeNull();
  });

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

it('keeps the listeners of an emitter, in order', () => {
  const emitter = new EventEmitter();
  const symbol = Symbol('event');
  const calls: unknown[] = [];
  for (const n of [1, 2, 3]) emitter.on('many', () => calls.push(n));
  emitter.once('many', () => calls.push('once'));
  emitter.on('one', () => calls.push('one'));
  emitter.on(symbol, () => calls.push(symbol));
  const before = [emitter.listeners('many'), emitter.eventNames()];
  packListeners(emitter);
  expect([emitter.listeners('many'), emitter.eventNames()]).toEqual(before);
  for (const name of ['many', 'many', 'one', symbol, 'toString', '__proto__']) emitter.emit(name);
  expect(calls).toEqual([1, 2, 3, 'once', 1, 2, 3, 'one', symbol]);
  const added = (): number => calls.push('added');
  emitter.on('new', added).emit('new');
  emitter.off('new', added).emit('new');
  emitter.removeAllListeners('many').emit('many');
  expect(calls.slice(-2)).toEqual([symbol, 'added']);
});

it('changes nothing on objects that have none of these members', () => {
  const bare = new EventEmitter();
  forgetFrame(bare);
  packListeners(bare);
  packListeners({});
  removeUpgradeErrorListener(bare);
  bare.on('error', function onUpgradeError() {
    return; // the only one: without it an error would end the process
  });
  removeUpgradeErrorListener(bare);
  expect(bare.listenerCount('error')).toBe(1);
});
