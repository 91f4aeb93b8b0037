import { CI_VALUES, NGINX, Rendered, type Values } from './support/chart.js';

describe('the access to the gateway', () => {
  const annotations = (values: string) => Rendered.from(values).one('Ingress').metadata.annotations;

  it('the public Service serves only clients; metrics and health have an internal one', () => {
    for (const values of CI_VALUES) {
      const rendered = Rendered.from(values);
      const services = rendered.all('Service').filter(({ metadata }) => !metadata.name.endsWith('-redis'));
      const [admin, clients] = services.sort(({ metadata: { name: a } }) => (a.endsWith('-admin') ? -1 : 1));
      expect(clients!.spec.ports.map(({ targetPort }) => targetPort)).toEqual(['http']);
      expect(admin!.spec).toMatchObject({
        type: 'ClusterIP',
        clusterIP: 'None',
        publishNotReadyAddresses: true,
      });
      expect(admin!.spec.ports).toMatchObject([{ name: 'admin', port: 8003, targetPort: 'admin' }]);
    }
  });

  it('every Service, budget, monitor and policy selects the gateway, but not the test or the development Redis', () => {
    const rendered = Rendered.from(NGINX);
    const labels = rendered.deployment.spec.template.metadata.labels;
    const others = rendered.all('Pod').map(({ metadata }) => metadata.labels);
    const selectors = [
      ...rendered.all('Service').map(({ spec }) => spec.selector),
      rendered.one('PodDisruptionBudget').spec.selector.matchLabels,
      rendered.one('NetworkPolicy').spec.podSelector.matchLabels,
    ];
    expect(selectors).toHaveLength(4);
    for (const selector of selectors) {
      expect(labels).toMatchObject(selector);
      for (const other of others) expect(other).not.toMatchObject(selector);
    }
  });

  it("nginx: an hour of silence, the gateway's limit of the body size, and affinity by address", () => {
    expect(annotations(NGINX)).toEqual({
      'cert-manager.io/cluster-issuer': 'letsencrypt',
      'nginx.ingress.kubernetes.io/proxy-body-size': '1228800', // EVENT_BURST messages of 1 KB
      'nginx.ingress.kubernetes.io/proxy-buffering': 'off',
      'nginx.ingress.kubernetes.io/proxy-connect-timeout': '2',
      'nginx.ingress.kubernetes.io/proxy-next-upstream': 'error timeout http_503 http_404 non_idempotent',
      'nginx.ingress.kubernetes.io/proxy-next-upstream-timeout': '10',
      'nginx.ingress.kubernetes.io/proxy-read-timeout': '3600',
      'nginx.ingress.kubernetes.io/proxy-send-timeout': '3600',
      'nginx.ingress.kubernetes.io/upstream-hash-by': '$remote_addr',
    });
    expect(Rendered.from(NGINX).config.TRANSPORTS).toBe('polling,websocket,plain-websocket,sse');
  });

  it('nginx with only WebSocket: the same without affinity', () => {
    const rendered = Rendered.from({
      'sticky.provider': 'nginx',
      'ingress.enabled': true,
      'ingress.hosts': ['a.example.com'],
    });
    const names = Object.keys(rendered.one('Ingress').metadata.annotations);
    expect(rendered.config.TRANSPORTS).toBe('websocket,plain-websocket,sse');
    expect(names).toContain('nginx.ingress.kubernetes.io/proxy-read-timeout');
    expect(names.filter((name) => /hash|affinity|cookie/.test(name))).toEqual([]);
  });

  it('nginx with a cookie: pages of other origins may send it', () => {
    expect(annotations('04-nginx-cookie-values.yaml')).toMatchObject({
      'nginx.ingress.kubernetes.io/affinity': 'cookie',
      'nginx.ingress.kubernetes.io/affinity-mode': 'persistent',
      'nginx.ingress.kubernetes.io/session-cookie-name': 'gw',
      'nginx.ingress.kubernetes.io/session-cookie-samesite': 'None',
      'nginx.ingress.kubernetes.io/session-cookie-secure': 'true',
    });
  });

  it('traefik: the Service sets the cookie and the scheme', () => {
    const service = Rendered.from('05-traefik-values.yaml').all('Service')[0]!;
    expect(service.metadata.annotations).toMatchObject({
      'traefik.ingress.kubernetes.io/service.serversscheme': 'https',
      'traefik.ingress.kubernetes.io/service.sticky.cookie': 'true',
      'traefik.ingress.kubernetes.io/service.sticky.cookie.name': 'socket-gateway',
    });
  });

  describe('haproxy', () => {
    const HAPROXY = {
      'sticky.provider': 'haproxy',
      'ingress.enabled': true,
      'ingress.hosts': ['a.example.com'],
    };
    const polling = { ...HAPROXY, transports: 'websocket+polling' };
    const ofIngress = (values: Record<string, unknown>) =>
      Rendered.from(values).one('Ingress').metadata.annotations;

    it('both controllers keep silent connections for an hour and recognise clients by address', () => {
      expect(annotations('15-haproxy-values.yaml')).toEqual({
        'haproxy.org/load-balance': 'source',
        'haproxy.org/timeout-server': '3600s',
        'haproxy-ingress.github.io/balance-algorithm': 'source',
        'haproxy-ingress.github.io/timeout-server': '3600s',
        'haproxy-ingress.github.io/timeout-tunnel': '3600s',
      });
      const [service] = Rendered.from('15-haproxy-values.yaml').all('Service');
      expect(service!.metadata.annotations).toBeUndefined();
    });

    it('with only WebSocket, a new connection goes to the pod with the fewest', () => {
      const set = ofIngress(HAPROXY);
      expect(set['haproxy.org/load-balance']).toBe('leastconn');
      expect(set['haproxy-ingress.github.io/balance-algorithm']).toBe('leastconn');
      expect(Object.keys(set).filter((name) => /cookie|affinity/.test(name))).toEqual([]);
    });

    it('with a cookie, the Service and the Ingress name it', () => {
      const values = { ...polling, 'sticky.by': 'cookie', 'sticky.cookieName': 'gw' };
      const [service] = Rendered.from(values).all('Service');
      expect(service!.metadata.annotations).toEqual({ 'haproxy.org/cookie-persistence': 'gw' });
      expect(ofIngress(values)).toMatchObject({
        'haproxy.org/load-balance': 'leastconn',
        'haproxy-ingress.github.io/affinity': 'cookie',
        'haproxy-ingress.github.io/session-cookie-name': 'gw',
        'haproxy-ingress.github.io/session-cookie-same-site': 'true',
      });
    });

    it('uses TLS up to the pods if they serve it', () => {
      expect(ofIngress({ ...polling, 'tls.existingSecret': 'a' })).toMatchObject({
        'haproxy.org/server-ssl': 'true',
        'haproxy-ingress.github.io/backend-protocol': 'h1-ssl',
      });
    });
  });

  it('alb: leads directly to the pods, and waits until they are drained', () => {
    const set = annotations('06-alb-values.yaml');
    expect(set).toMatchObject({
      'alb.ingress.kubernetes.io/target-type': 'ip',
      'alb.ingress.kubernetes.io/load-balancer-attributes': 'idle_timeout.timeout_seconds=4000',
      'alb.ingress.kubernetes.io/healthcheck-path': '/health/ready',
    });
    expect(set['alb.ingress.kubernetes.io/target-group-attributes']!.split(',')).toEqual(
      expect.arrayContaining(['deregistration_delay.timeout_seconds=3600', 'stickiness.enabled=true']),
    );
  });

  it('envoy: a route without a time limit, affinity by address, and no limit of 1,024 connections', () => {
    const rendered = Rendered.from('07-envoy-gateway-values.yaml');
    const route = rendered.one('HTTPRoute');
    expect(route.spec.rules).toEqual([
      {
        matches: [{ path: { type: 'PathPrefix', value: '/socket.io' } }],
        timeouts: { request: '0s', backendRequest: '0s' },
        backendRefs: [{ name: 'r-socket-gateway', port: 80 }],
      },
    ]);
    const { spec } = rendered.one('BackendTrafficPolicy');
    expect(spec.targetRefs[0].name).toBe(route.metadata.name);
    expect(spec.loadBalancer).toEqual({ type: 'ConsistentHash', consistentHash: { type: 'SourceIP' } });
    expect(spec.circuitBreaker.maxConnections).toBeGreaterThan(1_000_000);
    expect(spec.circuitBreaker.maxParallelRequests).toBeGreaterThan(1_000_000);
    expect(rendered.all('Service')[0]!.spec.ports[0].appProtocol).toBe('kubernetes.io/ws');
  });

  it('TLS up to the pods: the certificate is mounted as a folder, and every proxy uses TLS', () => {
    const rendered = Rendered.from('08-gateway-api-values.yaml');
    expect(rendered.config).toMatchObject({
      TLS_CERT: '/etc/socket-gateway/tls/tls.crt',
      TLS_KEY: '/etc/socket-gateway/tls/tls.key',
    });
    expect(rendered.container.volumeMounts).toEqual([
      { name: 'tls', mountPath: '/etc/socket-gateway/tls', readOnly: true },
    ]);
    expect(rendered.all('Service')[0]!.spec.ports[0]).toMatchObject({
      name: 'https',
      appProtocol: 'kubernetes.io/wss',
    });
    expect(rendered.one('Pod').spec.containers[0].args[0]).toBe('--url=https://r-socket-gateway:80');
  });

  it('a layer 4 load balancer keeps a client on its pod', () => {
    const [service] = Rendered.from('12-load-balancer-values.yaml').all('Service');
    expect(Object.values(service!.metadata.annotations)).toContain(
      'stickiness.enabled=true,stickiness.type=source_ip',
    );
    expect(service!.spec).toMatchObject({
      type: 'LoadBalancer',
      sessionAffinity: 'ClientIP',
      externalTrafficPolicy: 'Local',
      loadBalancerSourceRanges: ['203.0.113.0/24'],
    });
  });

  it('both Services have the requested IP families', () => {
    const families = { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'] };
    const services = Rendered.from({ service: families, 'config.HOST': '::' }).all('Service');
    expect(services.map(({ spec }) => spec)).toEqual([
      expect.objectContaining(families),
      expect.objectContaining(families),
    ]);
    for (const { spec } of Rendered.from().all('Service')) expect(spec).not.toHaveProperty('ipFamilyPolicy');
  });

  it('the policy admits clients and Prometheus from their sources, and allows traffic to DNS and Redis', () => {
    const { spec } = Rendered.from(NGINX).one('NetworkPolicy');
    expect(spec.policyTypes).toEqual(['Ingress', 'Egress']);
    const namespaces = (rule: (typeof spec.ingress)[number]) =>
      rule.from.flatMap(({ namespaceSelector }) => Object.values(namespaceSelector?.matchLabels ?? {}));
    expect(spec.ingress.map((rule) => [rule.ports[0].port, namespaces(rule)])).toEqual([
      ['http', ['ingress-nginx']],
      ['admin', ['monitoring']],
    ]);
    expect(spec.egress.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual([53, 53, 6380]);
    expect(spec.egress[1]?.to).toEqual([{ ipBlock: { cidr: '10.20.0.0/16' } }]);
  });

  it('switches plain WebSockets and event streams off', () => {
    const transports = (values: Values) => Rendered.from(values).config.TRANSPORTS;
    expect(transports({ 'plainWebSocket.enabled': false })).toBe('websocket,sse');
    expect(transports({ 'sse.enabled': false })).toBe('websocket,plain-websocket');
  });

  describe.each(['ingress', 'httpRoute'])('%s', (edge) => {
    const pathsOf = (more: object) => {
      const rendered = Rendered.from({
        [`${edge}.enabled`]: true,
        'ingress.hosts': ['a.example.com'],
        'httpRoute.parentRefs': [{ name: 'edge' }],
        ...more,
      });
      const paths =
        edge === 'ingress'
          ? rendered.one('Ingress').spec.rules.flatMap(({ http }) => http.paths.map(({ path }) => path))
          : rendered
              .one('HTTPRoute')
              .spec.rules.flatMap(({ matches = [] }) => matches.map(({ path }) => path?.value));
      return paths;
    };
    const rest = `${edge}.exposeRest`;
    const plain = `${edge}.exposePlainWebSocket`;
    const sse = `${edge}.exposeSse`;

    it('exposes the HTTP API, plain WebSockets and event streams only if it is asked to', () => {
      expect(pathsOf({})).toEqual(['/socket.io']);
      expect(pathsOf({ [rest]: true })).toEqual(['/socket.io', '/v1']);
      expect(pathsOf({ [plain]: true })).toEqual(['/socket.io', '/ws']);
      expect(pathsOf({ [sse]: true })).toEqual(['/socket.io', '/sse']);
      const all = { [plain]: true, [sse]: true, [rest]: true };
      expect(pathsOf(all)).toEqual(['/socket.io', '/ws', '/sse', '/v1']);
    });

    it('refuses to expose what the pods do not serve', () => {
      expect(() => pathsOf({ [rest]: true, 'config.REST_API': false })).toThrow(/exposeRest is true/);
      expect(() => pathsOf({ [plain]: true, 'plainWebSocket.enabled': false })).toThrow(
        /exposePlainWebSocket is true/,
      );
      expect(() => pathsOf({ [sse]: true, 'sse.enabled': false })).toThrow(/exposeSse is true/);
    });
  });

  it('one route holds all paths, so that time-outs and affinity are those of every WebSocket', () => {
    const { rules } = Rendered.from({
      'httpRoute.enabled': true,
      'httpRoute.parentRefs': [{ name: 'edge' }],
      'httpRoute.exposePlainWebSocket': true,
      'httpRoute.exposeSse': true,
    }).one('HTTPRoute').spec;
    expect(rules).toEqual([expect.objectContaining({ timeouts: { request: '0s', backendRequest: '0s' } })]);
  });
});
