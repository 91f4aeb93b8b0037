import type { Socket as TcpSocket } from 'node:net';
import { CLOSINGS, type ClosingCode } from '../../contract/index.js';
import { type Connection, tcpSocketOf, type TransportWebSocket, webSocketOf } from './engine-io-internals.js';

/** What lets a link write to the TCP socket of a transport, between what the transport writes. */
export interface Channel {
  readonly tcp: TcpSocket | undefined;
  /** Whether the link may write. */
  readonly isOpen: boolean;
  /** Whether the client reads compressed messages. */
  readonly isCompressed: boolean;
  /** What keeps a link from writing at any time; undefined if nothing does. */
  readonly problem: string | undefined;
  /** Tells the client why its connection is about to be closed, if the transport can. */
  closeWith(code: ClosingCode): void;
}

/** WebSocket's readyState while it is open. */
const OPEN = 1;

class WebSocketChannel implements Channel {
  readonly tcp: TcpSocket | undefined;

  constructor(private readonly webSocket: TransportWebSocket) {
    this.tcp = tcpSocketOf(webSocket);
  }

  get isOpen(): boolean {
    return this.webSocket.readyState === OPEN;
  }

  get isCompressed(): boolean {
    const { extensions } = this.webSocket;
    return typeof extensions === 'string' && extensions.includes('permessage-deflate');
  }

  get problem(): string | undefined {
    if (!this.tcp) return "the WebSocket's TCP socket was not found";
    return typeof this.webSocket.readyState === 'number' ? undefined : 'the WebSocket has no readyState';
  }

  closeWith(code: ClosingCode): void {
    this.webSocket.close?.(CLOSINGS[code].closeCode, code);
  }
}

/** The channel of a connection; undefined if its transport is long-polling. */
export function channelOf(connection: Connection): Channel | undefined {
  const { transport } = connection;
  if (hasChannel(transport)) return transport.channel;
  if (transport.name !== 'websocket') return undefined;
  return new WebSocketChannel(webSocketOf(connection) ?? {});
}

/** Transports of the gateway say themselves how they are written to. */
function hasChannel(transport: object): transport is { readonly channel: Channel } {
  return 'channel' in transport;
}
