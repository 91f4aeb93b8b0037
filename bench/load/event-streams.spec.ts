import { encodeMessagePack } from '../../src/transports/messagepack/encode.js';
import type { ClientProfile, ClientStream, Wire } from './client-stream.js';
import { EventSourceStream } from './event-source-stream.js';
import { FIN_BIT, Opcode } from './frame-walker.js';
import { PlainMessagePackStream, SocketIoMessagePackStream } from './messagepack-streams.js';
import { PlainWebSocketStream } from './plain-websocket-stream.js';
import { type MessageObserver, numberInJson, numberInMessagePack } from './sample.js';

type MakeStream = (wire: Wire, profile: ClientProfile, observer: MessageObserver) => ClientStream;

const PLAIN_REQUEST = JSON.stringify({ event: 'subscribe', data: { type: 'general' } });
const SEQUENCES = [1, 200, 70_000, 5_000_000_000];
const payload = (sequence: number): object => ({ product: 'NIFTY', price: 1.5, bench_seq: sequence });
const EVENTS: readonly (readonly [string, object])[] = [
  ['connected', { client_id: 'x' }],
  ['subscribed', { room: 'general' }],
  ...SEQUENCES.map((sequence) => ['underlying_update', payload(sequence)] as const),
  ['chain_update', {}],
  ['chain_summary', {}],
  ['chain_status', {}],
  ['feed_status', {}],
  ['error', { code: 'FORBIDDEN' }],
  ['unsubscribed', { room: 'general' }],
];

function frame(content: string | Buffer, opcode: number = Opcode.text): Buffer {
  const body = Buffer.from(content as string);
  if (body.length < 126) return Buffer.concat([Buffer.from([FIN_BIT | opcode, body.length]), body]);
  return Buffer.concat([Buffer.from([FIN_BIT | opcode, 126, body.length >> 8, body.length & 255]), body]);
}

const packed = (value: object): Buffer => frame(encodeMessagePack(value), Opcode.binary);
const packet = (type: number, data: unknown): Buffer => packed({ type, nsp: '/', data });
const block = ([event, data]: readonly [string, object]): string =>
  `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

interface Case {
  readonly make: MakeStream;
  readonly request: string;
  readonly stream: Buffer;
  /** What the client sends. */
  readonly sends: readonly (string | Buffer)[];
  readonly numberOf: (message: Buffer, name: string) => number | undefined;
}

const CASES: Readonly<Record<string, Case>> = {
  'a plain WebSocket': {
    make: (wire, profile, observer) => new PlainWebSocketStream(wire, profile, observer, undefined),
    request: PLAIN_REQUEST,
    stream: Buffer.concat([
      frame('', Opcode.ping),
      ...EVENTS.map(([event, data]) => frame(JSON.stringify({ event, data }))),
    ]),
    sends: [PLAIN_REQUEST, ''],
    numberOf: numberInJson,
  },
  'a plain WebSocket with MessagePack': {
    make: (wire, profile, observer) => new PlainMessagePackStream(wire, profile, observer, undefined),
    request: PLAIN_REQUEST,
    stream: Buffer.concat([
      frame('', Opcode.ping),
      ...EVENTS.map(([event, data]) => packed({ event, data })),
    ]),
    sends: [encodeMessagePack(JSON.parse(PLAIN_REQUEST)), ''],
    numberOf: numberInMessagePack,
  },
  'Socket.IO with MessagePack': {
    make: (wire, profile, observer) => new SocketIoMessagePackStream(wire, profile, observer, undefined),
    request: '42["subscribe",{"type":"general"}]',
    stream: Buffer.concat([
      frame('0{"sid":"x"}'),
      packet(0, { sid: 'y' }),
      frame('2'),
      ...EVENTS.map(([event, data]) => packet(2, [event, data])),
    ]),
    sends: [
      encodeMessagePack({ type: 0, nsp: '/', data: {} }),
      encodeMessagePack({ type: 2, nsp: '/', data: ['subscribe', { type: 'general' }] }),
      '3',
    ],
    numberOf: numberInMessagePack,
  },
  'server-sent events': {
    make: (wire, profile, observer) => new EventSourceStream(wire, profile, observer),
    request: '',
    stream: Buffer.from(['retry: 3000\n\n', ...EVENTS.map(block), ':\n\n', ':\n\n'].join('')),
    sends: [''],
    numberOf: numberInJson,
  },
};

describe.each(Object.entries(CASES))('%s', (_, { make, request, stream, sends, numberOf }) => {
  it('counts the events, and reads the prices, however the bytes are cut', () => {
    for (let size = 1; size <= stream.length; size++) {
      const sent: (string | Buffer)[] = [];
      const taken: Buffer[] = [];
      let ready = 0;
      const client = make(
        { send: (content) => sent.push(content), ready: () => ready++ },
        { greeting: [request], confirmations: 2, snapshots: 0, keys: [] },
        { take: (message) => taken.push(Buffer.from(message)) },
      );
      client.open();
      // One buffer for all reads, as the client has it.
      const buffer = Buffer.alloc(size);
      for (let at = 0; at < stream.length; at += size) {
        client.read(buffer, 0, stream.copy(buffer, 0, at, at + size));
      }
      expect(sent).toEqual(sends);
      expect(ready).toBe(1);
      expect(client.errors).toBe(1);
      expect(client.market).toBe(SEQUENCES.length + 1);
      expect(taken.map((message) => numberOf(message, 'bench_seq'))).toEqual([...SEQUENCES, undefined]);
    }
  });
});
