import { constants, deflateRawSync } from 'node:zlib';
import type { JsonPayload } from '../contract/index.js';

/**
 * Compression level of zlib. Compared with the default level, it deflates an 80 KB chain in about
 * half the time, to about a tenth more bytes (`npm run bench -- --only chains`).
 */
const DEFLATE_LEVEL = 4;
/** Length of the end marker of Z_SYNC_FLUSH; permessage-deflate omits it (RFC 7692, 7.2.1). */
const SYNC_FLUSH_TAIL_BYTES = 4;
/** First byte of an unfragmented text frame, and the bit that marks a compressed one. */
const FIN_TEXT = 0x81;
const RSV1 = 0x40;

/**
 * A message as a WebSocket frame. It is encoded once, deflated at most once, and shared by all
 * receivers. That is possible because frames of a server are not masked (RFC 6455, 5.1), so they
 * are the same for every client.
 */
export class Frame {
  private plainFrame: Buffer | undefined;
  private deflatedFrame: Buffer | undefined;
  private packetText: string | undefined;
  /** Length of the plain frame's payload, bytes. */
  private length = 0;

  /**
   * @param key of several frames with the same key, a lagging client needs only the newest
   * @param head engine.io's packet type and the Socket.IO packet up to the payload
   * @param body the JSON text of the payload
   * @param tail the end of the Socket.IO packet
   * @param compressAbove payloads up to this size are not deflated, bytes
   */
  protected constructor(
    readonly key: string,
    private readonly head: string,
    private readonly body: string,
    private readonly tail: string,
    private readonly compressAbove: number,
  ) {}

  /** Makes the frame of an event of the main namespace, from a payload that is already JSON. */
  static ofEvent(event: string, { text, key }: JsonPayload<object>, compressAbove = Infinity): Frame {
    return new Frame(
      `${event} ${key}`,
      `42${JSON.stringify([event]).slice(0, -1)},`,
      text,
      ']',
      compressAbove,
    );
  }

  /** Joins several frames, so that one write sends them. The client receives separate messages. */
  static joined(frames: readonly Frame[]): Frame {
    return new JoinedFrame(frames);
  }

  /** The frames that this one joins; the frame itself if it joins none. */
  get parts(): readonly Frame[] {
    return [this];
  }

  /** The Socket.IO packet as text, for the transport's own path. */
  get packet(): string {
    return (this.packetText ??= this.head.slice(1) + this.body + this.tail);
  }

  /** The encoded frame; `deflates` is whether the client accepts compressed frames. */
  bytes(deflates: boolean): Buffer {
    return deflates ? this.deflated : this.plain;
  }

  /** The uncompressed frame. */
  get plain(): Buffer {
    return (this.plainFrame ??= this.encode());
  }

  /**
   * The frame for a client that negotiated permessage-deflate. It is the plain frame if compression
   * would save too little.
   */
  get deflated(): Buffer {
    return (this.deflatedFrame ??= this.deflate());
  }

  private encode(): Buffer {
    const { head, body, tail } = this;
    this.length = Buffer.byteLength(head) + Buffer.byteLength(body) + tail.length;
    const frame = allocateFrame(FIN_TEXT, this.length);
    let offset = frame.length - this.length;
    offset += frame.write(head, offset);
    offset += frame.write(body, offset);
    frame.write(tail, offset);
    return frame;
  }

  private deflate(): Buffer {
    const { plain, length } = this;
    if (length <= this.compressAbove) return plain;
    const flushed = deflateRawSync(plain.subarray(-length), {
      level: DEFLATE_LEVEL,
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    const deflated = flushed.subarray(0, -SYNC_FLUSH_TAIL_BYTES);
    if (deflated.length >= length) return plain;
    const frame = allocateFrame(FIN_TEXT | RSV1, deflated.length);
    deflated.copy(frame, frame.length - deflated.length);
    return frame;
  }
}

/**
 * The separator between two packets of a long-polling payload, followed by the packet type of the
 * next one, which is engine.io's "message".
 */
const NEXT_PACKET = '\x1e4';

class JoinedFrame extends Frame {
  private joinedPlain: Buffer | undefined;
  private joinedDeflated: Buffer | undefined;
  private joinedPacket: string | undefined;

  constructor(private readonly joined: readonly Frame[]) {
    super('joined', '', '', '', Infinity);
  }

  override get parts(): readonly Frame[] {
    return this.joined;
  }

  override get packet(): string {
    return (this.joinedPacket ??= this.joined.map(({ packet }) => packet).join(NEXT_PACKET));
  }

  override get plain(): Buffer {
    return (this.joinedPlain ??= Buffer.concat(this.joined.map(({ plain }) => plain)));
  }

  override get deflated(): Buffer {
    return (this.joinedDeflated ??= Buffer.concat(this.joined.map(({ deflated }) => deflated)));
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
