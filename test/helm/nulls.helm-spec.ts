import { parse } from 'yaml';
import { CHART, helm, read, Rendered, valueArgs } from './support/chart.js';

/** What is set, with its path: texts, numbers and lists that are not empty. */
function set(values: object, above = ''): string[] {
  return Object.entries(values).flatMap(([key, value]: [string, unknown]) => {
    const path = `${above}${key}`;
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return set(value, `${path}.`);
    const empty = value === '' || typeof value === 'boolean' || (Array.isArray(value) && value.length === 0);
    return empty ? [] : [path];
  });
}

/** Kubernetes, Prometheus or KEDA has a default of its own for these, or they are nothing that must be. */
const OPTIONAL = new RegExp(
  [
    'image.pullPolicy|strategy|service.(type|sessionAffinity)|autoscaling.(target|behavior)|pdb|networkPolicy.adminFrom',
    '(service|pod)Monitor|probes|(redis.development.)?resources|dashboard.labels|podSecurityContext|securityContext',
  ]
    .map((names) => `^(${names.replaceAll('.', '\\.')})`)
    .join('|'),
);

describe('null', () => {
  const needed = set(parse(read('helm/socket-gateway/values.yaml')) as object).filter(
    (path) => !OPTIONAL.test(path),
  );

  // No pods at all, no drain, `> <nil>` for an alert, a policy that is open to everybody.
  it.each(needed)('is refused for %s, which would be 0 or nothing', (path) => {
    const { status, stderr } = helm('4.1.4', 'template', 'r', CHART, ...valueArgs({ [path]: null }));
    expect([status, stderr]).toEqual([1, expect.stringContaining('schema')]);
  });

  it('takes away what is optional', () => {
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

  it('takes away annotations of the way in', () => {
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
