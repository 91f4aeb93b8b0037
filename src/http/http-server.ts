import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server as HttpServer,
  type ServerOptions,
} from 'node:http';
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https';
import type { TlsPair } from '../config/tls-files.js';
import { requestsHandedOver, RequestWithPlainUpgrades } from './upgrade-requests.js';

/**
 * The time limit for the headers of a request. They are a few hundred bytes, which real clients
 * send in one piece.
 */
const HEADERS_TIMEOUT_MS = 10_000;

/**
 * The time limit for a whole request. A polling client that sends `MAX_PAYLOAD_BYTES` takes about
 * half of this time on a slow mobile network, and so does one that subscribes to a thousand rooms
 * one by one. The time until the response does not count, so a poll may wait longer.
 */
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * The time between two checks of these limits. With the default of 30 s, a slow client could keep a
 * connection for several times its limit.
 */
const CONNECTIONS_CHECK_MS = 2_000;

/**
 * After so long without a byte, beyond the longest that a poll waits for its answer, a connection
 * is cut whose answer is not read: Node would keep it, and all that is written for it, for ever.
 * Not for WebSockets, which end with their pings.
 */
const UNREAD_TIMEOUT_MS = 30_000;

/**
 * Enough for a token, cookies of other services and the headers of a few proxies. Node would accept
 * 2,000 headers.
 */
const MAX_HEADER_BYTES = 16_384;
const MAX_HEADERS = 100;

/** A TLS handshake takes three round trips. The default of Node is two minutes. */
const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;
const TLS_MIN_VERSION = 'TLSv1.2';

/**
 * Limits against clients that keep a connection open but send nothing, or little: the connection is
 * closed when the time is over. These are constants instead of settings, because no deployment
 * needs other values.
 */
const BOUNDS = {
  headersTimeout: HEADERS_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
  maxHeaderSize: MAX_HEADER_BYTES,
  IncomingMessage: RequestWithPlainUpgrades,
} as const satisfies ServerOptions<typeof RequestWithPlainUpgrades>;

/** What differs between gateways. */
export interface HttpTimes {
  /** What a request may have to wait for its answer. */
  readonly longestPollMs: number;
  /** How long a connection without a request is kept. */
  readonly keepAliveMs: number;
}

/** Which requests are given to the `upgrade` listeners although they ask for no upgrade. */
export type IsHandedOver = (request: IncomingMessage) => boolean;

export function createHttpServer(
  listener: RequestListener,
  times: HttpTimes,
  isHandedOver?: IsHandedOver,
): HttpServer {
  return bounded(createServer(boundsFor(isHandedOver), listener), times);
}

export function createHttpsServer(
  listener: RequestListener,
  times: HttpTimes,
  pair: TlsPair,
  isHandedOver?: IsHandedOver,
): HttpsServer {
  const options = {
    ...boundsFor(isHandedOver),
    ...secureContext(pair),
    handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS,
  };
  return bounded(createTlsServer(options, listener), times);
}

function boundsFor(isHandedOver: IsHandedOver | undefined): typeof BOUNDS {
  return isHandedOver ? { ...BOUNDS, IncomingMessage: requestsHandedOver(isHandedOver) } : BOUNDS;
}

/**
 * Returns the TLS options for a certificate. A running server needs all of them again at each
 * renewal, because it does not keep the old ones.
 */
export function secureContext({ cert, key }: TlsPair): {
  readonly cert: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.2';
} {
  return { cert, key, minVersion: TLS_MIN_VERSION };
}

function bounded<S extends HttpServer | HttpsServer>(
  server: S,
  { longestPollMs, keepAliveMs }: HttpTimes,
): S {
  server.keepAliveTimeout = keepAliveMs;
  server.maxHeadersCount = MAX_HEADERS;
  server.timeout = longestPollMs + UNREAD_TIMEOUT_MS;
  return server;
}
