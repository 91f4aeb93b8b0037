import type { GatewayConfig } from './gateway-config.js';

/** The options in the form that the cors package, Nest and Socket.IO accept. */
interface CorsOptions {
  readonly origin:
    | '*'
    | true
    | ((origin: string | undefined, decide: (error: Error | null, allow?: boolean) => void) => void);
  readonly credentials: boolean;
}

/**
 * Decides which pages may read HTTP and long-polling responses. Socket.IO and Express take the same
 * options.
 */
export function corsOptions({
  origins,
  corsCredentials: credentials,
}: Pick<GatewayConfig, 'origins' | 'corsCredentials'>): CorsOptions {
  // Browsers do not accept `*` with credentials, so in that case the origin is echoed.
  if (origins.any) return { origin: credentials ? true : '*', credentials };
  return {
    origin: (origin, decide) => decide(null, origin !== undefined && origins.allows(origin, undefined)),
    credentials,
  };
}
