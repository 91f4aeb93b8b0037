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
 * Negotiates permessage-deflate for the frames that the fan-out engine compresses once for all
 * clients. That is possible because without context takeover each message is compressed
 * independently (RFC 7692, 7.1.1). ws itself never compresses: its threshold is infinite.
 */
export class DeflatingWebSocketServer extends BoundedWebSocketServer {
  constructor(options: ServerOptions, onUncountedFrame?: UncountedFrameListener, takesMessagePack?: boolean) {
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
      takesMessagePack,
    );
  }

  /** A client that requests a smaller window cannot read the shared frames, and gets plain ones. */
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
 * Frees a client's inflater after each message. ws would keep it, some 50 KB, as long as the
 * connection lives, although without context takeover its window is not used again.
 */
function freeInflaterBetweenMessages(client: BoundedWebSocket): void {
  const deflate = deflateOf(client);
  if (deflate) client.on('message', () => deflate.cleanup());
}
