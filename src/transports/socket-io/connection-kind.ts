import { SseTransport } from '../sse/sse-transport.js';
import { SSE } from '../sse/sse-request.js';
import { PLAIN_WEBSOCKET } from '../websocket/plain-upgrade.js';
import { PlainWebSocketTransport } from '../websocket/plain-websocket-transport.js';
import type { Connection } from './engine-io-internals.js';
import { usesMessagePack } from './messagepack-clients.js';

/** How clients are connected, by the names that the setting `TRANSPORTS` has for them. */
export type TransportName = 'websocket' | 'polling' | 'plain-websocket' | 'sse';
export const TRANSPORT_NAMES = [
  'websocket',
  'polling',
  PLAIN_WEBSOCKET,
  SSE,
] as const satisfies readonly TransportName[];

/**
 * How a client is connected at the moment. engine.io takes the gateway's own transports for
 * WebSockets.
 */
export function transportOf({ transport }: Connection): TransportName {
  if (transport instanceof PlainWebSocketTransport) return PLAIN_WEBSOCKET;
  if (transport instanceof SseTransport) return SSE;
  return transport.name === 'polling' ? 'polling' : 'websocket';
}

/** How the messages of a client are encoded. */
export function encodingOf(connection: Connection): 'json' | 'messagepack' {
  const { transport } = connection;
  const isPacked =
    transport instanceof PlainWebSocketTransport ? transport.usesMessagePack : usesMessagePack(connection);
  return isPacked ? 'messagepack' : 'json';
}
