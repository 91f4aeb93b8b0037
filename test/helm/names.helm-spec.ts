import { CHART, helm, Rendered } from './support/chart.js';

describe('names and labels', () => {
  // Kubernetes creates the name of a pod from 58 characters of its ReplicaSet's name, and five of
  // its own.
  const podOf = (name: string) => {
    const replicaSet = `${name}-${'7'.repeat(10)}-`;
    return `${replicaSet.slice(0, 58)}x2x4z`;
  };

  it.each(['r', 'my.release', 'a'.repeat(53)])('alerts find the pods of the release %s', (release) => {
    const { stdout } = helm('4.1.4', 'template', release, CHART, '--set', 'prometheusRule.enabled=true');
    const name = /kind: Deployment\nmetadata:\n {2}name: (\S+)/.exec(stdout)![1]!;
    expect(name).toMatch(/^[a-z]([-a-z0-9]*[a-z0-9])?$/);
    const [, pattern] = /pod=~\\"([^"]+)\\"/.exec(stdout)!;
    expect(podOf(name)).toMatch(new RegExp(`^(?:${pattern})$`));
  });

  it('configured labels and annotations replace those of the chart', () => {
    // The parser of the rendered manifests rejects duplicate keys.
    const rendered = Rendered.from({
      commonLabels: { 'app.kubernetes.io/part-of': 'trading' },
      podAnnotations: { 'kubectl.kubernetes.io/default-container': 'sidecar' },
    });
    for (const { metadata } of rendered.manifests) {
      expect(metadata.labels['app.kubernetes.io/part-of']).toBe('trading');
    }
    const { annotations, labels } = rendered.deployment.spec.template.metadata;
    expect(annotations['kubectl.kubernetes.io/default-container']).toBe('sidecar');
    expect(labels['app.kubernetes.io/part-of']).toBe('trading');
  });

  it('labels of one object replace the common ones, except the labels in selectors', () => {
    const labels = { team: 'prices', 'app.kubernetes.io/part-of': 'trading', 'app.kubernetes.io/name': 'x' };
    const of = (...names: string[]) => Object.fromEntries(names.map((name) => [`${name}.labels`, labels]));
    const rendered = Rendered.from({
      commonLabels: { team: 'markets' },
      'prometheusRule.enabled': true,
      'prometheusRule.alertLabels': { severity: 'page' },
      'serviceMonitor.enabled': true,
      'dashboard.enabled': true,
      ...of('service', 'serviceMonitor', 'prometheusRule', 'dashboard'),
    });
    const [service] = rendered.all('Service');
    const rule = rendered.one('PrometheusRule');
    const made = [
      service!,
      rule,
      rendered.one('ServiceMonitor'),
      rendered.one('ConfigMap', '-dashboard'),
    ].map(({ metadata }) => metadata.labels);
    for (const found of made) {
      expect(found).toMatchObject({ ...labels, 'app.kubernetes.io/name': 'socket-gateway' });
    }
    expect(made[0]!['app.kubernetes.io/component']).toBe('gateway');
    expect(new Set(rule.spec.groups[0].rules.map((alert) => alert.labels.severity))).toEqual(
      new Set(['page']),
    );
    expect(rendered.deployment.metadata.labels.team).toBe('markets');
  });
});
