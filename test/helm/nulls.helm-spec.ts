import { parse } from 'yaml';
import { CHART, helm, read, Rendered, valueArgs } from './support/chart.js';

/** The values that are set, with their paths: strings, numbers and lists that are not empty. */
function set(values: object, above = ''): string[] {
  return Object.entries(values).flatMap(([key, value]: [string, unknown]) => {
    const path = `${above}${key}`;
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return set(value, `${path}.`);
    const empty = value === '' || typeof value === 'boolean' || (Array.isArray(value) && value.length === 0);
    return empty ? [] : [path];
  });
}

/** Kubernetes, Prometheus or KEDA has its own default for these, or they are optional. */
const OPTIONAL = new RegExp(
  [
    'image.pullPolicy|strategy|service.(type|sessionAffinity)|autoscaling.(target|behavior)|pdb|networkPolicy.adminFrom|httpRoute.timeouts',
    '(service|pod)Monitor|probes|(redis.development.)?(resources|podSecurityContext)|dashboard.labels|securityContext',
  ]
    .map((names) => `^(${names.replaceAll('.', '\\.')})`)
    .join('|'),
);

describe('null', () => {
  const needed = set(parse(read('helm/socket-gateway/values.yaml')) as object).filter(
    (path) => !OPTIONAL.test(path),
  );

  // Otherwise there would be no pods, no drain, `> <nil>` in an alert, or a policy that admits all
  // traffic.
  it.each(needed)('is rejected for %s, which would become 0 or empty', (path) => {
    const { status, stderr } = helm('4.1.4', 'template', 'r', CHART, ...valueArgs({ [path]: null }));
    expect([status, stderr]).toEqual([1, expect.stringContaining('schema')]);
  });

  it('removes optional values', () => {
    const { pod, container } = Rendered.from({
      terminationGracePeriodSeconds: null,
      'probes.startup': null,
      commonLabels: null,
      podLabels: null,
      podAnnotations: null,
      extraEnv: null,
    });
    expect(pod.terminationGracePeriodSeconds).toBe(45);
    expect(container.startupProbe).toEqual({ httpGet: { path: '/health/live', port: 'admin' } });
  });

  it('removes annotations of the Ingress and the Services', () => {
    const rendered = Rendered.from({
      'service.annotations': null,
      'ingress.annotations': null,
      'ingress.enabled': true,
      'ingress.hosts': ['gateway.example.com'],
    });
    expect(rendered.one('Ingress').metadata.annotations).toBeUndefined();
    expect(rendered.all('Service').map(({ metadata }) => metadata.annotations)).toEqual([
      undefined,
      undefined,
    ]);
  });
});
