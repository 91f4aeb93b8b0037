import type { IncomingMessage } from 'node:http';
import { offersWebSocket } from '../http/upgrade-requests.js';
import { isParsedByWs, queryOf } from '../transports/socket-io/engine-io-internals.js';
import { isPlain, PLAIN_WEBSOCKET } from '../transports/websocket/plain-upgrade.js';
import type { RoomLimits } from '../transports/sse/room-list.js';
import { isSse, readSseRequest, SSE } from '../transports/sse/sse-request.js';
import { type HandshakeResponse, invalidResponse, malformedResponse } from './handshake-rejection.js';

const PROTOCOL = '4';
const WEBSOCKET_KEY = /^[+/0-9A-Za-z]{22}==$/;
const WEBSOCKET_VERSIONS = ['13', '8'];
/** Tabs and printable characters: the header values that engine.io and Node accept. */
const HEADER_TEXT = /^[\t\x20-\x7e\x80-\xff]*$/;

/** engine.io's own codes and messages, so that clients see the same errors as from engine.io. */
const UNKNOWN_TRANSPORT = malformedResponse(0, 'Transport unknown');
const BAD_METHOD = malformedResponse(2, 'Bad handshake method');
const BAD_REQUEST = malformedResponse(3, 'Bad request');
const UNSUPPORTED_PROTOCOL = malformedResponse(5, 'Unsupported protocol version');

/**
 * Returns the response to a handshake that engine.io or ws would reject in any case; undefined if
 * they would accept it. The gateway checks this before the request takes a place in the queue or a
 * part of its address's quota. Otherwise, clients that send malformed requests would use up the
 * capacity meant for others.
 * @param isUpgrade whether the request is an HTTP upgrade, or was handed over like one
 */
export function malformedHandshake(
  request: IncomingMessage,
  isUpgrade: boolean,
  transports: readonly string[],
  limits: RoomLimits,
): HandshakeResponse | undefined {
  const { method, headers } = request;
  const query = queryOf(request);
  const { transport = '' } = query;
  if (isSse(request)) {
    if (!hasOriginText(headers)) return BAD_REQUEST;
    const asked = readSseRequest(request, limits);
    return 'problem' in asked ? invalidResponse(asked) : undefined;
  }
  if (isPlain(request)) {
    if (method !== 'GET') return BAD_METHOD;
    return isWebSocketUpgrade(headers) && hasOriginText(headers) ? undefined : BAD_REQUEST;
  }
  if (transport === PLAIN_WEBSOCKET || transport === SSE || !transports.includes(transport))
    return UNKNOWN_TRANSPORT;
  if (method !== 'GET') return BAD_METHOD;
  if (query.EIO !== PROTOCOL) return UNSUPPORTED_PROTOCOL;
  if ((transport === 'websocket') !== isUpgrade) return BAD_REQUEST;
  if (!hasOriginText(headers)) return BAD_REQUEST;
  return isUpgrade && !isWebSocketUpgrade(headers) ? BAD_REQUEST : undefined;
}

/**
 * The answer to an upgrade of a session that engine.io would only reject when the WebSocket is
 * open, where the client can no longer read why; undefined if engine.io accepts it.
 * @param mayBeUpgraded whether a WebSocket may take over the session now
 */
export function malformedUpgrade(
  request: IncomingMessage,
  transports: readonly string[],
  mayBeUpgraded: boolean,
): HandshakeResponse | undefined {
  const { transport = '', EIO } = queryOf(request);
  if (!transports.includes(transport)) return UNKNOWN_TRANSPORT;
  if (EIO !== PROTOCOL) return UNSUPPORTED_PROTOCOL;
  if (transport !== 'websocket' || !mayBeUpgraded) return BAD_REQUEST;
  return isWebSocketUpgrade(request.headers) ? undefined : BAD_REQUEST;
}

function hasOriginText({ origin }: IncomingMessage['headers']): boolean {
  return origin === undefined || HEADER_TEXT.test(origin);
}

function isWebSocketUpgrade(headers: IncomingMessage['headers']): boolean {
  return (
    offersWebSocket(headers) &&
    WEBSOCKET_KEY.test(headers['sec-websocket-key'] ?? '') &&
    WEBSOCKET_VERSIONS.includes(headers['sec-websocket-version'] ?? '') &&
    isParsed('subprotocol', headers['sec-websocket-protocol']) &&
    isParsed('extension', headers['sec-websocket-extensions'])
  );
}

function isParsed(kind: 'extension' | 'subprotocol', header: string | undefined): boolean {
  return header === undefined || isParsedByWs(kind, header);
}
