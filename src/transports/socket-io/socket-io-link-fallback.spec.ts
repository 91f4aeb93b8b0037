import { setImmediate as turn } from 'node:timers/promises';
import { type Ends, FanoutRig, reply } from '../../../test/support/fanout-rig.js';
import { loadNativeBatchWriter } from '../../fanout/native-batch-writer.js';
import { waitFor } from '../../../test/support/wait.js';

/** For each member of an object, a function that computes the replacement from the real value. */
type Disguise = Readonly<Record<string, (value: unknown) => unknown>>;

/** A proxy of an object with some members replaced. The object's own code sees the real ones. */
function disguised<T extends object>(target: T, disguise: Disguise): T {
  return new Proxy(target, {
    get: (_, name) => {
      const found: unknown = Reflect.get(target, name, target);
      const value: unknown = typeof found === 'function' ? found.bind(target) : found;
      return typeof name === 'string' && Object.hasOwn(disguise, name) ? disguise[name]!(value) : value;
    },
  });
}

afterEach(() => FanoutRig.stopAll());

const { writer: nativeWriter } = loadNativeBatchWriter();
const writers = { 'with a write for each client': undefined, 'with the native writer': nativeWriter };

describe.each(Object.entries(writers))(
  'SocketIoLink %s delivers everything once and in order even if an internal is missing or late',
  (_, writer) => {
    const gone = () => undefined;
    const transport = (disguise: Disguise) => ({
      transport: (value: unknown) => disguised(value as object, disguise),
    });
    const webSocketOf = (disguise: Disguise) =>
      transport({ socket: (value) => value && disguised(value, disguise) });
    /** A connection whose listeners for one event are never called. */
    const deafTo = (name: string) => ({
      on: (value: unknown) => (event: string, listener: unknown) =>
        event === name ? undefined : (value as (...args: unknown[]) => unknown)(event, listener),
    });

    const cases: Readonly<Record<string, { disguise: Disguise; problems: readonly string[] }>> = {
      'nothing is missing': { disguise: {}, problems: [] },
      upgrading: { disguise: { upgrading: gone }, problems: ['engine.io has no Socket#upgrading'] },
      writeBuffer: { disguise: { writeBuffer: gone }, problems: ['engine.io has no Socket#writeBuffer'] },
      packetCreate: { disguise: deafTo('packetCreate'), problems: ["engine.io emits no 'packetCreate'"] },
      drain: { disguise: deafTo('drain'), problems: [] },
      'transport.socket': {
        disguise: transport({ socket: gone }),
        problems: ["the WebSocket's TCP socket was not found"],
      },
      'the name of the transport': { disguise: transport({ name: () => 'other' }), problems: [] },
      _socket: {
        disguise: webSocketOf({ _socket: gone }),
        problems: ["the WebSocket's TCP socket was not found"],
      },
      'something else is _socket': {
        disguise: webSocketOf({ _socket: () => ({ write: gone }) }),
        problems: ["the WebSocket's TCP socket was not found"],
      },
      readyState: {
        disguise: webSocketOf({ readyState: gone }),
        problems: ['the WebSocket has no readyState'],
      },
      extensions: { disguise: webSocketOf({ extensions: gone }), problems: [] },
    };

    /** Alternates broadcasts and replies, with no more at a time than may wait for a client. */
    async function talk(rig: FanoutRig, ends: readonly Ends[]): Promise<void> {
      const expected: number[] = [];
      while (expected.length < 200) {
        for (let i = 0; i < 20; i++) {
          const n = expected.push(expected.length + 1);
          if (n % 3 === 0) for (const { socket } of ends) reply(socket, n);
          else rig.broadcast(n);
          if (n % 7 === 0) for (const { socket } of ends) void socket.join(`room ${n}`);
          if (n % 5 === 0) await turn();
        }
        await waitFor(() => ends.every(({ numbers }) => numbers.length >= expected.length));
      }
      reply(ends[0]!.socket, 0); // anything sent twice would arrive before it
      await waitFor(() => ends[0]!.numbers.at(-1) === 0);
      ends[0]!.numbers.pop();
      for (const { numbers } of ends) expect(numbers).toEqual(expected);
    }

    it.each(Object.entries(cases))('%s', async (_, { disguise, problems }) => {
      const rig = await FanoutRig.start(writer);
      const healthy = await rig.connect();
      rig.prepare = ({ client }) => void Object.assign(client, { conn: disguised(client.conn, disguise) });
      const ends = [
        await rig.connect(),
        await rig.connect({ transports: ['polling'] }),
        await rig.connect({ transports: ['polling', 'websocket'] }),
      ];
      await talk(rig, [...ends, healthy]);
      expect(rig.degraded).toEqual(problems);
      expect(rig.batchedWrites > 0).toBe(writer !== undefined);
    });

    it("'packetCreate' is emitted after the packet was buffered", async () => {
      const rig = await FanoutRig.start(writer);
      rig.prepare = ({ conn }) => {
        const late = conn as unknown as {
          writeBuffer: unknown[];
          emit(...args: unknown[]): void;
          flush(): void;
        };
        const sendPacket = (type: string, data: unknown, options: object = {}): void => {
          const packet = { type, data, options };
          late.writeBuffer.push(packet);
          late.emit('packetCreate', packet);
          late.flush();
        };
        Object.assign(conn, { sendPacket });
      };
      await talk(rig, [await rig.connect(), await rig.connect({ transports: ['polling'] })]);
      expect(rig.degraded).toEqual(["engine.io emits 'packetCreate' too late"]);
      expect(rig.batchedWrites).toBe(0);
    });
  },
);
