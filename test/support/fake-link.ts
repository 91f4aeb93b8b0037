import { constants, inflateRawSync } from 'node:zlib';
import type { WireEncoding } from '../../src/fanout/encoding.js';
import type { Frame } from '../../src/fanout/frame.js';
import type { Link, LinkListener } from '../../src/fanout/link.js';
import { socketIoFrames, socketIoPackets } from '../../src/transports/socket-io/socket-io-encodings.js';
import { DeflatedFrames } from '../../src/transports/websocket-frames.js';
import type { FakeClock } from './fake-clock.js';
import type { FakeKernel } from './fake-kernel.js';

const DEFLATED = new DeflatedFrames(socketIoFrames, 100);

interface Packet {
  readonly text: string;
  readonly bytes: number;
}

/**
 * A connection in memory that behaves like those of engine.io and Node.
 *
 * The transport's own path has a buffer. It reports a packet before it accepts it, and a drain
 * whenever the buffer is empty, even within the call that filled it. A polling transport sends one
 * response per poll and may be upgraded. The client may stop reading from the TCP socket.
 *
 * The link records its output in the order of the wire, and throws if it is used in a way that a
 * real link does not allow.
 */
export class FakeLink implements Link {
  /**
   * Every packet in the order in which it was, or would be, written to the wire, as engine.io's
   * text without its type.
   */
  get wire(): readonly string[] {
    return this.buffer.length > 0 ? [...this.sent, ...this.buffer.map(({ text }) => text)] : this.sent;
  }
  /** The buffers of each write that bypassed the transport's own path. */
  readonly writes: (readonly Buffer[])[] = [];
  /** The number of frames sent through the transport's own path. */
  fallbacks = 0;
  deflatedFrames = 0;
  /** The number of packets passed to the link, through either path. */
  handed = 0;
  /** The maximum number of bytes that waited at any time. */
  peak = 0;
  /** The time at which the client last took bytes, in ms of the clock. */
  takenAt: number;
  /** The time since which the engine has been waiting for a drain, in ms of the clock. */
  watchedSince: number | undefined;
  /** Whether the engine ever waited for a drain, because it held something back. */
  everWatched = false;
  /**
   * Whether anything was ever sent without the engine. After that, `waiting` does not show what the
   * client took.
   */
  replied = false;
  closed = false;
  /**
   * The client is gone, but the gateway has not noticed yet. The link drops what the gateway sends,
   * without an error.
   */
  gone = false;
  problem: string | undefined;
  upgrading = false;
  /** Whether the listener still receives events. */
  attached = true;

  private readonly sent: string[] = [];
  private buffer: Packet[] = [];
  /** Whether the transport's own path currently accepts nothing. */
  private blocked = false;
  private reading = true;
  private untaken = 0;
  private watching = false;
  private readonly fd: number;
  /** A write that took only a part of its bytes. Nothing may come before the rest of it. */
  private unfinished: { readonly frames: readonly Buffer[]; readonly taken: number } | undefined;

  constructor(
    private readonly listener: LinkListener,
    private readonly clock: FakeClock,
    private readonly options: {
      readonly deflates?: boolean;
      polling?: boolean;
      /** How long a write keeps the process busy, in ms. */
      readonly writeMs?: number;
      /** Where the connection has a file descriptor. Without it, it has none. */
      readonly kernel?: FakeKernel;
      /** Called when the engine sends a frame through the transport's own path. */
      readonly onSend?: () => void;
      /** Called when the connection ends, whichever side closed it. */
      readonly onClosed?: () => void;
    } = {},
  ) {
    this.takenAt = clock.now();
    this.fd = options.kernel?.open(this) ?? -1;
  }

  get descriptor(): number {
    return this.ready && this.waiting === 0 ? this.fd : -1;
  }

  get polling(): boolean {
    return this.options.polling ?? false;
  }

  get ready(): boolean {
    const open = !this.closed && !this.gone && this.problem === undefined;
    return open && !this.polling && !this.upgrading && this.buffer.length === 0;
  }

  get encoding(): WireEncoding {
    return (this.options.deflates ?? false) && !this.polling ? DEFLATED : socketIoFrames;
  }

  get waiting(): number {
    return this.untaken + this.buffer.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  write(frames: readonly Buffer[], taken = 0): void {
    const { unfinished } = this;
    if (unfinished && (unfinished.taken !== taken || !isSame(unfinished.frames, frames))) {
      throw new Error('wrote something else than the rest');
    }
    if (!this.unfinished && taken > 0) throw new Error('wrote the rest of a finished write');
    this.unfinished = undefined;
    this.clock.work(this.options.writeMs ?? 0);
    this.put(frames, taken);
    this.writes.push(frames);
  }

  /**
   * The operating system takes up to `most` bytes, or none if its buffers are full. Returns how
   * many it took.
   */
  accept(frames: readonly Buffer[], most: number): number {
    if (this.descriptor < 0) throw new Error('written to a descriptor that is not ready');
    const bytes = frames.reduce((sum, { length }) => sum + length, 0);
    const taken = this.reading || most < bytes ? most : 0;
    if (taken === bytes) this.write(frames);
    else if (taken > 0) this.unfinished = { frames, taken };
    return taken;
  }

  send(frame: Frame): void {
    if (this.closed) throw new Error('sent to a closed connection');
    this.clock.work(this.options.writeMs ?? 0);
    this.fallbacks++;
    this.options.onSend?.();
    this.enter(frame.in(socketIoPackets));
  }

  /** Sends something without the engine. */
  reply(packet: string): void {
    this.replied = true;
    this.enter(packet);
  }

  watchDrain(): void {
    this.everWatched = true;
    this.watchedSince ??= this.clock.now();
    this.watching = this.untaken > 0;
  }

  close(frame: Frame): void {
    if (this.closed) throw new Error('closed twice');
    if (this.attached) throw new Error('closed before it was detached');
    if (this.gone) return;
    if (this.ready) this.put([frame.in(socketIoFrames)]);
    else this.enter(frame.in(socketIoPackets));
    this.closed = true;
    this.options.onClosed?.();
  }

  detach(): void {
    this.attached = false;
  }

  /** The client stops reading. */
  stall(): void {
    this.reading = false;
  }

  /**
   * The client reads some of the waiting bytes. Without `bytes` it reads everything, and keeps
   * reading.
   */
  take(bytes = Infinity): void {
    if (bytes === Infinity) this.reading = true;
    if (this.untaken > 0) {
      this.takenAt = this.clock.now();
      this.untaken = Math.max(this.untaken - bytes, 0);
      if (this.watching) {
        this.watching = false;
        this.drained();
      }
    }
    if (this.untaken === 0 && !this.polling) this.unblock();
  }

  /** The transport's own path stops accepting packets, because a callback of it is outstanding. */
  block(): void {
    this.blocked = true;
  }

  /** The path accepts packets again. With a polling transport this means that the client polls. */
  unblock(): void {
    this.blocked = false;
    this.flush();
  }

  startUpgrade(): void {
    if (this.polling) this.upgrading = true;
  }

  endUpgrade(): void {
    if (!this.upgrading) return;
    this.upgrading = false;
    this.options.polling = false;
    this.unblock();
  }

  private put(frames: readonly Buffer[], taken = 0): void {
    if (!this.ready) throw new Error('written past a transport that is not ready');
    if (this.unfinished) throw new Error('written into the middle of a frame');
    let before = taken;
    for (const bytes of frames) {
      for (const { text, deflated } of parseFrames(bytes)) {
        this.sent.push(text);
        if (deflated) this.deflatedFrames++;
      }
      this.handed++;
      const rest = Math.max(bytes.length - before, 0);
      before = Math.max(before - bytes.length, 0);
      if (!this.reading) this.untaken += rest;
    }
    this.peak = Math.max(this.peak, this.waiting);
  }

  private enter(text: string): void {
    if (this.attached) this.listener.onSend();
    if (this.unfinished) throw new Error('sent into the middle of a frame');
    if (this.closed || this.gone) return;
    this.buffer.push({ text, bytes: text.length });
    this.handed++;
    this.peak = Math.max(this.peak, this.waiting);
    this.flush();
  }

  private flush(): void {
    if (this.blocked || this.buffer.length === 0 || this.closed) return;
    for (const { text, bytes } of this.buffer) {
      this.sent.push(text);
      if (!this.reading && !this.polling) this.untaken += bytes;
    }
    if (this.reading || this.polling) this.takenAt = this.clock.now();
    this.buffer = [];
    this.blocked = this.polling || this.untaken > 0;
    this.drained();
  }

  private drained(): void {
    if (!this.attached) return;
    this.watchedSince = undefined;
    this.listener.onDrain();
  }
}

function isSame(some: readonly Buffer[], others: readonly Buffer[]): boolean {
  return some.length === others.length && some.every((buffer, n) => buffer === others[n]);
}

interface ParsedFrame {
  /** The Socket.IO packet. */
  readonly text: string;
  readonly deflated: boolean;
}

const parsed = new WeakMap<Buffer, readonly ParsedFrame[]>();

/** Decodes the WebSocket frames in a server's bytes (RFC 6455, RFC 7692) to engine.io messages. */
export function parseFrames(bytes: Buffer): readonly ParsedFrame[] {
  let frames = parsed.get(bytes);
  if (!frames) parsed.set(bytes, (frames = [...readFrames(bytes)]));
  return frames;
}

function* readFrames(bytes: Buffer): Generator<ParsedFrame> {
  let offset = 0;
  while (offset < bytes.length) {
    const first = bytes[offset]!;
    if ((first & ~0x40) !== 0x81) throw new Error(`not a text frame: 0x${first.toString(16)}`);
    const short = bytes[offset + 1]!;
    if (short > 127) throw new Error('a server masks nothing');
    let header = 2;
    let length = short;
    if (short === 126) {
      header = 4;
      length = bytes.readUInt16BE(offset + 2);
    } else if (short === 127) {
      header = 10;
      length = Number(bytes.readBigUInt64BE(offset + 2));
    }
    const payload = bytes.subarray(offset + header, offset + header + length);
    if (payload.length < length) throw new Error('half a frame');
    const deflated = (first & 0x40) !== 0;
    const message = deflated ? inflate(payload) : payload.toString();
    if (!message.startsWith('4')) throw new Error('not an engine.io message');
    yield { text: message.slice(1), deflated };
    offset += header + length;
  }
}

/** Inflates a message of permessage-deflate without context takeover. */
export function inflate(payload: Buffer): string {
  const whole = Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]);
  return inflateRawSync(whole, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
}
