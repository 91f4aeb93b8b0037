import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import helmet from 'helmet';
import type { GatewayConfig } from '../config/gateway-config.js';

const YEAR_SECONDS = 31_536_000;

/**
 * In production, browsers are told to use only TLS from then on. Browsers ignore this header over
 * plain HTTP. Subdomains are not included, because other services may own them.
 */
const HSTS = { maxAge: YEAR_SECONDS, includeSubDomains: false } as const;

type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** Pages may only run and load files of this service, and no site may frame them. */
const POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'"],
  connectSrc: ["'self'"], // this includes the WebSocket of the same host
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
} as const;

/**
 * Returns the headers of pages and of responses for operators. There is no
 * `upgrade-insecure-requests`, because a development server has no TLS to upgrade to.
 */
export function pageHeaders({ production }: Pick<GatewayConfig, 'production'>): Middleware {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: POLICY,
    },
    strictTransportSecurity: production && HSTS,
    xFrameOptions: { action: 'deny' },
  });
}

/**
 * Sets the headers of responses of engine.io and Socket.IO, which Express does not see. Pages of
 * other origins load the client library with a script tag, so `Cross-Origin-Resource-Policy` must
 * allow that. `CORS_ORIGINS` decides which pages may read polls. The headers are few and fixed,
 * because a polling client makes a request for every update.
 */
export function transportHeaders({ production }: Pick<GatewayConfig, 'production'>): RequestListener {
  return (_request, response) => {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    if (production) response.setHeader('Strict-Transport-Security', `max-age=${YEAR_SECONDS}`);
  };
}

/**
 * The content security policy of the page at `/docs` only. The AsyncAPI parser in the bundle of the
 * renderer compiles JSON schemas with `eval` when it loads. It only compiles parts of the bundle
 * and the document, never input from a request or a client.
 */
export const DOCS_POLICY = Object.entries({ ...POLICY, scriptSrc: [...POLICY.scriptSrc, "'unsafe-eval'"] })
  .map(
    ([name, sources]) =>
      `${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${sources.join(' ')}`,
  )
  .join(';');
