import type { Socket as TcpSocket } from 'node:net';
import type { Encoding, WireEncoding } from '../../fanout/encoding.js';
import type { Frame } from '../../fanout/frame.js';
import type { Link, LinkListener } from '../../fanout/link.js';
import { type Channel, channelOf } from './channel.js';
import {
  type Connection,
  descriptorOf,
  type EnginePacket,
  handleOf,
  isUpgrading,
  type SocketHandle,
  withFrame,
  writeBufferOf,
} from './engine-io-internals.js';

/** How messages are written to the clients of one transport. */
export interface LinkEncodings {
  /** The packet that engine.io's own path takes. */
  readonly packets: Encoding<string> | Encoding<Buffer>;
  /** Whether a packet is binary. engine.io takes several of them only one by one. */
  readonly isBinary: boolean;
  readonly plain: WireEncoding;
  /** For clients that read compressed messages. */
  readonly deflated: WireEncoding;
}

/**
 * The connection of a client. Frames are written directly to the TCP socket of its transport while
 * that is safe: the transport has an open channel, no upgrade is in progress, and engine.io's buffer
 * is empty. Then all earlier packets of engine.io are already in the TCP socket's buffer, and later
 * ones follow the frames. At all other times frames are sent through engine.io.
 *
 * Besides the members in `engine-io-internals.ts`, it relies on the moments of two events, which
 * `socket-io-link.spec.ts` pins: 'packetCreate' comes before a packet is buffered, and 'drain'
 * after the buffer went to the transport. All of it is checked once for each connection, so that an
 * upgrade which changes any of it costs speed and not order.
 */
export class SocketIoLink implements Link {
  private transport: Connection['transport'] | undefined;
  private channel: Channel | undefined;
  private tcp: TcpSocket | undefined;
  /** Bytes in engine.io's buffer. */
  private buffered = 0;
  /**
   * Whether a `packetCreate` event has occurred. Without it, packets that bypass this link are
   * unknown.
   */
  private hooked = false;
  /** Whether `packetCreate` was emitted only after the packet was buffered. */
  private misplaced = false;
  /** Removes the listener for the TCP socket's `drain` event, if there is one. */
  private unwatch: (() => void) | undefined;
  private isCompressed = false;
  /** The handle of the TCP socket at the last look, and its descriptor. */
  private handle: SocketHandle | undefined;
  private fd = -1;

  constructor(
    private readonly connection: Connection,
    private readonly encodings: LinkEncodings,
    private readonly listener: LinkListener,
  ) {
    connection.on('packetCreate', this.onPacket);
    connection.on('drain', this.onDrain);
  }

  get problem(): string | undefined {
    if (isUpgrading(this.connection) === undefined) return 'engine.io has no Socket#upgrading';
    if (!writeBufferOf(this.connection)) return 'engine.io has no Socket#writeBuffer';
    if (!this.hooked) return "engine.io emits no 'packetCreate'";
    if (this.misplaced) return "engine.io emits 'packetCreate' too late";
    this.look();
    return this.channel?.problem;
  }

  get ready(): boolean {
    if (isUpgrading(this.connection) !== false || this.waitingPackets !== 0) return false;
    if (!this.hooked || this.misplaced) return false;
    this.look();
    return this.tcp !== undefined && this.channel?.isOpen === true && this.connection.readyState === 'open';
  }

  get descriptor(): number {
    if (!this.ready || !this.tcp || this.tcp.writableLength > 0) return -1;
    const handle = handleOf(this.tcp);
    if (!handle) return -1;
    if (handle !== this.handle) {
      this.handle = handle;
      this.fd = descriptorOf(handle);
    }
    return this.fd;
  }

  get encoding(): WireEncoding {
    this.look();
    return this.isCompressed ? this.encodings.deflated : this.encodings.plain;
  }

  get waiting(): number {
    this.look();
    // Check it here, and not only in `onDrain`: without the event every client would seem to lag.
    if (!this.waitingPackets) this.buffered = 0;
    return this.buffered + (this.tcp?.writableLength ?? 0);
  }

  /** Packets in engine.io's buffer; undefined if engine.io does not say. */
  get waitingPackets(): number | undefined {
    return writeBufferOf(this.connection)?.length;
  }

  write(frames: readonly Buffer[], taken = 0): void {
    const { tcp } = this;
    if (!tcp) return;
    const rest = taken > 0 ? withoutFirst(taken, frames) : frames;
    if (rest.length === 1) {
      tcp.write(rest[0]!);
      return;
    }
    tcp.cork();
    for (const frame of rest) tcp.write(frame);
    tcp.uncork();
  }

  send(frame: Frame): void {
    if (this.encodings.isBinary) for (const part of frame.parts) this.sendPacket(part);
    else this.sendPacket(frame);
  }

  private sendPacket(frame: Frame): void {
    // engine.io can share a pre-encoded frame between WebSockets; polling uses the packet. During an
    // upgrade the frame is a plain one, which every WebSocket can read.
    const options = withFrame(frame.in(this.encoding));
    this.connection.write(frame.in<string | Buffer>(this.encodings.packets), options);
  }

  watchDrain(): void {
    this.look();
    // If the TCP socket is empty, the data waits in engine.io, which emits 'drain' itself.
    if (this.unwatch || !this.tcp || this.tcp.writableLength === 0) return;
    const { tcp } = this;
    const onTcpDrain = (): void => {
      this.unwatch = undefined;
      this.listener.onDrain();
    };
    tcp.once('drain', onTcpDrain);
    this.unwatch = () => tcp.off('drain', onTcpDrain);
  }

  close(frame: Frame): void {
    this.look();
    const { channel, tcp } = this;
    if (tcp && channel?.isOpen) {
      // Use the TCP socket directly: the close frame would overtake a packet in engine.io's buffer,
      // and that packet would be lost.
      tcp.write(frame.in(this.encoding.uncompressed));
      channel.closeWith('TOO_SLOW');
    } else {
      this.send(frame);
    }
    this.connection.close(true);
  }

  detach(): void {
    this.connection.off('packetCreate', this.onPacket);
    this.connection.off('drain', this.onDrain);
    this.unwatch?.();
    this.unwatch = undefined;
  }

  /** Updates the fields that depend on the transport, which an upgrade replaces. */
  private look(): void {
    const { transport } = this.connection;
    if (transport === this.transport) return;
    this.transport = transport;
    this.unwatch?.();
    this.unwatch = undefined;
    this.channel = channelOf(this.connection);
    this.tcp = this.channel?.tcp;
    this.isCompressed = this.channel?.isCompressed === true;
  }

  /** engine.io is about to buffer a packet. */
  private readonly onPacket = (packet: EnginePacket): void => {
    if (!this.hooked) {
      this.hooked = true;
      this.misplaced = writeBufferOf(this.connection)?.includes(packet) ?? true;
    }
    if (packet.type === 'message') this.listener.onSend();
    // Count the packet after the listener has run, because it is not in engine.io's buffer yet.
    const { data } = packet;
    if (typeof data === 'string' || Buffer.isBuffer(data)) this.buffered += data.length;
  };

  /** engine.io has handed its buffer to the transport. */
  private readonly onDrain = (): void => {
    if (this.waitingPackets === 0) this.buffered = 0;
    this.listener.onDrain();
  };
}

/** The buffers without their first `bytes` bytes. */
function withoutFirst(bytes: number, buffers: readonly Buffer[]): Buffer[] {
  const rest: Buffer[] = [];
  for (const buffer of buffers) {
    if (bytes < buffer.length) rest.push(buffer.subarray(bytes));
    bytes = Math.max(bytes - buffer.length, 0);
  }
  return rest;
}
