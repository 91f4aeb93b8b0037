import type { Encoding, Message, WireEncoding } from '../fanout/encoding.js';
import { deflated, SharedBytes } from './shared-bytes.js';

/** Length of the end marker of Z_SYNC_FLUSH; permessage-deflate omits it (RFC 7692, 7.2.1). */
const SYNC_FLUSH_TAIL_BYTES = 4;
/** First byte of an unfragmented text or binary frame, and the bit that marks a compressed one. */
const FIN_TEXT = 0x81;
const FIN_BINARY = 0x82;
const RSV1 = 0x40;

/**
 * Messages as text frames of WebSockets. All receivers can share a frame, because frames of a
 * server are not masked (RFC 6455, 5.1) and are therefore the same for every client.
 */
export class TextFrames extends SharedBytes implements WireEncoding {
  readonly uncompressed = this;

  /**
   * @param head the text of a message before its payload
   * @param tail the text after its payload, in ASCII
   */
  constructor(
    private readonly head: (event: string) => string,
    private readonly tail: string,
  ) {
    super();
  }

  encode({ event, text }: Message): Buffer {
    const head = this.head(event);
    const length = Buffer.byteLength(head) + Buffer.byteLength(text) + this.tail.length;
    const frame = allocateFrame(FIN_TEXT, length);
    let offset = frame.length - length;
    offset += frame.write(head, offset);
    offset += frame.write(text, offset);
    frame.write(this.tail, offset);
    return frame;
  }
}

/**
 * Messages as binary frames of WebSockets. The payload is encoded once for all encodings that share
 * its encoding.
 */
export class BinaryFrames extends SharedBytes implements WireEncoding {
  readonly uncompressed = this;

  /** @param head the bytes of a message before its payload */
  constructor(
    private readonly head: (event: string) => Buffer,
    private readonly payload: Encoding<Buffer>,
  ) {
    super();
  }

  encode(message: Message): Buffer {
    const head = this.head(message.event);
    const payload = message.in(this.payload);
    const length = head.length + payload.length;
    const frame = allocateFrame(FIN_BINARY, length);
    head.copy(frame, frame.length - length);
    payload.copy(frame, frame.length - payload.length);
    return frame;
  }
}

/**
 * The frames of another encoding, for clients that negotiated permessage-deflate. A frame is not
 * compressed if that would save too little.
 */
export class DeflatedFrames extends SharedBytes implements WireEncoding {
  /** @param compressAbove messages up to this size are not compressed, bytes */
  constructor(
    readonly uncompressed: WireEncoding,
    private readonly compressAbove: number,
  ) {
    super();
  }

  encode(message: Message): Buffer {
    const plain = message.in(this.uncompressed);
    const length = payloadLength(plain);
    if (length <= this.compressAbove) return plain;
    const payload = deflated(plain.subarray(-length)).subarray(0, -SYNC_FLUSH_TAIL_BYTES);
    if (payload.length >= length) return plain;
    const compressed = allocateFrame(plain[0]! | RSV1, payload.length);
    payload.copy(compressed, compressed.length - payload.length);
    return compressed;
  }
}

/**
 * Allocates a frame with its header written and room for `length` bytes of payload (RFC 6455, 5.2).
 * It does not use Node's buffer pool, because a frame may be kept as long as its price is the
 * newest, and would keep all 8 KB of the pool's buffer in memory.
 */
function allocateFrame(firstByte: number, length: number): Buffer {
  if (length < 126) {
    const frame = Buffer.allocUnsafeSlow(2 + length);
    frame[1] = length;
    frame[0] = firstByte;
    return frame;
  }
  const extended = length < 65_536 ? 2 : 8;
  const frame = Buffer.allocUnsafeSlow(2 + extended + length);
  frame[0] = firstByte;
  if (extended === 2) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
    frame.writeUInt32BE(length % 2 ** 32, 6);
  }
  return frame;
}

/** The number of payload bytes of one whole frame. */
function payloadLength(frame: Buffer): number {
  const short = frame[1]!;
  if (short < 126) return short;
  return frame.length - (short === 126 ? 4 : 10);
}
