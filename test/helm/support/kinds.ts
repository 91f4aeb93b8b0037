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

/**
 * `T` as a test reads it: what it asks for is there, of a list the first. Almost every field of Kubernetes' is optional, and a test that
 * asks for one which was not rendered fails by that. Where it may be missing, the test says so by `?.` or `??`.
 */
export type Present<T> = T extends readonly (infer Item)[]
  ? [Present<Item>, ...Present<Item>[]]
  : T extends object
    ? { [Field in keyof T]-?: Present<NonNullable<T[Field]>> }
    : T;

/** What the chart makes, and Secrets, of which it makes none. `check-manifests` holds each against the same types. */
type AnyManifest =
  | IBackendTLSPolicy
  | IBackendTrafficPolicy
  | IConfigMap
  | IDeployment
  | IHTTPRoute
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

/** Each kind's type, by its name. */
export type Kinds = { [One in AnyManifest as One['kind']]: Present<One> };
export type Kind = keyof Kinds;
export type Manifest = Kinds[Kind];

export function isOf<K extends Kind>(object: { readonly kind: string }, kind: K): object is Kinds[K] {
  return object.kind === kind;
}
