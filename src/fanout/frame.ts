import { constants, deflateRawSync } from 'node:zlib';
import type { JsonPayload } from '../contract/index.js';

/**
 * zlib's level. An 80 KB chain is deflated in about half the time of the default level, for a tenth more bytes
 * (`npm run bench -- --only chains`).
 */
const DEFLATE_LEVEL = 4;
/** What Z_SYNC_FLUSH ends with; permessage-deflate leaves it out (RFC 7692, 7.2.1). */
const SYNC_FLUSH_TAIL_BYTES = 4;
/** First byte of an unfragmented text frame, and its bit for "deflated". */
const FIN_TEXT = 0x81;
const RSV1 = 0x40;

/**
 * One message as the WebSocket frame that carries it: encoded once, deflated at most once, shared by all who get it.
 * A server's frames are not masked, which is what makes them the same for every client (RFC 6455, 5.1).
 */
export class Frame {
  private plainFrame: Buffer | undefined;
  private deflatedFrame: Buffer | undefined;
  private packetText: string | undefined;
  /** Length of the plain frame's payload, bytes. */
  private length = 0;

  /**
   * @param key of two frames of one key, a client that lags needs the later alone
   * @param head engine.io's packet type and the Socket.IO packet up to the payload
   * @param body the payload's JSON
   * @param tail what closes the Socket.IO packet
   * @param compressAbove largest payload not worth deflating, bytes
   */
  protected constructor(
    readonly key: string,
    private readonly head: string,
    private readonly body: string,
    private readonly tail: string,
    private readonly compressAbove: number,
  ) {}

  /** An event of the main namespace with a prepared payload. */
  static ofEvent(event: string, { text, key }: JsonPayload<object>, compressAbove = Infinity): Frame {
    return new Frame(
      `${event} ${key}`,
      `42${JSON.stringify([event]).slice(0, -1)},`,
      text,
      ']',
      compressAbove,
    );
  }

  /** Several frames as one, which costs one write: each is still a message of its own. */
  static joined(frames: readonly Frame[]): Frame {
    return new JoinedFrame(frames);
  }

  /** The frames that this one joins; for any other, itself. */
  get parts(): readonly Frame[] {
    return [this];
  }

  /** The Socket.IO packet as text, for the transport's own path. */
  get packet(): string {
    return (this.packetText ??= this.head.slice(1) + this.body + this.tail);
  }

  /** The frame for a client that takes deflated ones, or does not. */
  bytes(deflates: boolean): Buffer {
    return deflates ? this.deflated : this.plain;
  }

  /** The frame for every client. */
  get plain(): Buffer {
    return (this.plainFrame ??= this.encode());
  }

  /** The frame for a client that negotiated permessage-deflate: the plain one where deflating is not worth it. */
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

/** What separates the packets of one long-polling payload, and the type of those that follow: engine.io's "message". */
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
 * A frame with its header written and room for `length` bytes of payload (RFC 6455, 5.2). Not from Node's pool: a frame may
 * be kept for as long as its price stands, and would keep the pool's other 8 KB.
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
