import { allMetrics } from '../support/all-metrics.js';
import { NGINX, read, Rendered } from './support/chart.js';

describe('monitoring', () => {
  const metrics = async () =>
    new Set([...(await allMetrics()).matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name!));
  const named = (text: string) =>
    [...text.matchAll(/\b(socket_gateway|process|nodejs)_\w+/g)].map(([name]) =>
      name.replace(/_(bucket|sum|count)$/, ''),
    );

  it('Prometheus scrapes the admin port with its token', () => {
    const rendered = Rendered.from(NGINX);
    const { spec } = rendered.one('ServiceMonitor');
    expect(rendered.one('Service', '-admin').metadata.labels).toMatchObject(spec.selector.matchLabels);
    expect(spec.endpoints).toEqual([
      {
        port: 'admin',
        path: '/metrics',
        scheme: 'http',
        interval: '15s',
        scrapeTimeout: '10s',
        authorization: { type: 'Bearer', credentials: { name: 'gateway', key: 'ADMIN_TOKEN' } },
      },
    ]);
  });

  it('alerts and dashboard use only metrics that the gateway has', async () => {
    const known = await metrics();
    const rendered = Rendered.from(NGINX);
    const rules = rendered.one('PrometheusRule').spec.groups[0].rules;
    const dashboard = rendered.one('ConfigMap', '-dashboard').data['gateway.json']!;
    JSON.parse(dashboard);
    const asked = [...rules.flatMap(({ expr }) => named(`${expr}`)), ...named(dashboard)];
    expect(asked.length).toBeGreaterThan(40);
    expect([...new Set(asked)].filter((name) => !known.has(name))).toEqual([]);
  });

  const DASHBOARD = { 'dashboard.enabled': true, 'redis.url': 'redis://redis:6379/0' };

  it('two releases have separate dashboards', () => {
    const [one, other] = ['gateway', 'second'].map((fullnameOverride) => {
      const rendered = Rendered.from({ ...DASHBOARD, fullnameOverride });
      const text = rendered.one('ConfigMap', '-dashboard').data[`${fullnameOverride}.json`]!;
      return JSON.parse(text) as { uid: string; title: string };
    });
    expect(one).toMatchObject({
      uid: expect.stringMatching(/^socket-gateway-[0-9a-f]{16}$/),
      title: 'Socket gateway markets/gateway',
    });
    expect(other!.uid).not.toBe(one!.uid);
    expect(other!.title).toBe('Socket gateway markets/second');
  });

  it('the dashboard shows only pods of gateways, because every Node application has process_* and nodejs_*', () => {
    const { templating } = JSON.parse(read('helm/socket-gateway/dashboards/socket-gateway.json')) as {
      readonly templating: { readonly list: { readonly name: string; readonly allValue?: string }[] };
    };
    const pod = templating.list.find(({ name }) => name === 'instance')!;
    // "All" is then the pods that the variable's query names.
    expect(pod.allValue).toBeUndefined();
  });

  it('there is an alert for each kind of failure, limited to this release, with a description', () => {
    const rules = Rendered.from(NGINX).one('PrometheusRule').spec.groups[0].rules;
    expect(rules.map(({ alert }) => alert)).toEqual(
      expect.arrayContaining(
        [
          'FeedStale',
          'BridgeDown',
          'SlowClients',
          'LoopDelay',
          'NearConnectionCap',
          'Restarts',
          'CertificateEnds',
        ].map((name) => `SocketGateway${name}`),
      ),
    );
    for (const { expr, labels, annotations } of rules) {
      expect(expr).toContain('namespace="markets", pod=~"gateway-[a-z0-9]+-[a-z0-9]+"');
      // Alertmanager routes alerts by their namespace.
      for (const [by] of `${expr}`.matchAll(/ by \(.*?\)/g)) expect(by).toMatch(/\bnamespace\b/);
      expect(['critical', 'warning']).toContain(labels.severity);
      expect(annotations).toEqual({
        summary: expect.stringMatching(/.{10}/),
        description: expect.stringMatching(/.{20}/),
        runbook_url: expect.stringMatching(/^https:\/\/runbooks.example.com\/gateway#socketgateway\w+$/),
      });
    }
    // Pods without keys are not ready, so no client reaches them to be rejected and counted.
    const keys = rules.find(({ alert }) => alert === 'SocketGatewayKeysMissing')!;
    expect(keys.expr).toMatch(/^max by \(namespace, pod\) \(socket_gateway_keys_missing\{.*\}\) == 1 or sum/);
    const cap = Rendered.from('11-keda-values.yaml').one('PrometheusRule').spec.groups[0].rules;
    expect(cap.find(({ alert }) => alert === 'SocketGatewayNearConnectionCap')!.expr).toContain('> 0.85');
  });
});
