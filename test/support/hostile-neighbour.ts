import { Buffer } from 'node:buffer';
import type { Redis } from 'ioredis';

/** The default prefix of the channels of `@socket.io/redis-adapter`. */
const STOCK_CHANNELS = [
  'socket.io#/#',
  'socket.io#/#general#',
  'socket.io-request#/#',
  'socket.io-response#/#',
];

/** The request types of `@socket.io/redis-adapter`, 0 to 9, and an invalid one. */
const REQUESTS = Array.from({ length: 11 }, (_, type) =>
  JSON.stringify({
    type,
    uid: 'abcdef',
    requestId: 'fedcba',
    opts: { rooms: [], except: [] },
    rooms: ['general'],
    room: 'general',
    close: true,
    data: ['x'],
    packet: { type: 2, nsp: '/', data: ['underlying_update', { product: 'FAKE', price: 1 }] },
  }),
);

const msgpack = (...bytes: number[]): Buffer => Buffer.from(bytes);
/**
 * A broadcast in the format of the stock adapter: [uid, {type, data, nsp}, {rooms, except, flags}],
 * truncated after `parts` of them.
 */
function broadcast(parts: 1 | 2 | 3): Buffer {
  const text = (value: string): Buffer => Buffer.concat([msgpack(0xa0 + value.length), Buffer.from(value)]);
  const all = [
    text('abcdef'),
    Buffer.concat([
      msgpack(0x83),
      ...[
        text('type'),
        msgpack(2),
        text('nsp'),
        text('/'),
        text('data'),
        msgpack(0x92),
        text('fake'),
        text('x'),
      ],
    ]),
    Buffer.concat([msgpack(0x82), text('rooms'), msgpack(0x90), text('except'), msgpack(0x90)]),
  ];
  return Buffer.concat([msgpack(0x90 + parts), ...all.slice(0, parts)]);
}

const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

/** Messages that harm a process which decodes them carelessly or obeys them. */
export const GARBAGE: readonly (string | Buffer)[] = [
  '',
  'hello',
  '{}',
  '[]',
  'null',
  '0',
  '-1e309',
  '"',
  '{"type":',
  '{"requestId":null,"type":null}',
  '{"__proto__":{"type":4},"constructor":{"prototype":{}}}',
  '{"requestId":"fedcba","sockets":[null,1,{}],"rooms":[null]}',
  '{"type":5,"opts":null}',
  '{"type":4,"opts":{"rooms":7,"except":{}}}',
  ...REQUESTS,
  deep(100_000),
  `{"type":4,"opts":{"rooms":${deep(20_000)}}}`,
  msgpack(0xc0), // nil
  msgpack(0xc1), // never used
  msgpack(0x93, 0xa6), // truncated
  msgpack(0xdd, 0xff, 0xff, 0xff, 0xff), // an array with four thousand million elements
  msgpack(0xc6, 0xff, 0xff, 0xff, 0xff), // a byte string of the same length
  msgpack(0x93, 0xc0, 0xc0, 0xc0),
  broadcast(1),
  broadcast(2),
  broadcast(3),
  Buffer.concat([Buffer.from('SGA1'), Buffer.alloc(100)]), // looks like a message of the gateway
  Buffer.from('SGA1'),
  Buffer.alloc(1_000_000, 0xff),
  Buffer.alloc(6_000_000, '{'),
];

/** Every channel with a subscriber on this Redis, and the channels of a stock adapter. */
export async function channelsOf(redis: Redis): Promise<string[]> {
  const heard = (await redis.pubsub('CHANNELS')) as string[];
  return [...new Set([...heard, ...STOCK_CHANNELS])];
}

/** Publishes all the garbage on every channel, and returns the channels. */
export async function publishGarbage(redis: Redis): Promise<string[]> {
  const channels = await channelsOf(redis);
  for (const channel of channels) {
    await Promise.all(GARBAGE.map((message) => redis.publish(channel, message)));
  }
  return channels;
}
