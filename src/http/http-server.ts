import { createServer, type RequestListener, type Server as HttpServer, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https';
import type { TlsPair } from '../config/tls-files.js';

/** Has all its headers by then: they are a few hundred bytes, and come in one piece from every real client. */
const HEADERS_TIMEOUT_MS = 10_000;

/**
 * Has its whole request by then. The largest there is, a polling client's packets of `MAX_PAYLOAD_BYTES`, takes a slow
 * mobile network half of it. What the gateway takes to answer does not count: a poll may wait for as long as it likes.
 */
const REQUEST_TIMEOUT_MS = 30_000;

/** How often Node looks for who is late; 30 s by its default, in which a slow client would have three times its time. */
const CONNECTIONS_CHECK_MS = 2_000;

/**
 * Longer than load balancers keep an idle connection (60 s by the defaults of nginx and AWS): they must be the ones to close
 * it, or a request that crosses with the closing is answered 502.
 */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

/**
 * After so long without a byte, beyond the longest that a poll waits for its answer, a connection is cut whose answer is not read:
 * Node would keep it, and all that is written for it, for ever. Not for WebSockets, which end with their pings.
 */
const UNREAD_TIMEOUT_MS = 30_000;

/** A token, cookies of other services and what a few proxies add fit in; Node would take 2,000 headers. */
const MAX_HEADER_BYTES = 16_384;
const MAX_HEADERS = 100;

/** A TLS handshake takes three round trips; Node would wait two minutes. */
const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;
const TLS_MIN_VERSION = 'TLSv1.2';

/**
 * Against clients that hold a connection by saying nothing, or little: each has its time, after which it is cut. They are
 * constants and not settings, for no operator knows more about them than what is written here.
 */
const BOUNDS = {
  headersTimeout: HEADERS_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
  keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  maxHeaderSize: MAX_HEADER_BYTES,
} as const satisfies ServerOptions;

/** @param longestPollMs what a request may have to wait for its answer */
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

/** What a server of that certificate is to have; of a running one too, which forgets what it is not told again. */
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
