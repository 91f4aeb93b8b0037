import { Socket as TcpSocket } from 'node:net';
import { CLOSINGS } from '../../contract/index.js';
import type { Frame } from '../../fanout/frame.js';
import type { Link, LinkListener } from '../../fanout/link.js';
import type { GatewaySocket } from './socket-server.js';

/** engine.io's connection of a client. */
type Connection = GatewaySocket['conn'];

/** The parts of a WebSocket transport that are read: engine.io's `socket`, and ws' `_socket`. Neither is typed. */
interface Transport {
  readonly name: string;
  readonly socket?: {
    readonly readyState?: unknown;
    readonly extensions?: unknown;
    readonly _socket?: unknown;
    send?(text: string): void;
    close?(code: number, reason: string): void;
  };
}

/** WebSocket's readyState while it is open. */
const OPEN = 1;

/**
 * A Socket.IO client's connection. Frames are written to the WebSocket's TCP socket itself while that is safe: the
 * transport is an open WebSocket, no upgrade is under way, and nothing waits in engine.io's buffer. Then everything
 * engine.io was given before is in the TCP socket's buffer already, and what it is given later comes behind. At all other
 * times frames go by engine.io.
 *
 * Relies on these internals, each pinned by a test (`socket-io-link.spec.ts`) and looked at here once a connection, so
 * that an upgrade which moves one costs speed and not order: the connection's `writeBuffer` and `upgrading`, its events
 * `packetCreate` (before a packet is buffered) and `drain` (after the buffer went to the transport), the transport's `socket`,
 * ws' `_socket`.
 */
export class SocketIoLink implements Link {
  private transport: Transport | undefined;
  private tcp: TcpSocket | undefined;
  /** Bytes in engine.io's buffer. */
  private buffered = 0;
  /** Whether `packetCreate` was seen: until then nothing tells what engine.io is given past this link. */
  private hooked = false;
  private misplaced = false;
  /** Set while the TCP socket's `drain` is waited for. */
  private unwatch: (() => void) | undefined;
  private negotiatedDeflate = false;

  constructor(
    private readonly connection: Connection,
    private readonly listener: LinkListener,
  ) {
    connection.on('packetCreate', this.onPacket);
    connection.on('drain', this.onDrain);
  }

  get problem(): string | undefined {
    const { upgrading, writeBuffer } = internals(this.connection);
    if (typeof upgrading !== 'boolean') return 'engine.io has no Socket#upgrading';
    if (!Array.isArray(writeBuffer)) return 'engine.io has no Socket#writeBuffer';
    if (!this.hooked) return "engine.io emits no 'packetCreate'";
    if (this.misplaced) return "engine.io emits 'packetCreate' too late";
    this.look();
    if (this.transport?.name === 'websocket') {
      if (!this.tcp) return "the WebSocket's TCP socket was not found";
      if (typeof this.transport.socket?.readyState !== 'number') return 'the WebSocket has no readyState';
    }
    return undefined;
  }

  get ready(): boolean {
    const { upgrading, writeBuffer } = internals(this.connection);
    if (upgrading !== false || writeBuffer?.length !== 0 || !this.hooked || this.misplaced) return false;
    this.look();
    return (
      this.tcp !== undefined &&
      this.transport?.socket?.readyState === OPEN &&
      this.connection.readyState === 'open'
    );
  }

  get deflates(): boolean {
    this.look();
    return this.negotiatedDeflate;
  }

  get waiting(): number {
    this.look();
    // Looked at here and not only with `drain`: were that ever to stay away, every client would seem to lag.
    if (!internals(this.connection).writeBuffer?.length) this.buffered = 0;
    return this.buffered + (this.tcp?.writableLength ?? 0);
  }

  write(frames: readonly Buffer[]): void {
    const { tcp } = this;
    if (!tcp) return;
    if (frames.length === 1) {
      tcp.write(frames[0]!);
      return;
    }
    tcp.cork();
    for (const frame of frames) tcp.write(frame);
    tcp.uncork();
  }

  send(frame: Frame): void {
    // engine.io's way to share a frame between WebSockets; polling takes the text. While an upgrade is under way the frame
    // is a plain one, which any WebSocket may be sent.
    const options = { compress: false, wsPreEncodedFrame: [frame.bytes(this.deflates)] };
    this.connection.write(frame.packet, options);
  }

  watchDrain(): void {
    this.look();
    if (this.unwatch || !this.tcp || this.tcp.writableLength === 0) return; // engine.io's own `drain` is heard anyway
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
    const socket = this.transport?.name === 'websocket' ? this.transport.socket : undefined;
    if (socket?.send && socket.close && socket.readyState === OPEN) {
      // By the WebSocket itself: what waits in engine.io's buffer would be overtaken by the close frame, and lost.
      socket.send(`4${frame.packet}`);
      socket.close(CLOSINGS.TOO_SLOW.closeCode, 'TOO_SLOW');
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

  /** Takes notice of the transport, which an upgrade exchanges. */
  private look(): void {
    const transport: Transport = this.connection.transport;
    if (transport === this.transport) return;
    this.transport = transport;
    this.unwatch?.();
    this.unwatch = undefined;
    const socket = transport.name === 'websocket' ? transport.socket : undefined;
    this.tcp = socket?._socket instanceof TcpSocket ? socket._socket : undefined;
    this.negotiatedDeflate =
      typeof socket?.extensions === 'string' && socket.extensions.includes('permessage-deflate');
  }

  /** engine.io is about to buffer a packet. */
  private readonly onPacket = (packet: Packet): void => {
    if (!this.hooked) {
      this.hooked = true;
      this.misplaced = internals(this.connection).writeBuffer?.includes(packet) ?? true;
    }
    if (packet.type === 'message') this.listener.onSend();
    // Behind what the listener sends and looks at: this packet is not in engine.io's buffer yet.
    if (typeof packet.data === 'string') this.buffered += packet.data.length;
  };

  /** engine.io has handed its buffer to the transport. */
  private readonly onDrain = (): void => {
    if (internals(this.connection).writeBuffer?.length === 0) this.buffered = 0;
    this.listener.onDrain();
  };
}

/** engine.io's packet. */
interface Packet {
  readonly type: string;
  readonly data?: unknown;
}

function internals(connection: Connection): {
  readonly upgrading?: unknown;
  readonly writeBuffer?: readonly unknown[];
} {
  return connection as unknown as { upgrading?: unknown; writeBuffer?: readonly unknown[] };
}
