import { constants, gunzipSync } from 'node:zlib';
import { JsonPayload } from '../../contract/index.js';
import { Frame } from '../../fanout/frame.js';
import { EventBlocks } from './event-blocks.js';
import { DeflatedBlocks, GZIP_HEADER, stored } from './gzip-blocks.js';

const plain = new EventBlocks(undefined);
const deflated = new DeflatedBlocks(plain, 100);

const frame = (text: string) => Frame.ofEvent('products', new JsonPayload(text, ''));

/** Reads a stream that goes on. */
const inflated = (...blocks: Buffer[]) =>
  gunzipSync(Buffer.concat([GZIP_HEADER, ...blocks]), { finishFlush: constants.Z_SYNC_FLUSH }).toString();

it.each([0, 1, 65_535, 65_536, 200_000])('stores %d bytes', (length) => {
  const bytes = Buffer.alloc(length, 'x');
  const blocks = stored(bytes);
  expect(inflated(blocks)).toBe(bytes.toString());
  expect(blocks.length - length).toBe(5 * Math.ceil(length / 65_535));
});

it('compresses long messages, stores short ones, and joins them in any order', () => {
  const [short, long] = [frame('"x"'), frame(JSON.stringify('y'.repeat(10_000)))];
  expect(long.in(deflated).length).toBeLessThan(200);
  expect(short.in(deflated)).toBe(short.in(deflated.uncompressed));
  const [first, second] = [short.in(plain).toString(), long.in(plain).toString()];
  for (const n of [1, 2]) {
    expect(inflated(...Array<Buffer>(n).fill(long.in(deflated)), short.in(deflated))).toBe(
      second.repeat(n) + first,
    );
  }
  expect(inflated(Frame.joined([short, long]).in(deflated))).toBe(first + second);
});

it('stores a message that does not become shorter', () => {
  const noise = Array.from({ length: 120 }, (_, n) => String.fromCharCode(33 + ((n * 7919) % 89))).join('');
  const message = frame(JSON.stringify(noise));
  expect(message.in(deflated).length).toBeLessThanOrEqual(message.in(plain).length + 5);
  expect(inflated(message.in(deflated))).toBe(message.in(plain).toString());
});
