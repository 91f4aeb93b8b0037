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

/**
 * Headers of pages and of answers for operators: a page runs and loads what this service itself serves, nothing else, and
 * nobody may frame it. No `upgrade-insecure-requests`: on a laptop there is no TLS to upgrade to.
 */
export function pageHeaders({ production }: Pick<GatewayConfig, 'production'>): Middleware {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"], // the WebSocket of the same host included
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
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
