import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import helmet from 'helmet';
import type { GatewayConfig } from '../config/gateway-config.js';

const YEAR_SECONDS = 31_536_000;

/**
 * In production browsers are told to come by TLS alone from then on; over plain HTTP they do not listen to that. Not for what
 * is below this host: that is not this service's to decide.
 */
const HSTS = { maxAge: YEAR_SECONDS, includeSubDomains: false } as const;

type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** What a page runs and loads is what this service itself serves, nothing else, and nobody may frame it. */
const POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'"],
  connectSrc: ["'self'"], // the WebSocket of the same host included
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
} as const;

/**
 * Headers of pages and of answers for operators. No `upgrade-insecure-requests`: on a laptop there is no TLS to upgrade to.
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
 * Headers of what engine.io and Socket.IO answer, before Express sees it. Pages of other origins load the client library by
 * script tag, which `Cross-Origin-Resource-Policy` has to allow; who may read polls is `CORS_ORIGINS`' to say.
 * A few fixed ones, for a polling client makes a request for every update.
 */
export function transportHeaders({ production }: Pick<GatewayConfig, 'production'>): RequestListener {
  return (_request, response) => {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    if (production) response.setHeader('Strict-Transport-Security', `max-age=${YEAR_SECONDS}`);
  };
}

/**
 * The policy of the page at `/docs` alone: AsyncAPI's parser, in the renderer's bundle, compiles the schemas it checks by as it
 * is loaded (`eval`). What is compiled comes from the bundle and the document, nothing of it from a request or a client.
 */
export const DOCS_POLICY = Object.entries({ ...POLICY, scriptSrc: [...POLICY.scriptSrc, "'unsafe-eval'"] })
  .map(
    ([name, sources]) =>
      `${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${sources.join(' ')}`,
  )
  .join(';');
