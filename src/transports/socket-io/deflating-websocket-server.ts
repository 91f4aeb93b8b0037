import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ServerOptions } from 'ws';
import {
  type BoundedWebSocket,
  BoundedWebSocketServer,
  type UncountedFrameListener,
} from './bounded-websocket-server.js';
import { deflateOf } from './engine-io-internals.js';

const EXTENSIONS = 'sec-websocket-extensions';

/**
 * Negotiates permessage-deflate for the frames that the fan-out engine deflates once for all, and never deflates itself:
 * without context takeover each message stands alone (RFC 7692, 7.1.1), and no message reaches the threshold.
 */
export class DeflatingWebSocketServer extends BoundedWebSocketServer {
  constructor(options: ServerOptions, onUncountedFrame?: UncountedFrameListener) {
    super(
      {
        ...options,
        perMessageDeflate: {
          threshold: Infinity,
          serverNoContextTakeover: true,
          clientNoContextTakeover: true,
        },
      },
      onUncountedFrame,
    );
  }

  /** A client that wants a smaller window cannot read what is deflated for all, and gets plain frames. */
  override handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: (client: BoundedWebSocket, request: IncomingMessage) => void,
  ): void {
    const offered = request.headers[EXTENSIONS];
    if (typeof offered === 'string' && offered.includes('server_max_window_bits')) {
      delete request.headers[EXTENSIONS];
    }
    super.handleUpgrade(request, socket, head, (client, upgraded) => {
      freeInflaterBetweenMessages(client);
      callback(client, upgraded);
    });
  }
}

/**
 * ws keeps the window it inflated a client's first compressed message with, some 50 KB, for as long as the connection
 * lives, though without context takeover nothing of it is used again.
 */
function freeInflaterBetweenMessages(client: BoundedWebSocket): void {
  const deflate = deflateOf(client);
  if (deflate) client.on('message', () => deflate.cleanup());
}
