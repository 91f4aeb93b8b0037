import { randomBytes } from 'node:crypto';
import type { Writable } from 'node:stream';
import * as ws from 'ws';
import { inflate } from '../../test/support/fake-link.js';
import { decode } from '../../test/support/messagepack.js';
import { JsonPayload } from '../contract/index.js';
import { Frame } from '../fanout/frame.js';
import {
  socketIoEncodings,
  socketIoFrames,
  socketIoMessagePack,
  socketIoPackets,
} from './socket-io/socket-io-encodings.js';
import { plainMessagePack } from './websocket/plain-encodings.js';
import { DeflatedFrames } from './websocket-frames.js';

/** Exported by ws, but not by its types. */
const { Receiver } = ws as unknown as { Receiver: new (options: { isServer: boolean }) => Writable };

const ALWAYS = 0;
/** Bytes that a packet has in addition to its payload. */
const AROUND = Buffer.byteLength('42["tick",]');

const plain = (frame: Frame) => frame.in(socketIoFrames);
const deflated = (frame: Frame, compressAbove = ALWAYS) =>
  frame.in(new DeflatedFrames(socketIoFrames, compressAbove));
const packet = (frame: Frame) => frame.in(socketIoPackets);

function frame(text: string): Frame {
  return Frame.ofEvent('tick', new JsonPayload(text, 'key'));
}

/** A frame whose WebSocket payload has this many bytes. */
function frameOfLength(length: number): Frame {
  return frame(`"${'x'.repeat(length - AROUND - 2)}"`);
}

/** Parses the bytes with the parser of ws, as a client does. */
async function received(bytes: Buffer): Promise<string[]> {
  const messages: string[] = [];
  const receiver = new Receiver({ isServer: false });
  receiver.on('message', (message: Buffer) => messages.push(message.toString()));
  await new Promise<void>((resolve, reject) => {
    receiver.once('error', reject);
    receiver.end(bytes, () => resolve());
  });
  return messages;
}

describe('TextFrames', () => {
  it.each([
    [125, 2],
    [126, 4],
    [65_535, 4],
    [65_536, 10],
  ])('carries %i bytes after a header of %i bytes that ws can parse', async (length, header) => {
    const one = frameOfLength(length);
    expect(plain(one)).toHaveLength(header + length);
    expect(await received(plain(one))).toEqual([`4${packet(one)}`]);
  });

  it('can be joined with other frames', async () => {
    const [one, two] = [frame('"one"'), frameOfLength(70_000)];
    const bytes = socketIoFrames.join([plain(one), plain(two)]);
    expect(await received(bytes)).toEqual([`4${packet(one)}`, `4${packet(two)}`]);
  });

  it('counts bytes, not characters', async () => {
    const one = frame(`"${'₹😀é'.repeat(20)}"`);
    expect(await received(plain(one))).toEqual([`42["tick","${'₹😀é'.repeat(20)}"]`]);
  });
});

describe('BinaryFrames', () => {
  const { plain: socketIo, packets, deflated } = socketIoMessagePack(100);
  const { plain: plainWebSocket } = plainMessagePack(100);

  async function decoded(bytes: Buffer): Promise<unknown[]> {
    const messages: unknown[] = [];
    const receiver = new Receiver({ isServer: false });
    receiver.on('message', (message: Buffer, isBinary: boolean) =>
      messages.push(isBinary && decode(message)),
    );
    await new Promise<void>((resolve) => void receiver.end(bytes, () => resolve()));
    return messages;
  }

  it.each([1, 100, 200, 65_500, 70_000])(
    'carry a payload with %i characters in both kinds of messages',
    async (length) => {
      const data = { text: '₹'.repeat(length), price: 21_543.25 };
      const one = frame(JSON.stringify(data));
      const event = { type: 2, nsp: '/', data: ['tick', data] };
      expect(await decoded(one.in(socketIo))).toEqual([event]);
      expect(decode(one.in<string | Buffer>(packets) as Buffer)).toEqual(event);
      expect(await decoded(one.in(plainWebSocket))).toEqual([{ event: 'tick', data }]);
      expect(await decoded(Frame.joined([one, one]).in(socketIo))).toEqual([event, event]);
    },
  );

  it('encode a payload once for all of them', () => {
    const parse = jest.spyOn(JSON, 'parse');
    const one = frame('{"price":1}');
    for (const encoding of [socketIo, plainWebSocket, deflated]) one.in(encoding);
    one.in<string | Buffer>(packets);
    expect(parse).toHaveBeenCalledTimes(1);
    parse.mockRestore();
  });

  it('are compressed like text', () => {
    const one = frame(JSON.stringify('x'.repeat(1_000)));
    const bytes = one.in(deflated);
    expect(bytes[0]).toBe(0xc2);
    expect(bytes.length).toBeLessThan(100);
  });
});

describe('DeflatedFrames', () => {
  it.each([1_000, 60_000, 70_000])('inflates back to its %i characters', (length) => {
    const one = frame(`"${randomBytes(length / 2).toString('hex')}"`);
    const bytes = deflated(one);
    const header = bytes[1]! < 126 ? 2 : 4;
    expect(bytes[0]).toBe(0xc1);
    expect(bytes.length).toBeLessThan(plain(one).length);
    expect(bytes.subarray(-4)).not.toEqual(Buffer.from([0, 0, 0xff, 0xff]));
    expect(inflate(bytes.subarray(header))).toBe(`4${packet(one)}`);
  });

  it.each([100, 1_000, 70_000])('compresses nothing up to the threshold, here %i bytes', (length) => {
    const one = frameOfLength(length);
    expect(deflated(one, length)).toBe(plain(one));
    expect(deflated(one, length - 1)).not.toBe(plain(one));
  });

  it('does not compress if that saves no bytes', () => {
    const one = frame('"a1b2"');
    expect(deflated(one)).toBe(plain(one));
  });

  it('compresses each of several joined messages', () => {
    const parts = ['a', 'b'.repeat(500), 'c'].map((text) =>
      Frame.ofEvent('feed_status', new JsonPayload(JSON.stringify({ text }), text)),
    );
    const { deflated: encoding } = socketIoEncodings(100);
    expect(Frame.joined(parts).in(encoding)).toEqual(Buffer.concat(parts.map((part) => part.in(encoding))));
  });
});

describe('the packets of Socket.IO', () => {
  it('are texts, for a transport that frames them itself', () => {
    expect(packet(frame('{"price":1}'))).toBe('2["tick",{"price":1}]');
    expect(packet(Frame.ofEvent('a "b"', new JsonPayload('1', 'key')))).toBe('2["a \\"b\\"",1]');
  });

  it('are joined to a payload of several packets for long-polling', () => {
    const parts = [frame('1'), frame('2')];
    // engine.io adds the type of the first packet, and separates packets by this character.
    const packets = `4${packet(Frame.joined(parts))}`.split('\x1e');
    expect(packets).toEqual(parts.map((part) => `4${packet(part)}`));
  });
});
