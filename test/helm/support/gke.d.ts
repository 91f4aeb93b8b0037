/**
 * The parts of GKE's policies (networking.gke.io/v1) that the value files use, from its API reference,
 * because no package contains them. Fields that are missing here are rejected. To use such a field,
 * look it up and add it here.
 */
interface Policy<K extends string, Default> {
  apiVersion: 'networking.gke.io/v1';
  kind: K;
  metadata: { name: string; labels?: Record<string, string> };
  spec: { targetRef: { group: ''; kind: 'Service'; name: string }; default: Default };
}

export type IHealthCheckPolicy = Policy<
  'HealthCheckPolicy',
  {
    checkIntervalSec?: number;
    timeoutSec?: number;
    healthyThreshold?: number;
    unhealthyThreshold?: number;
    config: {
      type: 'HTTP' | 'HTTPS';
      httpHealthCheck?: {
        portSpecification?: 'USE_FIXED_PORT' | 'USE_SERVING_PORT';
        port?: number;
        requestPath?: string;
      };
      httpsHealthCheck?: {
        portSpecification?: 'USE_FIXED_PORT' | 'USE_SERVING_PORT';
        port?: number;
        requestPath?: string;
      };
    };
  }
>;

export type IGCPBackendPolicy = Policy<
  'GCPBackendPolicy',
  {
    timeoutSec?: number;
    connectionDraining?: { drainingTimeoutSec: number };
    sessionAffinity?: { type: 'CLIENT_IP' | 'GENERATED_COOKIE' | 'NONE'; cookieTtlSec?: number };
  }
>;
