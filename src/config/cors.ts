import type { GatewayConfig } from './gateway-config.js';

/** As the cors package, Nest's types and Socket.IO's understand it. */
interface CorsOptions {
  readonly origin:
    | '*'
    | true
    | ((origin: string | undefined, decide: (error: Error | null, allow?: boolean) => void) => void);
  readonly credentials: boolean;
}

/** Which pages may read answers of HTTP and long-polling; Socket.IO and Express take the same options. */
export function corsOptions({
  origins,
  corsCredentials: credentials,
}: Pick<GatewayConfig, 'origins' | 'corsCredentials'>): CorsOptions {
  // With credentials browsers do not take `*`; the origin is named then.
  if (origins.any) return { origin: credentials ? true : '*', credentials };
  return {
    origin: (origin, decide) => decide(null, origin !== undefined && origins.allows(origin, undefined)),
    credentials,
  };
}
