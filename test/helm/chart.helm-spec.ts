import { CHART, CI_VALUES, helm, NGINX, problemsOf, Rendered, VERSIONS, valueArgs } from './support/chart.js';
import type { Kind, Kinds } from './support/kinds.js';

const ENVOY = '07-envoy-gateway-values.yaml';

it('there are value files for at least twelve kinds of installation, and helm 3 and 4 to try them', () => {
  expect(CI_VALUES.length).toBeGreaterThanOrEqual(12);
  expect(VERSIONS.map((version) => version.split('.')[0]).sort()).toEqual(['3', '4']);
});

describe.each(VERSIONS)('helm %s', (version) => {
  it.each(CI_VALUES)('lints %s strictly', (values) => {
    const { status, stdout } = helm(version, 'lint', '--strict', CHART, ...valueArgs(values));
    expect([status, stdout]).toEqual([0, expect.stringContaining('0 chart(s) failed')]);
  });

  it.each(CI_VALUES)('creates no two objects with one name, and labels every object, with %s', (values) => {
    const { manifests } = Rendered.from(values, version);
    const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  });
});

it.each(CI_VALUES)('helm 3 and 4 render the same from %s', (values) => {
  const [first, second] = VERSIONS.map((version) => Rendered.from(values, version).manifests);
  expect(first).toEqual(second);
});

it('every manifest of every value file matches its kind, and has no unknown field', () => {
  const all = CI_VALUES.flatMap((values) =>
    Rendered.from(values).manifests.map((manifest) => ({ values, manifest })),
  );
  const problems = problemsOf(all.map(({ manifest }) => manifest));
  const found = problems.flatMap((of, n) => of.map((problem) => `${all[n]!.values}: ${problem}`));
  expect(found).toEqual([]);
  const kinds = new Set(all.map(({ manifest }) => manifest.kind));
  expect([...kinds].sort()).toEqual([
    'BackendTLSPolicy',
    'BackendTrafficPolicy',
    'ConfigMap',
    'Deployment',
    'GCPBackendPolicy',
    'HTTPRoute',
    'HealthCheckPolicy',
    'HorizontalPodAutoscaler',
    'Ingress',
    'NetworkPolicy',
    'Pod',
    'PodDisruptionBudget',
    'PodMonitor',
    'PrometheusRule',
    'ScaledObject',
    'Service',
    'ServiceAccount',
    'ServiceMonitor',
  ]);
});

it('an unknown field, a wrong type, a missing field and a wrong value are reported, for Kubernetes and CRDs', () => {
  const wrong = <K extends Kind>(values: string, kind: K, change: (manifest: Kinds[K]) => void) => {
    const manifest = structuredClone(Rendered.from(values).all(kind)[0]!);
    change(manifest);
    return manifest;
  };
  const problems = problemsOf([
    wrong(CI_VALUES[0]!, 'Deployment', ({ spec }) =>
      Object.assign(spec.template.spec.containers[0].lifecycle.preStop, { nap: {} }),
    ),
    wrong(CI_VALUES[0]!, 'Deployment', ({ spec }) => Object.assign(spec, { replicas: '3' })),
    wrong(CI_VALUES[0]!, 'Deployment', ({ spec }) => Reflect.deleteProperty(spec, 'selector')),
    wrong(CI_VALUES[0]!, 'Service', ({ spec }) => Object.assign(spec.ports[0], { prot: 'TCP' })),
    wrong(NGINX, 'PrometheusRule', ({ spec }) => Object.assign(spec.groups[0].rules[0], { four: '1m' })),
    wrong(NGINX, 'ServiceMonitor', ({ spec }) => Object.assign(spec.endpoints[0], { interval: 'often' })),
    wrong('11-keda-values.yaml', 'ScaledObject', ({ spec }) => Object.assign(spec, { minReplicas: 3 })),
    wrong(ENVOY, 'HTTPRoute', ({ spec }) => Object.assign(spec.rules[0].timeouts, { response: '0s' })),
    wrong(ENVOY, 'HTTPRoute', ({ spec }) => Object.assign(spec.rules[0].timeouts, { request: 0 })),
    wrong(ENVOY, 'BackendTrafficPolicy', ({ spec }) => Object.assign(spec.loadBalancer, { type: 'Hash' })),
  ]);
  expect(problems.map((of) => of.join('; '))).toEqual([
    expect.stringContaining('lifecycle.preStop.nap is not known'),
    expect.stringContaining('spec.replicas is string'),
    expect.stringContaining('spec.selector is missing'),
    expect.stringContaining('ports[0].prot is not known'),
    expect.stringContaining('rules[0].four is not known'),
    expect.stringContaining('interval'),
    expect.stringContaining('spec.minReplicas is not known'),
    expect.stringContaining('timeouts.response is not known'),
    expect.stringContaining('timeouts.request is number'),
    expect.stringContaining('loadBalancer.type is string'),
  ]);
});
