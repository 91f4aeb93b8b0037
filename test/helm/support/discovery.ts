/** The kinds of a cluster, by group and version. */
export const KINDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  v1: {
    configmaps: 'ConfigMap',
    pods: 'Pod',
    secrets: 'Secret',
    serviceaccounts: 'ServiceAccount',
    services: 'Service',
  },
  'apps/v1': { deployments: 'Deployment' },
  'keda.sh/v1alpha1': { scaledobjects: 'ScaledObject' },
  'autoscaling/v2': { horizontalpodautoscalers: 'HorizontalPodAutoscaler' },
  'networking.k8s.io/v1': { ingresses: 'Ingress', networkpolicies: 'NetworkPolicy' },
  'policy/v1': { poddisruptionbudgets: 'PodDisruptionBudget' },
};
const GROUP_VERSION = /^\/(?:api|apis)\/((?:[^/]+\/)?v\d\w*)$/;
const SCHEMA = /^\/openapi\/v3\/(?:api|apis)\/(.*)$/;

/** The cluster's description of itself at a path, or undefined for other paths. */
export function discovered(path: string): object | undefined {
  if (path === '/version') return VERSION;
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] };
  if (path === '/apis') return groups();
  if (path === '/openapi/v3') return schemas();
  const [, documented] = SCHEMA.exec(path) ?? [];
  if (documented !== undefined) return schemaOf(documented);
  const [, groupVersion] = GROUP_VERSION.exec(path) ?? [];
  return groupVersion === undefined ? undefined : resources(groupVersion);
}

const VERSION = { major: '1', minor: '33', gitVersion: 'v1.33.0' };

function groups() {
  const names = Object.keys(KINDS).filter((groupVersion) => groupVersion.includes('/'));
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: names.map((groupVersion) => {
      const [name, version] = groupVersion.split('/');
      return { name, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } };
    }),
  };
}

function resources(groupVersion: string) {
  const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];
  return {
    kind: 'APIResourceList',
    groupVersion,
    resources: Object.entries(KINDS[groupVersion] ?? {}).map(([name, kind]) => ({
      name,
      kind,
      verbs,
      namespaced: true,
      singularName: '',
    })),
  };
}

const folderOf = (groupVersion: string) => `${groupVersion.includes('/') ? 'apis' : 'api'}/${groupVersion}`;

/** The path of each group's schema. */
function schemas() {
  const paths = Object.keys(KINDS).map((groupVersion) => [
    folderOf(groupVersion),
    { serverRelativeURL: `/openapi/v3/${folderOf(groupVersion)}` },
  ]);
  return { paths: Object.fromEntries(paths) };
}

/**
 * Says that the server validates fields, so that helm does not. Other tests check the manifests
 * against their types.
 */
function schemaOf(groupVersion: string) {
  const [version, group = ''] = groupVersion.split('/').reverse();
  const parameters = [{ name: 'fieldValidation', in: 'query', schema: { type: 'string' } }];
  const paths = Object.entries(KINDS[groupVersion] ?? {}).map(([folder, kind]) => [
    `/${folderOf(groupVersion)}/namespaces/{namespace}/${folder}/{name}`,
    { patch: { parameters, responses: {}, 'x-kubernetes-group-version-kind': { group, version, kind } } },
  ]);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.33.0' },
    paths: Object.fromEntries(paths),
  };
}
