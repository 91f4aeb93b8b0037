/**
 * What the chart uses of Envoy Gateway's BackendTrafficPolicy (gateway.envoyproxy.io/v1alpha1), from its API reference, since no package
 * has it. Fields that it has and the chart does not use are left out, and so refused: whoever uses one adds it here, after looking it up.
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
