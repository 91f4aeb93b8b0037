import type { IBackendTLSPolicy } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/BackendTLSPolicy';
import type { IHTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute';
import type { IScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import type { IPodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import type { IPrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import type { IServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import type { IIngress } from 'kubernetes-models/networking.k8s.io/v1/Ingress';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { IPod } from 'kubernetes-models/v1/Pod';
import type { ISecret } from 'kubernetes-models/v1/Secret';
import type { IService } from 'kubernetes-models/v1/Service';
import type { IServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import type { IBackendTrafficPolicy } from './envoy-gateway.js';
import type { IGCPBackendPolicy, IHealthCheckPolicy } from './gke.js';

/**
 * `T` as a test reads it: every field is present, and a list has a first element. Almost every
 * field of Kubernetes is optional, and a test that reads a field which was not rendered fails
 * anyway. A test of a field that may be missing uses `?.` or `??`.
 */
export type Present<T> = T extends readonly (infer Item)[]
  ? [Present<Item>, ...Present<Item>[]]
  : T extends object
    ? { [Field in keyof T]-?: Present<NonNullable<T[Field]>> }
    : T;

/**
 * The kinds that the chart creates, and Secrets, which it does not create. `check-manifests` uses
 * the same types.
 */
type AnyManifest =
  | IBackendTLSPolicy
  | IBackendTrafficPolicy
  | IConfigMap
  | IDeployment
  | IGCPBackendPolicy
  | IHTTPRoute
  | IHealthCheckPolicy
  | IHorizontalPodAutoscaler
  | IIngress
  | INetworkPolicy
  | IPod
  | IPodDisruptionBudget
  | IPodMonitor
  | IPrometheusRule
  | IScaledObject
  | ISecret
  | IService
  | IServiceAccount
  | IServiceMonitor;

/** The type of each kind, by its name. */
export type Kinds = { [One in AnyManifest as One['kind']]: Present<One> };
export type Kind = keyof Kinds;
export type Manifest = Kinds[Kind];

export function isOf<K extends Kind>(object: { readonly kind: string }, kind: K): object is Kinds[K] {
  return object.kind === kind;
}
