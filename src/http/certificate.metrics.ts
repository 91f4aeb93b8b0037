import { Injectable } from '@nestjs/common';
import { MetricsGroup } from '../metrics/metrics-group.js';

/** The TLS certificate in use. */
@Injectable()
export class CertificateMetrics extends MetricsGroup {
  readonly certificateEnds = this.gauge(
    'certificate_expires_timestamp_seconds',
    'When the TLS certificate in use ends, seconds since the epoch; 0 where the gateway has none.',
  );
}
