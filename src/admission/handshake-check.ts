import type { IncomingMessage } from 'node:http';
import * as ws from 'ws';
import { type HandshakeResponse, malformedResponse } from './handshake-rejection.js';

/** As engine.io hands it to a middleware: its parameters are read. */
export interface HandshakeRequest extends IncomingMessage {
  readonly _query?: Readonly<Record<string, string | undefined>>;
}

interface HeaderParser {
  parse(header: string): unknown;
}

/** ws' own parsers. They are exported, but missing in its types; without them ws rejects such a handshake a little later. */
const { extension, subprotocol } = ws as unknown as {
  readonly extension?: HeaderParser;
  readonly subprotocol?: HeaderParser;
};

const PROTOCOL = '4';
const WEBSOCKET_KEY = /^[+/0-9A-Za-z]{22}==$/;
const WEBSOCKET_VERSIONS = ['13', '8'];
/** Tabs, and everything printable: what engine.io and Node take for a header's value. */
const HEADER_TEXT = /^[\t\x20-\x7e\x80-\xff]*$/;

/** engine.io's codes and sentences. */
const UNKNOWN_TRANSPORT = malformedResponse(0, 'Transport unknown');
const BAD_METHOD = malformedResponse(2, 'Bad handshake method');
const BAD_REQUEST = malformedResponse(3, 'Bad request');
const UNSUPPORTED_PROTOCOL = malformedResponse(5, 'Unsupported protocol version');

/**
 * What a request for a new session is answered if engine.io or ws would reject it whatever the gateway does; undefined if they would not.
 * It is checked before the request takes a place among those that wait, or a handshake of its address: otherwise clients that send nonsense
 * would use up what is meant for others.
 * @param isUpgrade whether it came as an HTTP upgrade
 */
export function malformedHandshake(
  { method, headers, _query: query = {} }: HandshakeRequest,
  isUpgrade: boolean,
  transports: readonly string[],
): HandshakeResponse | undefined {
  const { transport = '' } = query;
  if (!transports.includes(transport)) return UNKNOWN_TRANSPORT;
  if (method !== 'GET') return BAD_METHOD;
  if (query.EIO !== PROTOCOL) return UNSUPPORTED_PROTOCOL;
  if ((transport === 'websocket') !== isUpgrade) return BAD_REQUEST;
  if (headers.origin !== undefined && !HEADER_TEXT.test(headers.origin)) return BAD_REQUEST;
  return isUpgrade && !isWebSocketUpgrade(headers) ? BAD_REQUEST : undefined;
}

function isWebSocketUpgrade(headers: IncomingMessage['headers']): boolean {
  return (
    headers.upgrade?.toLowerCase() === 'websocket' &&
    WEBSOCKET_KEY.test(headers['sec-websocket-key'] ?? '') &&
    WEBSOCKET_VERSIONS.includes(headers['sec-websocket-version'] ?? '') &&
    parses(subprotocol, headers['sec-websocket-protocol']) &&
    parses(extension, headers['sec-websocket-extensions'])
  );
}

function parses(parser: HeaderParser | undefined, header: string | undefined): boolean {
  if (parser === undefined || header === undefined) return true;
  try {
    parser.parse(header);
    return true;
  } catch {
    return false;
  }
}
