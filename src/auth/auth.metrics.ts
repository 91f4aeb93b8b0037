import { Injectable } from '@nestjs/common';
import { CONNECT_ERROR_CODES } from '../contract/index.js';
import { MetricsGroup } from '../metrics/metrics-group.js';

/** Authentication of clients, and revocations. */
@Injectable()
export class AuthMetrics extends MetricsGroup {
  readonly keysMissing = this.gauge(
    'keys_missing',
    '1 while no keys of JWT_JWKS_URL have been fetched: this replica is not ready.',
    [],
    'max',
  );
  readonly authenticated = this.gauge('authenticated_clients', 'Clients that are here by a token.');
  readonly authentications = this.counter(
    'authentications_total',
    'Clients that entered, or did not, tokens refreshed in place, and requests of the HTTP API.',
    { at: ['connect', 'refresh', 'request'], result: ['token', 'anonymous', ...CONNECT_ERROR_CODES] },
  );
  readonly revocations = this.counter('revocations_total', 'Messages of the revocation channel.', {
    kind: ['user', 'token', 'rejected'],
  });
}
