import { createServer, type RequestListener, type Server as HttpServer, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https';
import type { TlsPair } from '../config/tls-files.js';
import { RequestWithPlainUpgrades } from './upgrade-requests.js';

/**
 * The time limit for the headers of a request. They are a few hundred bytes, which real clients
 * send in one piece.
 */
const HEADERS_TIMEOUT_MS = 10_000;

/**
 * The time limit for a whole request. The largest one, a polling client that sends packets of
 * `MAX_PAYLOAD_BYTES`, takes about half of this time on a slow mobile network. The time until the
 * response does not count, so a poll may wait longer.
 */
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * The time between two checks of these limits. With the default of 30 s, a slow client could keep a
 * connection for several times its limit.
 */
const CONNECTIONS_CHECK_MS = 2_000;

/**
 * Longer than load balancers keep an idle connection (60 s by default in nginx and AWS). The load
 * balancer must be the one that closes it. Otherwise a request that is sent while the gateway
 * closes the connection fails with a 502.
 */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

/**
 * The time without any bytes, in addition to the longest poll, after which a connection is closed
 * if its client does not read the response. Without it, Node would keep the connection and its
 * unsent data for ever. It does not apply to WebSockets, which the ping timeout closes.
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
  keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  maxHeaderSize: MAX_HEADER_BYTES,
  IncomingMessage: RequestWithPlainUpgrades,
} as const satisfies ServerOptions<typeof RequestWithPlainUpgrades>;

/** @param longestPollMs the longest time that a request may wait for its response, ms */
export function createHttpServer(listener: RequestListener, longestPollMs: number): HttpServer {
  return bounded(createServer(BOUNDS, listener), longestPollMs);
}

export function createHttpsServer(
  listener: RequestListener,
  longestPollMs: number,
  pair: TlsPair,
): HttpsServer {
  const options = { ...BOUNDS, ...secureContext(pair), handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS };
  return bounded(createTlsServer(options, listener), longestPollMs);
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

function bounded<S extends HttpServer | HttpsServer>(server: S, longestPollMs: number): S {
  server.maxHeadersCount = MAX_HEADERS;
  server.timeout = longestPollMs + UNREAD_TIMEOUT_MS;
  return server;
}
