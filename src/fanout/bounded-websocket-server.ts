import { Socket as TcpSocket } from 'node:net';
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws';

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

/** Pongs held back until what waits for their client has gone out: the last one of each alone. */
const owed = new WeakMap<WebSocket, Buffer>();

/**
 * Answers pings as long as the answers go out. ws would queue an answer to each ping of a client that does not read them, until
 * memory ends; one to the latest is enough (RFC 6455, 5.5.3), and it is sent when the TCP socket has drained.
 *
 * A class, and not listeners, because it costs nothing per client.
 */
export class BoundedWebSocket extends WebSocket {
  override pong(data?: unknown, mask?: boolean, callback?: (error: Error) => void): void {
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
}

/** ws' `_socket`; pinned by a test. */
function tcpSocketOf(client: WebSocket): TcpSocket | undefined {
  const { _socket: socket } = client as unknown as { readonly _socket?: unknown };
  return socket instanceof TcpSocket ? socket : undefined;
}

/** ws with bounds on what one client can make it keep. engine.io adds `maxPayload`, `MAX_PAYLOAD_BYTES`. */
export class BoundedWebSocketServer extends WebSocketServer<typeof BoundedWebSocket> {
  constructor(options: ServerOptions) {
    // `closeTimeout` is missing in the types of ws.
    const bounded: ServerOptions<typeof BoundedWebSocket> & { readonly closeTimeout: number } = {
      ...options,
      WebSocket: BoundedWebSocket,
      closeTimeout: CLOSE_TIMEOUT_MS,
      skipUTF8Validation: false,
      maxFragments: MAX_FRAGMENTS,
      maxBufferedChunks: Math.max(
        MAX_PIECES_OF_SHORT_FRAME,
        Math.ceil((options.maxPayload ?? 0) / MIN_PIECE_BYTES),
      ),
    };
    super(bounded);
  }
}
