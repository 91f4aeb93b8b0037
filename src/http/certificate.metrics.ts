import { Injectable } from '@nestjs/common';
import { MetricsGroup } from '../metrics/metrics-group.js';

/** Metrics of the TLS certificate in use. */
@Injectable()
export class CertificateMetrics extends MetricsGroup {
  readonly certificateEnds = this.gauge(
    'certificate_expires_timestamp_seconds',
    'When the TLS certificate in use expires, seconds since the epoch; 0 if the gateway has none.',
    [],
    'min',
  );
}
