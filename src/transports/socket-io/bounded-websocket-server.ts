import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../common/clock.js';
import { queryOf, tcpSocketOf, type UntypedWsOptions } from './engine-io-internals.js';

/**
 * Frames that a message may come in. A browser makes one of each 64 to 128 KB, libraries one of each message. ws allows 16,384,
 * and each may hold on to all of the 64 KB that it was read with.
 */
const MAX_FRAGMENTS = 64;

/** Pieces that what is not a whole frame yet may come in; a network makes one of each 500 bytes at least. */
const MIN_PIECE_BYTES = 512;
const MAX_PIECES_OF_SHORT_FRAME = 1_024;

/** What a client has to answer the close of its WebSocket, ms. ws has 30 s, in which it keeps what it was reading. */
const CLOSE_TIMEOUT_MS = 5_000;

/** How long a client whose connection is no longer read has to take the close frame, ms. */
const CUT_OFF_MS = 1_000;

/** Frames that a client may send before it has read that its connection is closed. */
const MAX_LATE_FRAMES = 100;

/** engine.io's packet with which a WebSocket takes over a session from polling. */
const UPGRADE_PACKET = '5';

/** Told of each frame that is counted nowhere else: pings, pongs, and what comes before a WebSocket has taken over a session. */
export type UncountedFrameListener = (client: BoundedWebSocket) => void;

/** Pongs held back until what waits for their client has gone out: the last one of each alone. */
const owed = new WeakMap<WebSocket, Buffer>();

/** WebSockets that are no longer read. In sets, because a field would cost every client. */
const cutOff = new WeakSet<WebSocket>();

/** Frames of those that the gateway is closing. */
const late = new WeakMap<WebSocket, number>();

/** WebSockets that are to take over a session from polling, and have not yet. engine.io answers each of their probes. */
const probing = new WeakSet<WebSocket>();

/**
 * Answers pings as long as the answers go out, and tells of each ping and pong. ws would queue an answer to each ping of a
 * client that does not read them, until memory ends; one to the latest is enough (RFC 6455, 5.5.3), and it is sent when the
 * TCP socket has drained.
 *
 * A class, and not listeners, because it costs nothing per client.
 */
export class BoundedWebSocket extends WebSocket {
  /** Whether it has yet to take over a session from polling. */
  get isProbing(): boolean {
    return probing.has(this);
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (event === 'message' || event === 'ping' || event === 'pong') {
      if (this.readyState !== WebSocket.OPEN) return this.dropLateFrame();
      if (event !== 'message') this.onUncountedFrame();
    }
    return super.emit(event, ...args);
  }

  /**
   * Reads nothing more of the client, and ends the connection soon, whether the client closes it or not. A client that floods
   * would go on until then. The close frame still goes out: `close()` may be called before this or after it.
   */
  stopReading(): void {
    if (cutOff.has(this) || this.readyState === WebSocket.CLOSED) return;
    cutOff.add(this);
    this.pause();
    // ws itself makes these objects, so that no other clock can be handed to them.
    const timer = systemClock.after(CUT_OFF_MS, () => this.terminate());
    this.once('close', () => timer.cancel());
    if (this.readyState === WebSocket.CLOSING) tcpSocketOf(this)?.end();
  }

  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, reason);
    // ws waits for the client's close frame, which is not read.
    if (cutOff.has(this)) tcpSocketOf(this)?.end();
  }

  override pong(data?: unknown, mask?: boolean, callback?: (error: Error) => void): void {
    // ws would make an error for each.
    if (this.readyState !== WebSocket.OPEN) return;
    const tcp = tcpSocketOf(this);
    // Without the TCP socket, which is no part of ws' interface, a client that has much to read is left without pongs.
    if (tcp ? !tcp.writableNeedDrain : this.bufferedAmount === 0) {
      super.pong(data, mask, callback);
      return;
    }
    if (!tcp) return;
    if (!owed.has(this)) {
      tcp.once('drain', () => {
        super.pong(owed.get(this), mask, callback);
        owed.delete(this);
      });
    }
    // A copy: what ws hands on is a view of all that was read with it.
    owed.set(this, Buffer.from(data as Buffer));
  }

  /** Nothing, unless the server was given a listener. */
  onUncountedFrame(): void {
    return;
  }

  /** What was under way when the gateway closed the connection is dropped, and a client that goes on is cut off. */
  private dropLateFrame(): false {
    const count = (late.get(this) ?? 0) + 1;
    late.set(this, count);
    if (count > MAX_LATE_FRAMES) this.stopReading();
    return false;
  }
}

/** ws with bounds on what one client can make it keep. engine.io adds `maxPayload`, `MAX_PAYLOAD_BYTES`. */
export class BoundedWebSocketServer extends WebSocketServer<typeof BoundedWebSocket> {
  constructor(options: ServerOptions, onUncountedFrame?: UncountedFrameListener) {
    const bounded: ServerOptions<typeof BoundedWebSocket> & UntypedWsOptions = {
      ...options,
      WebSocket: onUncountedFrame ? reporting(onUncountedFrame) : BoundedWebSocket,
      closeTimeout: CLOSE_TIMEOUT_MS,
      skipUTF8Validation: false,
      // One frame of a client in each turn of the event loop: what it sends at once must not be parsed at once.
      allowSynchronousEvents: false,
      maxFragments: MAX_FRAGMENTS,
      maxBufferedChunks: Math.max(
        MAX_PIECES_OF_SHORT_FRAME,
        Math.ceil((options.maxPayload ?? 0) / MIN_PIECE_BYTES),
      ),
    };
    super(bounded);
  }

  override handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: (client: BoundedWebSocket, request: IncomingMessage) => void,
  ): void {
    super.handleUpgrade(request, socket, head, (client, upgraded) => {
      if (queryOf(request).sid) {
        probing.add(client);
        client.on('message', onProbe);
      }
      callback(client, upgraded);
    });
  }
}

/** A class and not a listener of each client: it costs an idle one nothing. */
function reporting(listener: UncountedFrameListener): typeof BoundedWebSocket {
  return class extends BoundedWebSocket {
    override onUncountedFrame(): void {
      listener(this);
    }
  };
}

/** One function for all. It has the message before engine.io has. */
function onProbe(this: WebSocket, data: unknown): void {
  if (String(data) === UPGRADE_PACKET) {
    probing.delete(this);
    this.off('message', onProbe);
  } else if (this instanceof BoundedWebSocket) {
    this.onUncountedFrame();
  }
}
