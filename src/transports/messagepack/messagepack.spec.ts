import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Encoder, ExtData } from '@msgpack/msgpack';
import fc from 'fast-check';
import { decode, encode } from '../../../test/support/messagepack.js';
import { decodeMessagePack, MessagePackError } from './decode.js';
import { encodeMessagePack } from './encode.js';

const RECORDING = join(__dirname, '../../../test/fixtures/deltastream-enriched-60s.jsonl.gz');

/** What JSON makes of a value. */
const inJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const bytes = (...parts: readonly (number | string | Buffer)[]): Buffer =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === 'number'
        ? Buffer.from([part])
        : typeof part === 'string'
          ? Buffer.from(part, 'hex')
          : part,
    ),
  );

/** What is wrong with bytes; undefined if they can be read. */
function problemOf(input: Buffer): string | undefined {
  try {
    decodeMessagePack(input);
    return undefined;
  } catch (error) {
    if (error instanceof MessagePackError) return error.problem;
    throw error;
  }
}

/** Whether JSON can express a value. */
function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJson);
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value as object).every(isJson);
}

describe('encodeMessagePack', () => {
  it('writes every payload of the recording with the same values, in fewer bytes than JSON', () => {
    const lines = gunzipSync(readFileSync(RECORDING)).toString().trim().split('\n');
    expect(lines.length).toBeGreaterThan(500);
    for (const line of lines) {
      const { data } = JSON.parse(line) as { readonly data: string };
      const payload = JSON.parse(data) as unknown;
      const encoded = encodeMessagePack(payload);
      expect(encoded.length).toBeLessThan(Buffer.byteLength(JSON.stringify(payload)));
      expect(decode(encoded)).toEqual(payload);
      expect(decodeMessagePack(encoded)).toEqual(payload);
    }
  });

  it('writes any value of JSON as another library does', () => {
    const other = new Encoder();
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }).map(inJson), (value) => {
        expect(encodeMessagePack(value)).toEqual(Buffer.from(other.encode(value)));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    0,
    127,
    128,
    255,
    256,
    65_535,
    65_536,
    4_294_967_295,
    4_294_967_296,
    Number.MAX_SAFE_INTEGER,
    -1,
    -32,
    -33,
    -128,
    -129,
    -32_768,
    -32_769,
    -2_147_483_648,
    -2_147_483_649,
    Number.MIN_SAFE_INTEGER,
    0.1,
    -0.5,
    21_543.25,
    1e300,
    2 ** 53,
    2 ** 63,
  ])('writes %d exactly', (value) => {
    expect(decode(encodeMessagePack(value))).toBe(value);
    expect(decodeMessagePack(encodeMessagePack(value))).toBe(value);
  });

  it.each([0, 31, 32, 255, 256, 65_535, 65_536])('writes text and lists of length %i', (length) => {
    const values = ['x'.repeat(length), 'ß'.repeat(length), new Array<number>(length).fill(1)];
    for (const value of values) expect(decode(encodeMessagePack(value))).toEqual(value);
  });

  it('writes a map of many fields', () => {
    const map = Object.fromEntries(Array.from({ length: 70_000 }, (_, n) => [`k${n}`, n]));
    expect(decode(encodeMessagePack(map))).toEqual(map);
  });

  it.each([15, 16, 65_536])('leaves out undefined fields of a map of %i', (size) => {
    const map: Record<string, unknown> = Object.fromEntries(Array.from({ length: size }, (_, n) => [n, n]));
    map.x = undefined;
    map.y = () => 1;
    expect(decode(encodeMessagePack(map))).toEqual(inJson(map));
  });

  it('means what JSON means by other values', () => {
    const value = [undefined, NaN, Infinity, new Date(0), { toJSON: () => ({ a: 1 }) }, -0];
    expect(decode(encodeMessagePack(value))).toEqual([...(inJson(value) as unknown[]).slice(0, -1), -0]);
    expect(() => encodeMessagePack([1n])).toThrow(TypeError);
    expect(decode(encodeMessagePack('after an error'))).toBe('after an error');
  });

  it('writes a text that no UTF-8 can express as one that can be read', () => {
    const long = 'x'.repeat(100);
    expect(decodeMessagePack(encodeMessagePack('\ud800'))).toBe('\ufffd');
    expect(decodeMessagePack(encodeMessagePack(`${long}\udc00`))).toBe(`${long}\ufffd`);
  });
});

describe('decodeMessagePack', () => {
  it('reads any value of JSON that another library wrote', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        // It has no negative zero as an integer, like JSON.
        expect(inJson(decodeMessagePack(encode(value)))).toEqual(inJson(value));
      }),
      { numRuns: 500 },
    );
  });

  it('reads numbers of every width, beyond 2^53 as the nearest one', () => {
    expect(decodeMessagePack(bytes('ca3f800000'))).toBe(1);
    expect(decodeMessagePack(bytes('cfffffffffffffffff'))).toBe(2 ** 64);
    expect(decodeMessagePack(bytes('d38000000000000000'))).toBe(-(2 ** 63));
    expect(decodeMessagePack(bytes('d0ff'))).toBe(-1);
  });

  it('reads the undefined of the stock parser as nothing', () => {
    const missing = 'd40000';
    expect(decodeMessagePack(bytes('82a161', missing, 'a16201'))).toEqual({ b: 1 });
    expect(decodeMessagePack(bytes('92', missing, '01'))).toEqual([null, 1]);
  });

  it('cannot change the prototype of objects', () => {
    const map = decodeMessagePack(bytes(0x81, encode('__proto__'), encode({ polluted: true }))) as object;
    expect(Object.getPrototypeOf(map)).toBe(Object.prototype);
    expect(Object.keys(map)).toEqual(['__proto__']);
    expect('polluted' in {}).toBe(false);
  });

  it.each<[string, Buffer, string?]>([
    ['nothing', bytes()],
    ['the byte that is never used', bytes(0xc1)],
    ['a second value', bytes(0x01, 0x01)],
    ['half a number', bytes('cb0000')],
    ['half a text', bytes('a561')],
    ['half a list', bytes('9201')],
    ['half a map', bytes('82a16101')],
    ['a text longer than the message', bytes('dbffffffff')],
    ['a list longer than the message', bytes('ddffffffff01')],
    ['a map longer than the message', bytes('dfffffffff01')],
    ['text that is not UTF-8', bytes('a2c328')],
    ['half of a surrogate pair', bytes('a3eda080')],
    ['binary data', encode(Buffer.from('x'))],
    ['empty binary data', bytes('c400')],
    ['a time', encode(new Date())],
    ['an extension', encode(new ExtData(7, new Uint8Array(3)))],
    ['an empty extension', bytes('c70005')],
    ["msgpackr's record", bytes('d47240', encode(['a']), '01')],
    ['a number that is none', encode(NaN)],
    ['an infinite number', bytes('ca7f800000')],
    ['a key that is a number', bytes('810101')],
    ['a key that is nil', bytes('81c001')],
    ['a key that is undefined', bytes('81d4000001')],
    ['a key that is a list', bytes('819001'), 'nesting'],
    ['a repeated key', bytes('82a16101a16101')],
    ['deep lists', bytes(Buffer.alloc(60_000, 0x91), 0x01), 'nesting'],
    ['deep maps', bytes(...Array.from({ length: 1_000 }, () => '81a161'), 0x01), 'nesting'],
    // Each claims as many values as the rest has bytes.
    [
      'long lists in each other',
      bytes(...Array.from({ length: 1_000 }, () => 'dcf000'), Buffer.alloc(62_000)),
      'nesting',
    ],
  ])('rejects %s', (_, input, problem = 'messagepack') => {
    expect(problemOf(input)).toBe(problem);
  });

  it('reads or rejects whatever bytes there are, and what it reads JSON can express', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (input) => {
        if (problemOf(Buffer.from(input)) !== undefined) return;
        expect(isJson(decodeMessagePack(Buffer.from(input)))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
