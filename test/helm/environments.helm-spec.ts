import { parse } from 'yaml';
import { Rendered, type Values } from './support/chart.js';

// What the value files for whole platforms must get right.

const annotationsOfPods = (values: Values) =>
  Rendered.from(values).deployment.spec.template.metadata.annotations;
const annotationsOfTest = (values: Values) => Rendered.from(values).one('Pod').metadata.annotations;

describe('Istio', () => {
  const ISTIO = '16-istio-values.yaml';

  it('the sidecar starts before the gateway, and ends after its drain but within the grace period', () => {
    const { pod, container, config } = Rendered.from(ISTIO);
    const proxy = parse(annotationsOfPods(ISTIO)['proxy.istio.io/config']!) as Record<string, unknown>;
    expect(proxy).toEqual({ holdApplicationUntilProxyStarts: true, terminationDrainDuration: '80s' });
    const stop = container.lifecycle.preStop.sleep.seconds + Number(config.DRAIN_TIMEOUT_MS) / 1_000 + 10;
    expect(stop).toBe(80);
    expect(pod.terminationGracePeriodSeconds).toBe(stop + 5);
  });

  it('the test has no sidecar, which would never end', () => {
    expect(annotationsOfTest(ISTIO)).toMatchObject({
      'helm.sh/hook': 'test',
      'sidecar.istio.io/inject': 'false',
    });
  });

  it('the annotations of pods and of the test replace those for Istio', () => {
    const values = {
      'istio.enabled': true,
      podAnnotations: { 'proxy.istio.io/config': 'concurrency: 2' },
      'tests.podAnnotations': { 'sidecar.istio.io/inject': 'true' },
    };
    expect(annotationsOfPods(values)['proxy.istio.io/config']).toBe('concurrency: 2');
    expect(annotationsOfTest(values)['sidecar.istio.io/inject']).toBe('true');
  });

  it('without istio.enabled, no object mentions Istio', () => {
    expect(JSON.stringify(Rendered.from().manifests)).not.toContain('istio');
  });

  it('the policy lets the sidecar reach the control plane', () => {
    const { spec } = Rendered.from(ISTIO).one('NetworkPolicy');
    expect(spec.egress.flatMap(({ ports }) => ports.map(({ port }) => port))).toContain(15012);
  });
});

describe('OpenShift', () => {
  const OPENSHIFT = '17-openshift-values.yaml';

  it('no pod asks for a user or a group, which the security context constraints assign', () => {
    const rendered = Rendered.from(OPENSHIFT, undefined, '--set', 'redis.development.enabled=true');
    const pods = [
      ...rendered.all('Deployment').map(({ spec }) => spec.template.spec),
      ...rendered.all('Pod').map(({ spec }) => spec),
    ];
    expect(pods).toHaveLength(3);
    for (const { securityContext, containers } of pods) {
      expect(securityContext.runAsNonRoot).toBe(true);
      for (const context of [securityContext, ...containers.map((container) => container.securityContext)]) {
        for (const field of ['runAsUser', 'runAsGroup', 'fsGroup']) expect(context).not.toHaveProperty(field);
      }
    }
  });

  it('the policy allows DNS on the port of the DNS pods', () => {
    const { egress, ingress } = Rendered.from(OPENSHIFT).one('NetworkPolicy').spec;
    expect(egress[0]).toEqual({
      ports: [
        { port: 5353, protocol: 'UDP' },
        { port: 5353, protocol: 'TCP' },
      ],
      to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'openshift-dns' } } }],
    });
    expect(ingress[0].from[0].namespaceSelector.matchLabels).toEqual({
      'policy-group.network.openshift.io/ingress': '',
    });
  });

  it('the Route of the Ingress uses TLS and does not cut silent WebSockets', () => {
    const { metadata, spec } = Rendered.from(OPENSHIFT).one('Ingress');
    expect(spec.tls).toEqual([{}]);
    expect(metadata.annotations).toEqual({
      'route.openshift.io/termination': 'edge',
      'haproxy.router.openshift.io/timeout': '3600s',
      'haproxy.router.openshift.io/timeout-tunnel': '3600s',
      'haproxy.router.openshift.io/balance': 'leastconn',
      'haproxy.router.openshift.io/disable_cookies': 'true',
    });
  });

  it.each([
    ['', { 'haproxy.router.openshift.io/balance': 'source' }],
    [
      'cookie',
      {
        'router.openshift.io/cookie_name': 'socket-gateway',
        'router.openshift.io/cookie-same-site': 'None',
      },
    ],
  ])('the router keeps polling clients on their pod with sticky.by %j', (by, expected) => {
    const { metadata } = Rendered.from({
      transports: 'websocket+polling',
      'sticky.provider': 'openshift',
      'sticky.by': by,
      'ingress.enabled': true,
      'ingress.hosts': ['a.example.com'],
    }).one('Ingress');
    expect(metadata.annotations).toMatchObject(expected);
    expect('haproxy.router.openshift.io/disable_cookies' in metadata.annotations).toBe(by !== 'cookie');
  });
});

describe('GKE', () => {
  const GKE = '18-gke-values.yaml';

  it('the load balancer asks the pods whether they are ready, and no route has a time-out', () => {
    const rendered = Rendered.from(GKE);
    const [service] = rendered.all('Service');
    const { spec } = rendered.one('HealthCheckPolicy');
    expect(spec.targetRef.name).toBe(service!.metadata.name);
    expect(spec.default.config.httpHealthCheck).toEqual({
      portSpecification: 'USE_SERVING_PORT',
      requestPath: '/health/ready',
    });
    expect(rendered.one('HTTPRoute').spec.rules[0]).not.toHaveProperty('timeouts');
  });

  it('the load balancer keeps a WebSocket for a day', () => {
    const rendered = Rendered.from(GKE);
    const { spec } = rendered.one('GCPBackendPolicy');
    expect(spec.targetRef).toEqual(rendered.one('HealthCheckPolicy').spec.targetRef);
    expect(spec.default.timeoutSec).toBe(86_400);
  });

  it('the policy admits the load balancer, which is also the trusted proxy', () => {
    const rendered = Rendered.from(GKE);
    const blocks = rendered
      .one('NetworkPolicy')
      .spec.ingress[0].from.flatMap(({ ipBlock }) => ipBlock?.cidr ?? []);
    expect(blocks).toEqual(['35.191.0.0/16', '130.211.0.0/22']);
    expect(rendered.config.TRUST_PROXY?.split(',')).toEqual(blocks);
  });
});

describe('an air-gapped registry', () => {
  it('every image is from the mirror, with its secret', () => {
    const rendered = Rendered.from('19-air-gapped-values.yaml');
    const pods = [
      ...rendered.all('Deployment').map(({ spec }) => spec.template.spec),
      ...rendered.all('Pod').map(({ spec }) => spec),
    ];
    expect(pods).toHaveLength(3);
    for (const { imagePullSecrets, containers } of pods) {
      expect(imagePullSecrets).toEqual([{ name: 'mirror' }]);
      for (const { image } of containers) expect(image).toMatch(/^mirror\.example\.com:5000\/hub\/[a-z]/);
    }
    expect(rendered.one('Deployment', '-redis').spec.template.spec.containers[0].image).toBe(
      'mirror.example.com:5000/hub/library/redis:7-alpine',
    );
  });
});

describe('the AWS Load Balancer Controller', () => {
  const ALB = '06-alb-values.yaml';

  it('pods keep idle connections longer than the load balancer, and pause longer than it needs to react', () => {
    const { config, pod, container } = Rendered.from(ALB);
    expect(Number(config.KEEP_ALIVE_TIMEOUT_MS)).toBeGreaterThan(4_000_000);
    const interval = 10; // the controller's targets are checked this often
    expect(container.lifecycle.preStop.sleep.seconds).toBeGreaterThan(interval);
    expect(pod.terminationGracePeriodSeconds).toBe(15 + 60 + 10);
  });

  it('the load balancer checks the readiness of pods, and uses their own port', () => {
    const rendered = Rendered.from(ALB);
    const { metadata, spec } = rendered.one('Ingress');
    expect(spec.ingressClassName).toBe('alb');
    expect(metadata.annotations).toMatchObject({
      'alb.ingress.kubernetes.io/target-type': 'ip',
      'alb.ingress.kubernetes.io/backend-protocol': 'HTTP',
      'alb.ingress.kubernetes.io/healthcheck-path': '/health/ready',
    });
    const [service] = rendered.all('Service');
    expect(spec.rules[0].http.paths[0].backend.service).toEqual({
      name: service!.metadata.name,
      port: { name: service!.spec.ports[0].name },
    });
    expect(service!.spec.ports[0].targetPort).toBe('http');
  });
});
