import { Decoder, Encoder, type Packet, PacketType } from 'socket.io-parser';
import * as stock from 'socket.io-msgpack-parser';
import { encode } from '../../../test/support/messagepack.js';
import { asksToEnter, beginsLike, messagePackEncoder } from './messagepack-packets.js';
import { PacketDecoder, PacketEncoder } from './packet-parser.js';

const CONNECT = { type: PacketType.CONNECT, nsp: '/', data: undefined };

const packed = (packet: unknown): Buffer =>
  Buffer.from(new stock.Encoder().encode(packet as never)[0 as never]);

/** The packets that a decoder reads, and what it throws. */
function decoded(...input: readonly (string | Buffer)[]): { packets: unknown[]; error?: unknown } {
  const packets: unknown[] = [];
  const decoder = new PacketDecoder();
  decoder.on('decoded', (packet) => packets.push(packet));
  try {
    for (const one of input) decoder.add(one);
    return { packets };
  } catch (error) {
    return { packets, error };
  }
}

/** What it reads after a client has entered with MessagePack. */
const afterEntry = (input: string | Buffer): unknown => decoded(packed(CONNECT), input).packets[1];

it('reads the packets of the stock parser', () => {
  const auth = { token: 't' };
  const data = ['subscribe', { type: 'product', symbols: ['A₹', null, 1.5, true] }];
  expect(
    decoded(
      packed({ ...CONNECT, data: auth }),
      packed({ type: PacketType.EVENT, nsp: '/', data, id: 3, options: { compress: true } }),
      packed({ type: PacketType.ACK, nsp: '/', data: [], id: 0 }),
      packed({ type: PacketType.DISCONNECT, nsp: '/' }),
    ).packets,
  ).toEqual([
    { type: PacketType.CONNECT, nsp: '/', data: auth },
    { type: PacketType.EVENT, nsp: '/', data, id: 3 },
    { type: PacketType.ACK, nsp: '/', data: [], id: 0 },
    { type: PacketType.DISCONNECT, nsp: '/' },
  ]);
});

it('reads an entry without a token, as libraries write it', () => {
  for (const data of [{}, { data: null }, { data: undefined }, { data: {} }]) {
    const connect = packed({ type: PacketType.CONNECT, nsp: '/', ...data });
    expect(decoded(connect).packets).toEqual([{ type: PacketType.CONNECT, nsp: '/', data: {} }]);
  }
});

it('writes packets that the stock parser reads', () => {
  const packets: unknown[] = [];
  const decoder = new stock.Decoder();
  decoder.on('decoded', (packet: unknown) => packets.push(packet));
  const all = [
    { type: PacketType.CONNECT, nsp: '/', data: { sid: 's' } },
    { type: PacketType.EVENT, nsp: '/', data: ['error', { code: 'X' }] },
    { type: PacketType.ACK, nsp: '/', data: [{ ok: true }], id: 7 },
    { type: PacketType.CONNECT_ERROR, nsp: '/', data: { message: 'no' } },
    { type: PacketType.DISCONNECT, nsp: '/' },
  ];
  for (const packet of all) decoder.add(messagePackEncoder.encode(packet)[0]);
  expect(packets).toEqual(all);
});

it.each<[string, string | Buffer, string]>([
  ['text', '2["get_products"]', 'text'],
  ['bytes that are no MessagePack', Buffer.from([0xc1]), 'messagepack'],
  ['binary data in a request', packed({ type: 2, nsp: '/', data: ['x', Buffer.from('x')] }), 'messagepack'],
  ['deep nesting', Buffer.alloc(1_000, 0x91), 'nesting'],
  ['a list', packed([1]), 'packet'],
  ['no type', packed({ nsp: '/', data: ['x'] }), 'packet'],
  ['an unknown type', packed({ type: 5, nsp: '/', data: ['x'] }), 'packet'],
  ['a type that is text', packed({ type: '2', nsp: '/', data: ['x'] }), 'packet'],
  ['no namespace', packed({ type: 2, data: ['x'] }), 'packet'],
  ['an event without data', packed({ type: 2, nsp: '/' }), 'packet'],
  ['an event whose name is a number', packed({ type: 2, nsp: '/', data: [1] }), 'event'],
  ['an event without a name', packed({ type: 2, nsp: '/', data: [] }), 'event'],
  ['an event of Socket.IO itself', packed({ type: 2, nsp: '/', data: ['disconnect'] }), 'event'],
  ['an id with a fraction', packed({ type: 2, nsp: '/', data: ['x'], id: 0.5 }), 'id'],
  ['an acknowledgement without an id', packed({ type: 3, nsp: '/', data: [] }), 'packet'],
  ['an entry with a list', packed({ type: 0, nsp: '/', data: [] }), 'packet'],
  ['an error of the gateway', packed({ type: 4, nsp: '/', data: {} }), 'packet'],
])('makes an event that says what is wrong of %s', (_, input, problem) => {
  expect(afterEntry(input)).toEqual({ type: PacketType.EVENT, nsp: '/', data: ['', problem] });
});

it('acknowledges what cannot be read if it has an id', () => {
  expect(afterEntry(packed({ type: 2, nsp: '/', data: ['disconnect'], id: 4 }))).toMatchObject({ id: 4 });
});

describe('a client that does not enter with MessagePack', () => {
  const event = { type: PacketType.EVENT, nsp: '/', data: ['x', Buffer.from('a'), Buffer.from('b')] };
  const [text, first, second] = new Encoder().encode(event) as [string, Buffer, Buffer];

  it('has its attachments read as before, even if one is a packet of MessagePack', () => {
    expect(decoded('0', text, first, second).packets[1]).toMatchObject({ data: event.data });
    const { packets, error } = decoded(text, packed(CONNECT), second, '1');
    expect(error).toBeUndefined();
    expect(packets).toMatchObject([{ data: ['x', packed(CONNECT), event.data[2]] }, { type: 1 }]);
  });

  it.each<[string, Buffer]>([
    ['an event in MessagePack', packed({ type: 2, nsp: '/', data: ['x'] })],
    ['other bytes', Buffer.from('{}')],
  ])('fails as with the stock parser if its first packet is %s', (_, input) => {
    expect(() => new Decoder().add(input)).toThrow();
    expect(decoded(input)).toMatchObject({ packets: [], error: expect.any(Error) });
  });

  it('has no field of its own in its decoder', () => {
    const [ours, theirs] = [new PacketDecoder(), new Decoder()];
    ours.add('2["x"]');
    theirs.add('2["x"]');
    expect(Object.keys(ours)).toEqual(Object.keys(theirs));
  });
});

it('answers in MessagePack while a packet of it is handed over, and in text otherwise', () => {
  const encoder = new PacketEncoder();
  const answer = {
    type: PacketType.CONNECT_ERROR,
    nsp: '/x',
    data: { message: 'Invalid namespace' },
  } as Packet;
  const answers: unknown[] = [];
  const decoder = new PacketDecoder();
  decoder.on('decoded', () => answers.push(encoder.encode(answer)[0]));
  decoder.add(packed({ ...CONNECT, nsp: '/x' }));
  expect(answers).toEqual([encode(answer)]);
  expect(encoder.encode(answer)).toEqual(new Encoder().encode(answer));
  decoder.on('decoded', () => {
    throw new Error('a listener fails');
  });
  expect(() => decoder.add(packed(CONNECT))).toThrow('a listener fails');
  expect(encoder.encode(answer)).toEqual(new Encoder().encode(answer));
});

it('recognises the type of a packet by its beginning', () => {
  const event = packed({ type: PacketType.EVENT, nsp: '/', data: ['x'] });
  expect(beginsLike(PacketType.EVENT, event)).toBe(true);
  expect(beginsLike(PacketType.CONNECT, event)).toBe(false);
  expect(beginsLike(PacketType.CONNECT, packed(CONNECT))).toBe(true);
  for (const other of [
    Buffer.alloc(0),
    event.subarray(0, 3),
    packed({ nsp: '/', type: 2 }),
    encode('type'),
  ]) {
    expect(beginsLike(PacketType.EVENT, other)).toBe(false);
  }
});

it('recognises a packet with which a client enters, however it is written', () => {
  const usual = packed({ type: 0, nsp: '/' });
  const map16 = Buffer.concat([Buffer.from([0xde, 0, 2]), usual.subarray(1)]);
  const typeAt = '?_type'.length;
  const wide = Buffer.concat([usual.subarray(0, typeAt), Buffer.from([0xcc]), usual.subarray(typeAt)]);
  for (const entry of [usual, packed({ nsp: '/', type: 0 }), map16, wide]) {
    expect(asksToEnter(entry)).toBe(true);
  }
  const event = { nsp: '/', data: ['x'], type: 2 };
  for (const other of [
    packed(event),
    packed({ type: 2, nsp: '/', data: ['x'] }),
    Buffer.alloc(0),
    encode('type'),
  ]) {
    expect(asksToEnter(other)).toBe(false);
  }
});
