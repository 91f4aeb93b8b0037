import { DEFAULT_SECRET_KEY } from '../../config/environment.js';
import type { GatewayConfig } from '../../config/gateway-config.js';

/** The start of the paths of the admin API. Express ignores the case of paths. */
const ADMIN_PATH = '/admin/';

export function isAdminPath(url = ''): boolean {
  return url.slice(0, ADMIN_PATH.length).toLowerCase() === ADMIN_PATH;
}

/** The largest body of a request, in the notation of Express. */
export const MAX_ADMIN_BODY = '16kb';

/**
 * Whether the admin API is served, and this replica does what others ask it for: only on a port of
 * its own, only with a token, and only with a secret that not everyone knows, because it signs what
 * replicas ask each other for.
 */
export function hasAdminApi({
  adminPort,
  adminToken,
  secretKey,
}: Pick<GatewayConfig, 'adminPort' | 'adminToken' | 'secretKey'>): boolean {
  return adminPort !== undefined && adminToken !== undefined && secretKey !== DEFAULT_SECRET_KEY;
}
