/**
 * How many bytes of a payload `frame` may read: enough for the letters of an event's name that
 * `eventKind` reads, after the head of a packet in MessagePack.
 */
export const PEEK_BYTES = 27;
/** A server's header has at most ten bytes, because a server does not mask. */
const MAX_HEAD_BYTES = 10 + PEEK_BYTES;

export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
export const FIN_BIT = 0x80;
/** Set on a message that permessage-deflate compressed. */
export const RSV1_BIT = 0x40;

/**
 * Walks a server's WebSocket stream header by header. It reads the header of a frame and the first
 * bytes of its payload, and skips the rest unless `wantsPayload`. This lets one process count
 * millions of frames a second. Frames and headers may be cut anywhere between two reads.
 */
export abstract class FrameWalker {
  /** Subclasses that read payloads set this once, before the first byte arrives. */
  protected wantsPayload = false;
  /** The remaining bytes of the current payload. */
  private rest = 0;
  /** The beginning of a frame whose header was cut by the end of a read. */
  private cut: Buffer | undefined;
  private cutLength = 0;

  /** Processes `buffer[from, end)`. The buffer may be reused as soon as this returns. */
  read(buffer: Buffer, from: number, end: number): void {
    let at = from;
    if (this.cutLength > 0) at = this.mend(buffer, at, end);
    if (this.rest > 0) at = this.stepOver(buffer, at, end);
    while (at < end) {
      const head = headSize(buffer, at, end);
      if (head === 0) return this.keepCut(buffer, at, end);
      const length = payloadLength(buffer, at, head);
      const payload = at + head;
      if (end - payload < length && end - payload < PEEK_BYTES) return this.keepCut(buffer, at, end);
      this.frame(buffer[at]!, length, buffer, payload);
      this.rest = length;
      at = this.stepOver(buffer, payload, end);
    }
  }

  /**
   * A frame begins. The first `min(length, PEEK_BYTES)` bytes of its payload are at `buffer[at]`.
   * @param first the first byte of the header: FIN, RSV1 and the opcode
   */
  protected abstract frame(first: number, length: number, buffer: Buffer, at: number): void;

  /**
   * The next part of the frame's payload, followed by `rest` more bytes. Never called without
   * `wantsPayload`.
   */
  protected payload(_buffer: Buffer, _from: number, _end: number, _rest: number): void {}

  private stepOver(buffer: Buffer, from: number, end: number): number {
    const next = Math.min(end, from + this.rest);
    this.rest -= next - from;
    if (this.wantsPayload) this.payload(buffer, from, next, this.rest);
    return next;
  }

  private keepCut(buffer: Buffer, from: number, end: number): void {
    this.cut ??= Buffer.allocUnsafeSlow(MAX_HEAD_BYTES);
    this.cutLength = buffer.copy(this.cut, 0, from, end);
  }

  /**
   * Completes a cut header with the bytes that follow. Returns the position of the rest of the
   * payload, or of the next frame.
   */
  private mend(buffer: Buffer, from: number, end: number): number {
    const cut = this.cut!;
    let at = from;
    for (; at < end; at++) {
      if (this.headIsComplete(cut)) break;
      cut[this.cutLength++] = buffer[at]!;
    }
    if (!this.headIsComplete(cut)) return at;
    const head = headSize(cut, 0, this.cutLength);
    const length = payloadLength(cut, 0, head);
    const kept = this.cutLength;
    this.cutLength = 0;
    this.frame(cut[0]!, length, cut, head);
    this.rest = length;
    this.stepOver(cut, head, kept);
    return at;
  }

  private headIsComplete(cut: Buffer): boolean {
    const head = headSize(cut, 0, this.cutLength);
    if (head === 0) return false;
    return this.cutLength - head >= Math.min(PEEK_BYTES, payloadLength(cut, 0, head));
  }
}

/** The size of the header at `at`, or 0 while it is incomplete. */
function headSize(buffer: Buffer, at: number, end: number): number {
  if (end - at < 2) return 0;
  const code = buffer[at + 1]!;
  if (code > 127) throw new Error('the server masks its frames');
  const size = code < 126 ? 2 : code === 126 ? 4 : 10;
  return end - at < size ? 0 : size;
}

function payloadLength(buffer: Buffer, at: number, head: number): number {
  if (head === 2) return buffer[at + 1]!;
  if (head === 4) return (buffer[at + 2]! << 8) | buffer[at + 3]!;
  return buffer.readUInt32BE(at + 2) * 2 ** 32 + buffer.readUInt32BE(at + 6);
}
