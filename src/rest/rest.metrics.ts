import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { MetricsGroup } from '../metrics/metrics-group.js';
import { STATUS_OF } from './rest-error.js';

/** The routes of the HTTP API, as patterns of Express. */
export const ROUTES = [
  '/v1/products',
  '/v1/prices',
  '/v1/chains/:symbol',
  '/v1/chains/:symbol/expiries',
  '/v1/chains/:symbol/:expiry',
  '/v1/history/prices/:symbol',
  '/v1/history/chains/:symbol/:expiry',
  '/v1/history/openings/:symbol/:expiry',
] as const;

const OTHER = 'other';
const STATUSES = [...new Set<number>([200, 304, ...Object.values(STATUS_OF)])].map(String);

const KNOWN_ROUTES: ReadonlySet<string> = new Set(ROUTES);
const KNOWN_STATUSES: ReadonlySet<string> = new Set(STATUSES);

/** Counts the requests of the HTTP API. */
@Injectable()
export class RestMetrics extends MetricsGroup {
  private readonly requests = this.counter('rest_requests_total', 'Requests of the HTTP API below /v1.', {
    route: [...ROUTES, OTHER],
    status: [...STATUSES, OTHER],
  });

  /** Bodies that are being sent, bytes. */
  readonly unsentBytes = this.gauge(
    'rest_unsent_bytes',
    'Bytes of responses of the HTTP API whose clients have not taken them yet.',
  );

  /** Call this once for each request, with the status of its response. */
  count({ route }: Pick<Request, 'route'>, status: number): void {
    const path = pathOf(route);
    this.requests.inc({
      route: path !== undefined && KNOWN_ROUTES.has(path) ? path : OTHER,
      status: KNOWN_STATUSES.has(String(status)) ? String(status) : OTHER,
    });
  }
}

/** Express declares the route of a request as `any`. */
function pathOf(route: unknown): string | undefined {
  return (route as { readonly path: string } | undefined)?.path;
}
