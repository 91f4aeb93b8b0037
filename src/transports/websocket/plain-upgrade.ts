import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HandshakeOptions } from '../../contract/index.js';
import { type HandshakeQuery, queryOf, setQuery } from '../socket-io/engine-io-internals.js';

/** The name of plain WebSockets in `TRANSPORTS`. `websocket` is the WebSocket of Socket.IO. */
export const PLAIN_WEBSOCKET = 'plain-websocket';

/** Where plain WebSockets connect to. */
export const PLAIN_WEBSOCKET_PATH = '/ws';

/** The subprotocol: one JSON text for each message. */
export const JSON_SUBPROTOCOL = 'deltastream.v1';

/** The subprotocol in which each message is one value of MessagePack. */
export const MESSAGEPACK_SUBPROTOCOL = 'deltastream.v1.msgpack';

/** Begins the entry of the subprotocol list with which pages of browsers send their token. */
const BEARER = 'bearer.';

const PATH = /^\/ws\/?(?:\?|$)/;

/**
 * The query with which a plain WebSocket passes through engine.io. It is compared by identity, so
 * that a request on the path of Socket.IO cannot claim to be one.
 */
const QUERY: HandshakeQuery = Object.freeze({ EIO: '4', transport: PLAIN_WEBSOCKET });

export function isPlainPath(url: string | undefined): boolean {
  return url !== undefined && PATH.test(url);
}

/** Makes a request count as that of a plain WebSocket, whatever query its client sent. */
export function markPlain(request: IncomingMessage): void {
  setQuery(request, QUERY);
}

export function isPlain(request: IncomingMessage): boolean {
  return queryOf(request) === QUERY;
}

/**
 * The subprotocol to agree on, which is the first one of the client's list that the gateway speaks;
 * false if there is none. Never one with a token in it: the response would repeat the token.
 */
export function selectSubprotocol(offered: ReadonlySet<string>, takesMessagePack: boolean): string | false {
  for (const name of offered) {
    if (name === JSON_SUBPROTOCOL || (takesMessagePack && name === MESSAGEPACK_SUBPROTOCOL)) return name;
  }
  return false;
}

/** The options of the handshake that the query may have. */
const OPTIONS: ReadonlySet<string> = new Set([
  'statuses',
  'general',
  'latency_probe',
] satisfies (keyof HandshakeOptions)[]);

/** What a client sent with its upgrade request. It has the form of `auth` of Socket.IO clients. */
export interface UpgradeAuth {
  readonly auth: Readonly<Record<string, string>>;
  /** Whether it sent a token, here or in the `Authorization` header. */
  readonly hasToken: boolean;
}

/** Reads the options from the query, but never a token: every proxy on the way logs URLs. */
export function authOf({ url = '', headers }: IncomingMessage): UpgradeAuth {
  const { searchParams } = new URL(url, 'http://localhost');
  const offered = headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? [];
  const token = offered.find((name) => name.startsWith(BEARER))?.slice(BEARER.length);
  return {
    auth: {
      ...Object.fromEntries([...searchParams].filter(([name]) => OPTIONS.has(name))),
      ...(token !== undefined && { token }),
    },
    hasToken: token !== undefined || /^Bearer\b/i.test(headers.authorization ?? ''),
  };
}

/** Answers a request to the path of plain WebSockets that is no upgrade. */
export function askForUpgrade(
  request: IncomingMessage & { readonly originalUrl?: string },
  response: ServerResponse,
  next: () => void,
): void {
  if (!isPlainPath(request.originalUrl ?? request.url)) {
    next();
    return;
  }
  const message = 'Connect to this path with a WebSocket.';
  response.writeHead(426, { 'Content-Type': 'application/json', Connection: 'close', Upgrade: 'websocket' });
  response.end(JSON.stringify({ statusCode: 426, message }));
}
