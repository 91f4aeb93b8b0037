import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { CHART, helm, NGINX, read, Rendered, ROOT, valueArgs, type Values } from './support/chart.js';

it('docs/kubernetes.md lists every alert with its severity, and no other', () => {
  const text = read('docs/kubernetes.md');
  const documented = [...text.matchAll(/^\| `(SocketGateway\w+)` \| (\w+) \|/gm)].map(
    ([, name, severity]) => [name, severity],
  );
  const { groups } = Rendered.from({ 'prometheusRule.enabled': true }).one('PrometheusRule').spec;
  expect(documented).toEqual(groups[0].rules.map(({ alert, labels }) => [alert, labels.severity]));
});

it('docs/runbooks.md has a section for each alert, which its runbook_url points to, and no other', () => {
  const url = 'https://docs.example.com/runbooks.md';
  const values = { 'prometheusRule.enabled': true, 'prometheusRule.runbookUrl': url };
  const { groups } = Rendered.from(values).one('PrometheusRule').spec;
  const [, text = ''] = read('docs/runbooks.md').split(/^## Alerts$/m);
  const sections = text.split(/^### /m).slice(1);
  expect(sections.map((section) => `${url}#${section.split('\n')[0]!.toLowerCase()}`)).toEqual(
    groups[0].rules.map(({ annotations }) => annotations.runbook_url),
  );
  for (const section of sections) {
    for (const part of ['Symptom', 'Cause', 'Fix']) {
      expect(section).toMatch(new RegExp(`\\*\\*${part}s?\\*\\*`, 'i'));
    }
  }
});

describe('the documentation of the chart', () => {
  it('the README lists the values of values.yaml', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(ROOT, 'scripts/chart-readme.mjs'), '--check'],
      { encoding: 'utf8' },
    );
    expect([status, stderr]).toEqual([0, '']);
  });

  // Helm 3 connects to a cluster before it prints the notes.
  const notes = (values: Values) =>
    helm(
      '4.1.4',
      'install',
      'r',
      CHART,
      '--namespace',
      'markets',
      '--dry-run=client',
      ...valueArgs(values),
    ).stdout.split('\nNOTES:\n')[1]!;

  it.each([
    [
      '01-default-values.yaml',
      [
        'http://r-socket-gateway.markets.svc:80',
        'port-forward service/r-socket-gateway 8002:80',
        "transports: ['websocket']",
        'SECRET_KEY has its development default',
        'AUTH_MODE is off',
      ],
    ],
    ['02-development-values.yaml', ['redis.development is only for trying']],
    [
      NGINX,
      [
        'https://gateway.example.com (path /socket.io)',
        'https://prices.example.com',
        'address identifies polling clients',
        'with the token',
        'ingress-nginx is archived',
      ],
    ],
    [
      '05-traefik-values.yaml',
      [
        'https://gateway.example.com',
        'readTimeout',
        'serverstransport',
        'withCredentials',
        'TRUST_PROXY is empty',
      ],
    ],
    [
      '07-envoy-gateway-values.yaml',
      ['gateway.example.com (path /socket.io), by the Gateway edge', 'get httproute r-socket-gateway'],
    ],
    ['08-gateway-api-values.yaml', ["the Gateway's own hostnames", 'BackendTLSPolicy']],
    [
      '12-load-balancer-values.yaml',
      ['port 443 (https)', 'get service r-socket-gateway --watch', 'on each node separately'],
    ],
    ['04-nginx-cookie-values.yaml', ['http://gateway.example.com', 'The cookie is Secure']],
    ['06-alb-values.yaml', ['https://gateway.example.com']],
    ['11-keda-values.yaml', ['config.MARKET_HOURS is empty']],
    ['13-everything-extra-values.yaml', ['nodePort']],
  ])('the notes are correct for %s', (values, parts) => {
    const said = notes(values);
    for (const part of parts) expect(said).toContain(part);
    expect(said).not.toMatch(/<no value>|%!|\{\{/);
  });

  it('the notes name every Gateway of a route', () => {
    const parentRefs = [
      { name: 'inside' },
      { name: 'edge', sectionName: 'a' },
      { name: 'edge', sectionName: 'b' },
    ];
    expect(notes({ 'httpRoute.enabled': true, 'httpRoute.parentRefs': parentRefs })).toContain(
      '(path /socket.io), by the Gateways inside, edge\n',
    );
  });

  it("the notes mention TLS if Traefik's router has it only through a resolver", () => {
    const said = notes({
      'ingress.enabled': true,
      'ingress.hosts': ['gateway.example.com'],
      'ingress.annotations': { 'traefik.ingress.kubernetes.io/router.tls.certresolver': 'le' },
      transports: 'websocket+polling',
      'sticky.provider': 'traefik',
    });
    expect(said).toContain('https://gateway.example.com');
    expect(said).not.toContain('The cookie is Secure');
  });

  it('the notes name the time-out that only the ConfigMap of HAProxy has, if its default is too short', () => {
    const values = (timeoutSeconds: number) => ({
      'ingress.enabled': true,
      'ingress.hosts': ['gateway.example.com'],
      'sticky.provider': 'haproxy',
      'sticky.timeoutSeconds': timeoutSeconds,
    });
    expect(notes(values(7200))).toMatch(/timeout-tunnel in its ConfigMap to at least\s+7200s/);
    expect(notes(values(3600))).not.toContain('timeout-tunnel');
  });

  it('the notes of a release with secrets and tokens contain no warning', () => {
    expect(notes(NGINX)).not.toContain('WARNING');
    expect(notes('14-optional-auth-jwks-values.yaml')).not.toContain('helm test');
  });
});
