import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../common/clock.js';
import { isSse } from '../sse/sse-request.js';
import { isPlain, selectSubprotocol } from '../websocket/plain-upgrade.js';
import { CoalescingWebSocket, corkUntilEndOfTurn } from './coalescing-websocket.js';
import { queryOf, tcpSocketOf, type UntypedWsOptions } from './engine-io-internals.js';
import { forgetFrame } from './idle-memory.js';
import { releaseResponse } from './upgrade-response.js';

/**
 * Limit of the frames per message. Browsers send one frame per 64 to 128 KB, libraries one per
 * message. ws allows 16,384, and each of them may keep the whole 64 KB of its read in memory.
 */
const MAX_FRAGMENTS = 64;

/**
 * Smallest accepted average size of the pieces in which an incomplete frame arrives, bytes.
 * Networks deliver at least about 500 bytes per piece.
 */
const MIN_PIECE_BYTES = 512;
/** How many pieces of an incomplete frame are always accepted, whatever their size. */
const MAX_PIECES_OF_SHORT_FRAME = 1_024;

/**
 * How long a client may take to reply to the close frame, ms. The default of ws is 30 s, during
 * which it keeps the data that it was reading.
 */
const CLOSE_TIMEOUT_MS = 5_000;

/** How long a client that is no longer read may take to receive the close frame, ms. */
const CUT_OFF_MS = 1_000;

/** How many frames a client may send after the gateway has begun to close its connection. */
const MAX_LATE_FRAMES = 100;

/** The packet of engine.io with which a session changes from polling to a WebSocket. */
const UPGRADE_PACKET = '5';

/**
 * Called for each frame that is not counted elsewhere: pings, pongs, and the frames of a WebSocket
 * before its session has changed from polling.
 */
export type UncountedFrameListener = (client: BoundedWebSocket) => void;

/**
 * For each client whose TCP socket is full: the data of the pong that is sent when it has drained.
 */
const owed = new WeakMap<WebSocket, Buffer>();

/**
 * WebSockets that are no longer read. A set, because a field would cost memory for every client.
 */
const cutOff = new WeakSet<WebSocket>();

/** Number of frames that each closing WebSocket has sent. */
const late = new WeakMap<WebSocket, number>();

/**
 * WebSockets whose session is still on polling. engine.io replies to each of their probes.
 */
const probing = new WeakSet<WebSocket>();
/** WebSockets without Socket.IO. */
const plain = new WeakSet<WebSocket>();

/**
 * A WebSocket that limits pongs and reports each ping and pong. If a client does not read, ws would
 * queue a pong for each of its pings until memory runs out. A pong for the latest ping is enough
 * (RFC 6455, 5.5.3), so this class sends only that one, once the TCP socket has drained.
 *
 * This is a class because listeners would cost memory for each client.
 */
export class BoundedWebSocket extends CoalescingWebSocket {
  /** Whether its session is still on polling. */
  get isProbing(): boolean {
    return probing.has(this);
  }

  /** Whether its client uses no Socket.IO. */
  get isPlain(): boolean {
    return plain.has(this);
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (event === 'message' || event === 'ping' || event === 'pong') {
      forgetFrame(this);
      if (this.readyState !== WebSocket.OPEN) return this.dropLateFrame();
      if (event !== 'message') this.onUncountedFrame();
    }
    return super.emit(event, ...args);
  }

  /**
   * Stops reading from a client that floods the gateway, and ends the connection within {@link
   * CUT_OFF_MS}, even if the client does not close it. The close frame is still sent: `close()` may
   * be called before or after this.
   */
  stopReading(): void {
    if (cutOff.has(this) || this.readyState === WebSocket.CLOSED) return;
    cutOff.add(this);
    this.pause();
    // ws creates these objects, so a clock cannot be injected.
    const timer = systemClock.after(CUT_OFF_MS, () => this.terminate());
    this.once('close', () => timer.cancel());
    if (this.readyState === WebSocket.CLOSING) tcpSocketOf(this)?.end();
  }

  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, reason);
    // ws would wait for the client's close frame, which is not read any more.
    if (cutOff.has(this)) tcpSocketOf(this)?.end();
  }

  override pong(data?: unknown, mask?: boolean, callback?: (error: Error) => void): void {
    // ws would create an error for each pong.
    if (this.readyState !== WebSocket.OPEN) return;
    const tcp = tcpSocketOf(this);
    // The TCP socket is not part of the interface of ws. If it is missing, a client that has data
    // waiting gets no pongs.
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
    // Copy the data, because it is a view into the buffer of the whole read.
    owed.set(this, Buffer.from(data as Buffer));
  }

  /** Overridden if the server has a listener for uncounted frames. */
  onUncountedFrame(): void {
    return;
  }

  /**
   * Drops a frame that arrives while the connection closes. Stops reading after too many of them.
   */
  private dropLateFrame(): false {
    const count = (late.get(this) ?? 0) + 1;
    late.set(this, count);
    if (count > MAX_LATE_FRAMES) this.stopReading();
    return false;
  }
}

/**
 * A server of ws that limits the memory one client can use. engine.io adds `maxPayload`, which is
 * `MAX_PAYLOAD_BYTES`.
 */
export class BoundedWebSocketServer extends WebSocketServer<typeof BoundedWebSocket> {
  /** @param takesMessagePack whether plain WebSockets may agree on MessagePack */
  constructor(options: ServerOptions, onUncountedFrame?: UncountedFrameListener, takesMessagePack = false) {
    const bounded: ServerOptions<typeof BoundedWebSocket> & UntypedWsOptions = {
      ...options,
      WebSocket: onUncountedFrame ? reporting(onUncountedFrame) : BoundedWebSocket,
      closeTimeout: CLOSE_TIMEOUT_MS,
      skipUTF8Validation: false,
      // Handle one frame of a client per turn of the event loop, so that a burst of frames is not
      // parsed in one go.
      allowSynchronousEvents: false,
      handleProtocols: (offered, request) =>
        isPlain(request)
          ? selectSubprotocol(offered, takesMessagePack)
          : (offered.values().next().value ?? false),
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
    corkUntilEndOfTurn(socket);
    // Before ws listens to the TCP socket: a list that ever had three listeners keeps room for 19.
    releaseResponse(request);
    if (isSse(request)) {
      // engine.io only passes it on, to `SseTransport`.
      callback(socket as unknown as BoundedWebSocket, request);
      return;
    }
    super.handleUpgrade(request, socket, head, (client, upgraded) => {
      if (isPlain(request)) plain.add(client);
      if (queryOf(request).sid) {
        probing.add(client);
        client.on('message', onProbe);
      }
      callback(client, upgraded);
    });
  }
}

/** Makes a class that calls `listener`. A listener on each client would cost memory. */
function reporting(listener: UncountedFrameListener): typeof BoundedWebSocket {
  return class extends BoundedWebSocket {
    override onUncountedFrame(): void {
      listener(this);
    }
  };
}

/** One function serves all WebSockets. It gets each message before engine.io does. */
function onProbe(this: WebSocket, data: unknown): void {
  if (String(data) === UPGRADE_PACKET) {
    probing.delete(this);
    this.off('message', onProbe);
  } else if (this instanceof BoundedWebSocket) {
    this.onUncountedFrame();
  }
}
