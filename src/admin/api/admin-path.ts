import type { GatewayConfig } from '../../config/gateway-config.js';

/** The start of the paths of the admin API. Express ignores the case of paths. */
const ADMIN_PATH = '/admin/';

export function isAdminPath(url = ''): boolean {
  return url.slice(0, ADMIN_PATH.length).toLowerCase() === ADMIN_PATH;
}

/** The largest body of a request, in the notation of Express. */
export const MAX_ADMIN_BODY = '16kb';

/** Whether the admin API is served: only on a port of its own, and only with a token. */
export function hasAdminApi({
  adminPort,
  adminToken,
}: Pick<GatewayConfig, 'adminPort' | 'adminToken'>): boolean {
  return adminPort !== undefined && adminToken !== undefined;
}
