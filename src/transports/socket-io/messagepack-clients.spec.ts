import { FanoutRig, reply } from '../../../test/support/fanout-rig.js';
import { MESSAGEPACK } from '../../../test/support/test-client.js';
import { waitFor } from '../../../test/support/wait.js';
import { JsonPayload, JsonPayloads, type Products } from '../../contract/index.js';
import { clientOf, webSocketOf } from './engine-io-internals.js';
import { answerInMessagePack, usesMessagePack } from './messagepack-clients.js';

afterEach(() => FanoutRig.stopAll());

const products = (n: number): JsonPayload<Products> =>
  new JsonPayload(JSON.stringify({ products: [`${n}`] }), `${n}`);

describe.each([[['websocket']], [['polling']], [['polling', 'websocket']]])('over %j', (transports) => {
  it('a client is sent everything in order: broadcasts of both kinds, replies and joined messages', async () => {
    const rig = await FanoutRig.start();
    const { socket, numbers } = await rig.connect({ transports, ...MESSAGEPACK });
    const json = await rig.connect({ transports });
    expect([socket, json.socket].map(({ conn }) => usesMessagePack(conn))).toEqual([true, false]);
    if (transports.length > 1) await waitFor(() => socket.conn.transport.name === 'websocket');
    for (let n = 0; n < 50; n += 5) {
      rig.broadcast(n);
      rig.server.emit('products', { products: [`${n + 1}`] }); // Socket.IO's own
      for (const to of [socket, json.socket]) reply(to, n + 2);
      rig.server.local.emit('products', new JsonPayloads([products(n + 3), products(n + 4)]));
    }
    const all = Array.from({ length: 50 }, (_, n) => n);
    await waitFor(() => numbers.length === 50 && json.numbers.length === 50);
    expect(numbers).toEqual(all);
    expect(json.numbers).toEqual(all);
  });

  it('a client that enters again costs nothing more', async () => {
    const { socket } = await (await FanoutRig.start()).connect({ transports, ...MESSAGEPACK });
    const { writeToEngine } = clientOf(socket)!;
    const waits = socket.conn.listenerCount('upgrade');
    for (let n = 0; n < 3; n++) answerInMessagePack(socket as never, () => undefined);
    expect(clientOf(socket)!.writeToEngine).toBe(writeToEngine);
    expect(socket.conn.listenerCount('upgrade')).toBeLessThanOrEqual(waits);
  });

  it('a client is known by its WebSocket too', async () => {
    const { socket } = await (await FanoutRig.start()).connect({ transports, ...MESSAGEPACK });
    if (transports.includes('websocket')) {
      await waitFor(() => webSocketOf(socket.conn) !== undefined);
      expect(usesMessagePack(webSocketOf(socket.conn)!)).toBe(true);
    }
  });
});
