import { constants, deflateRawSync } from 'node:zlib';
import { mutate } from './mutate.js';
import type { PacketGenerator } from './packets.js';
import type { Random } from './random.js';

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameOptions {
  readonly opcode: number;
  readonly fin?: boolean;
  /** The three reserved bits in the first byte. */
  readonly reserved?: number;
  readonly masked?: boolean;
  /** A length for the header, in place of the payload's real length. */
  readonly length?: bigint;
}

/** A client's frame, valid or invalid. */
export function frame(payload: Buffer, options: FrameOptions, random?: Random): Buffer {
  const { opcode, fin = true, reserved = 0, masked = true } = options;
  const length = options.length ?? BigInt(payload.length);
  const first = (fin ? 0x80 : 0) | reserved | opcode;
  const mask = masked ? 0x80 : 0;
  let header: Buffer;
  if (length < 126n) header = Buffer.from([first, mask | Number(length)]);
  else if (length < 65_536n) {
    header = Buffer.from([first, mask | 126, 0, 0]);
    header.writeUInt16BE(Number(length), 2);
  } else {
    header = Buffer.from([first, mask | 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    header.writeBigUInt64BE(length, 2);
  }
  if (!masked) return Buffer.concat([header, payload]);
  const key = random?.bytes(4) ?? Buffer.alloc(4);
  const body = Buffer.from(payload);
  for (let n = 0; n < body.length; n++) body[n]! ^= key[n & 3]!;
  return Buffer.concat([header, key, body]);
}

export const textFrame = (text: string): Buffer => frame(Buffer.from(text), { opcode: OPCODE.text });

/** Deflates a block. permessage-deflate omits the four bytes at its end. */
const deflated = (plain: Buffer): Buffer =>
  deflateRawSync(plain, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);

/** 10 MB of zeros, which are 10 KB on the wire. */
const BOMB = deflated(Buffer.alloc(10_000_000));
/** RSV1, which means "deflated". */
const DEFLATED = 0x40;
const CLOSE_CODES = [0, 999, 1000, 1004, 1005, 1006, 1012, 1015, 1016, 2999, 3000, 4000, 4999, 5000, 65_535];
const LENGTHS = [
  ...[0n, 1n, 125n, 126n, 127n, 65_535n, 65_536n, 1_000_000n, 0xffff_ffffn, 0x1_0000_0000n],
  ...[0x1f_ffff_ffff_ffffn, 0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0xffff_ffff_ffff_ffffn],
];
const BAD_UTF8 = Buffer.from('e280', 'hex');
/** Packets of engine.io: types in and out of order, and no packets at all. */
const ENGINE = [
  '2',
  '2probe',
  '3',
  '3probe',
  '5',
  '6',
  '1',
  '0',
  '0{"sid":"x"}',
  '7',
  '',
  'b',
  'bAAAA',
  'bé=',
  '4',
];

type FrameKind = (random: Random, packet: Buffer) => Buffer;

const { continuation, text, binary, close, ping, pong } = OPCODE;

const KINDS: readonly FrameKind[] = [
  function anyHeader(random, packet) {
    const header = { opcode: random.below(16), fin: !random.once(3), reserved: random.below(8) << 4 };
    return frame(packet, { ...header, masked: !random.once(4) }, random);
  },
  function wrongLength(random, packet) {
    return frame(packet, { opcode: random.pick([text, binary, ping]), length: random.pick(LENGTHS) });
  },
  function badText(random, packet) {
    return frame(Buffer.concat([packet, random.once(2) ? BAD_UTF8 : random.bytes(8)]), { opcode: text });
  },
  function fragments(random, packet) {
    const cut = random.below(packet.length + 1);
    const first = frame(packet.subarray(0, cut), { opcode: random.pick([text, text, binary]), fin: false });
    const between = random.pick([
      Buffer.alloc(0),
      frame(Buffer.from('x'), { opcode: ping }),
      frame(Buffer.alloc(0), { opcode: continuation, fin: false }),
      frame(packet, { opcode: text }),
    ]);
    return Buffer.concat([first, between, frame(packet.subarray(cut), { opcode: continuation })]);
  },
  function manyFragments(random, packet) {
    const parts = [frame(Buffer.from('4'), { opcode: text, fin: false })];
    for (let n = random.below(300); n > 0; n--)
      parts.push(frame(packet.subarray(0, random.below(20)), { opcode: continuation, fin: false }));
    if (!random.once(3)) parts.push(frame(Buffer.alloc(0), { opcode: continuation }));
    return Buffer.concat(parts);
  },
  function continuationOfNothing(_, packet) {
    return frame(packet, { opcode: continuation });
  },
  function control(random, packet) {
    const opcode = random.pick([close, ping, pong]);
    const payload = random.once(3) ? packet : random.bytes(random.pick([0, 1, 2, 125, 126, 200]));
    return frame(payload, { opcode, fin: !random.once(4) });
  },
  function closing(random) {
    const code = Buffer.alloc(2);
    code.writeUInt16BE(random.pick(CLOSE_CODES));
    const reason = random.pick([Buffer.alloc(0), Buffer.from('gone'), BAD_UTF8, random.bytes(123)]);
    return frame(Buffer.concat([code, reason]), { opcode: close });
  },
  function pings(random) {
    const one = frame(random.bytes(random.below(126)), { opcode: random.pick([ping, pong]) });
    return Buffer.concat(Array.from({ length: 1 + random.below(50) }, () => one));
  },
  function engineTypes(random, packet) {
    const body = random.once(3) ? packet : Buffer.from(random.pick(ENGINE));
    return frame(body, { opcode: random.pick([text, text, binary]) });
  },
  function compressed(random, packet) {
    const opcode = random.pick([text, binary, continuation, ping]);
    return frame(deflated(packet), { opcode, reserved: DEFLATED, fin: !random.once(6) });
  },
  function compressedGarbage(random) {
    return frame(random.bytes(1 + random.below(60)), { opcode: text, reserved: DEFLATED });
  },
  function compressedCutShort(random, packet) {
    const whole = deflated(packet);
    return frame(whole.subarray(0, random.below(whole.length)), { opcode: text, reserved: DEFLATED });
  },
  function truncated(random, packet) {
    const whole = frame(packet, { opcode: text });
    return whole.subarray(0, random.below(whole.length));
  },
];

/** Generates the bytes to write to an open WebSocket. */
export class FrameGenerator {
  constructor(private readonly packets: PacketGenerator) {}

  next(random: Random): Buffer {
    // A decompression bomb keeps the gateway busy for a while, so only one in so many inputs is a
    // bomb.
    if (random.once(500)) return frame(BOMB, { opcode: OPCODE.text, reserved: DEFLATED });
    const packet = this.packet(random);
    if (random.once(3)) return mutate(random, frame(packet, { opcode: OPCODE.text }), textFrame('42["x"]'));
    return random.pick(KINDS)(random, packet);
  }

  private packet(random: Random): Buffer {
    // Short ones, because these inputs test frames.
    return Buffer.from(`4${this.packets.next(random).text.slice(0, 2_000)}`);
  }
}
