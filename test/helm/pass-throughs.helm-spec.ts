import { NGINX, Rendered } from './support/chart.js';

const ROUTE = { 'httpRoute.enabled': true, 'httpRoute.parentRefs': [{ name: 'edge' }] };

describe('what is passed through', () => {
  it('an umbrella chart may have a condition, anchors and a registry for all images', () => {
    const rendered = Rendered.from({
      enabled: true,
      'x-labels': { team: 'markets' },
      'global.imageRegistry': 'mirror.example.com/hub',
      'redis.development.enabled': true,
    });
    expect(rendered.container.image).toMatch(/^mirror\.example\.com\/hub\/deltastream\/socket-gateway:/);
    const redis = rendered.one('Deployment', '-redis').spec.template.spec.containers[0].image;
    expect(redis).toBe('mirror.example.com/hub/redis:7-alpine');
  });

  it('the registry for all images replaces that of the image', () => {
    const { container } = Rendered.from({
      'global.imageRegistry': 'mirror.example.com',
      'image.repository': 'registry.example.com:5000/a/gateway',
    });
    expect(container.image).toMatch(/^mirror\.example\.com\/a\/gateway:/);
  });

  it('a route without timeouts, which GKE asks for, and with labels', () => {
    const { spec, metadata } = Rendered.from({
      ...ROUTE,
      'httpRoute.timeouts': null,
      'httpRoute.labels': { team: 'a' },
    }).one('HTTPRoute');
    expect(spec.rules[0]).not.toHaveProperty('timeouts');
    expect(metadata.labels.team).toBe('a');
  });

  it('annotations for every object', () => {
    const { manifests } = Rendered.from({ commonAnnotations: { a: 'b' }, 'autoscaling.enabled': true });
    for (const { metadata } of manifests) expect(metadata).toMatchObject({ annotations: { a: 'b' } });
  });

  it('fields of pods', () => {
    const { pod, container } = Rendered.from({
      dnsConfig: { options: [{ name: 'ndots', value: '1' }] },
      hostAliases: [{ ip: '10.0.0.1', hostnames: ['redis'] }],
      dnsPolicy: 'None',
      runtimeClassName: 'gvisor',
      terminationMessagePolicy: 'FallbackToLogsOnError',
      'lifecycle.postStart': { exec: { command: ['true'] } },
    });
    expect(pod).toMatchObject({
      dnsPolicy: 'None',
      runtimeClassName: 'gvisor',
      hostAliases: [{ ip: '10.0.0.1', hostnames: ['redis'] }],
    });
    expect(Rendered.from().pod).not.toHaveProperty('dnsPolicy');
    expect(pod.dnsConfig.options).toHaveLength(1);
    expect(container.terminationMessagePolicy).toBe('FallbackToLogsOnError');
    expect(container.lifecycle).toEqual({
      preStop: { sleep: { seconds: 5 } },
      postStart: { exec: { command: ['true'] } },
    });
  });

  it('annotations of the test, which do not replace those that make it a test', () => {
    const { annotations } = Rendered.from({
      commonAnnotations: { a: 'common', b: 'common' },
      'tests.podAnnotations': { a: 'own', 'helm.sh/hook': 'post-install' },
    }).one('Pod').metadata;
    expect(annotations).toMatchObject({ a: 'own', b: 'common', 'helm.sh/hook': 'test' });
  });

  it('labels of the Ingress, which do not replace those of the selector', () => {
    const { labels } = Rendered.from({
      'ingress.enabled': true,
      'ingress.hosts': ['gateway.example.com'],
      'ingress.labels': { team: 'prices', 'app.kubernetes.io/name': 'x' },
      commonLabels: { team: 'markets' },
    }).one('Ingress').metadata;
    expect(labels).toMatchObject({ team: 'prices', 'app.kubernetes.io/name': 'socket-gateway' });
  });

  it('rules for incoming connections, in addition to those of the chart', () => {
    const rule = { from: [{ podSelector: { matchLabels: { app: 'debug' } } }], ports: [{ port: 'admin' }] };
    const ingress = (values: object) =>
      Rendered.from({ 'networkPolicy.enabled': true, ...values }).one('NetworkPolicy').spec.ingress;
    expect(ingress({ 'networkPolicy.extraIngress': [rule] })).toEqual([...ingress({}), rule]);
  });

  it.each(['serviceMonitor', 'podMonitor'] as const)('relabelings of the %s', (monitor) => {
    const relabelings = [{ targetLabel: 'cluster', replacement: 'a' }];
    const metricRelabelings = [{ regex: 'pod_ip', action: 'labeldrop' }];
    const rendered = Rendered.from({ [monitor]: { enabled: true, relabelings, metricRelabelings } });
    const [endpoint] =
      monitor === 'podMonitor'
        ? rendered.one('PodMonitor').spec.podMetricsEndpoints
        : rendered.one('ServiceMonitor').spec.endpoints;
    expect(endpoint).toMatchObject({ relabelings, metricRelabelings });
  });

  it('an alert can be left out, and rules need no label of Kubernetes', () => {
    const { groups } = Rendered.from({
      'prometheusRule.enabled': true,
      'prometheusRule.disabledAlerts': ['SocketGatewayRestarts'],
      'prometheusRule.selector': 'job="gateway"',
    }).one('PrometheusRule').spec;
    expect(groups[0].rules.map(({ alert }) => alert)).not.toContain('SocketGatewayRestarts');
    for (const { expr } of groups[0].rules) expect(expr).not.toMatch(/\b(pod|namespace)\b/);
  });

  it('extraEnv that contradicts config is refused', () => {
    const extraEnv = [{ name: 'MAX_CONNECTIONS', value: '5' }];
    expect(() => Rendered.from({ extraEnv })).toThrow('extraEnv has MAX_CONNECTIONS');
    expect(Rendered.from(NGINX)).toBeDefined();
  });
});
