/**
 * The part of Envoy Gateway's BackendTrafficPolicy (gateway.envoyproxy.io/v1alpha1) that the chart
 * uses, from its API reference, because no package contains it. Fields that the chart does not use
 * are missing, and therefore rejected. To use such a field, look it up and add it here.
 */
export interface IBackendTrafficPolicy {
  apiVersion: 'gateway.envoyproxy.io/v1alpha1';
  kind: 'BackendTrafficPolicy';
  metadata: { name: string; labels?: Record<string, string> };
  spec: {
    targetRefs: { group: 'gateway.networking.k8s.io'; kind: 'Gateway' | 'HTTPRoute'; name: string }[];
    loadBalancer?: {
      type: 'ConsistentHash' | 'LeastRequest' | 'Random' | 'RoundRobin';
      consistentHash?: {
        type: 'SourceIP' | 'Header' | 'Cookie';
        cookie?: { name: string; ttl?: string; attributes?: Record<string, string> };
      };
    };
    timeout?: {
      tcp?: { connectTimeout?: string };
      http?: { connectionIdleTimeout?: string; maxConnectionDuration?: string };
    };
    circuitBreaker?: {
      maxConnections?: number;
      maxPendingRequests?: number;
      maxParallelRequests?: number;
    };
  };
}
