import { randomBytes } from 'node:crypto';
import type { Writable } from 'node:stream';
import * as ws from 'ws';
import { inflate } from '../../test/support/fake-link.js';
import { JsonPayload } from '../contract/index.js';
import { Frame } from './frame.js';

/** Exported by ws, but not by its types. */
const { Receiver } = ws as unknown as { Receiver: new (options: { isServer: boolean }) => Writable };

const ALWAYS = 0;
/** Bytes that a packet has in addition to its payload. */
const AROUND = Buffer.byteLength('42["tick",]');

function frame(text: string, compressAbove?: number): Frame {
  return Frame.ofEvent('tick', new JsonPayload(text, 'key'), compressAbove);
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

describe('Frame', () => {
  it.each([
    [125, 2],
    [126, 4],
    [65_535, 4],
    [65_536, 10],
  ])('carries %i bytes after a header of %i bytes that ws can parse', async (length, header) => {
    const one = frameOfLength(length);
    expect(one.plain).toHaveLength(header + length);
    expect(await received(one.plain)).toEqual([`4${one.packet}`]);
  });

  it('can be joined with other frames', async () => {
    const [one, two] = [frame('"one"'), frameOfLength(70_000)];
    expect(await received(Buffer.concat([one.plain, two.plain]))).toEqual([
      `4${one.packet}`,
      `4${two.packet}`,
    ]);
  });

  it('counts bytes, not characters', async () => {
    const one = frame(`"${'₹😀é'.repeat(20)}"`);
    expect(await received(one.plain)).toEqual([`42["tick","${'₹😀é'.repeat(20)}"]`]);
  });

  it('returns the packet as text, for a transport that frames it itself', () => {
    expect(frame('{"price":1}').packet).toBe('2["tick",{"price":1}]');
    expect(Frame.ofEvent('a "b"', new JsonPayload('1', 'key')).packet).toBe('2["a \\"b\\"",1]');
  });

  it('has different keys for different events and payload keys', () => {
    expect(frame('1').key).not.toBe(Frame.ofEvent('other', new JsonPayload('1', 'key')).key);
    expect(frame('1').key).not.toBe(Frame.ofEvent('tick', new JsonPayload('1', 'other')).key);
  });

  it('is encoded once and deflated once', () => {
    const one = frame(`"${'x'.repeat(1_000)}"`, ALWAYS);
    expect(one.plain).toBe(one.plain);
    expect(one.deflated).toBe(one.deflated);
  });

  it.each([1_000, 60_000, 70_000])('inflates back to its %i characters', (length) => {
    const one = frame(`"${randomBytes(length / 2).toString('hex')}"`, ALWAYS);
    const { deflated } = one;
    const header = deflated[1]! < 126 ? 2 : 4;
    expect(deflated[0]).toBe(0xc1);
    expect(deflated.length).toBeLessThan(one.plain.length);
    expect(deflated.subarray(-4)).not.toEqual(Buffer.from([0, 0, 0xff, 0xff]));
    expect(inflate(deflated.subarray(header))).toBe(`4${one.packet}`);
  });

  it('is not compressed up to the threshold', () => {
    const text = `"${'x'.repeat(1_000)}"`;
    const length = AROUND + text.length;
    const [below, above] = [frame(text, length), frame(text, length - 1)];
    expect(below.deflated).toBe(below.plain);
    expect(above.deflated).not.toBe(above.plain);
  });

  it('is not compressed if that saves no bytes', () => {
    const one = frame('"a1b2"', ALWAYS);
    expect(one.deflated).toBe(one.plain);
  });
});

describe('a joined frame', () => {
  const parts = ['a', 'b'.repeat(500), 'c'].map((text) =>
    Frame.ofEvent('feed_status', new JsonPayload(JSON.stringify({ text }), text), 100),
  );
  const joined = Frame.joined(parts);

  it('consists of the bytes of its parts, and is made only once', () => {
    expect(joined.plain).toEqual(Buffer.concat(parts.map(({ plain }) => plain)));
    expect(joined.deflated).toEqual(Buffer.concat(parts.map(({ deflated }) => deflated)));
    expect(joined.bytes(true)).toBe(joined.deflated);
    expect(joined.bytes(false)).toBe(joined.plain);
    expect([joined.parts, parts[0]!.parts]).toEqual([parts, [parts[0]]]);
  });

  it('is a payload of several packets for long-polling', () => {
    // engine.io adds the type of the first packet, and separates packets by this character.
    const packets = `4${joined.packet}`.split('\x1e');
    expect(packets).toEqual(parts.map(({ packet }) => `4${packet}`));
  });
});
