import 'reflect-metadata';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Environment } from '../../src/config/environment.js';
import { loadConfig } from '../../src/config/gateway-config.js';
import { GatewayMetrics } from '../../src/metrics/gateway-metrics.js';
import { CHART, CI_VALUES, helm, type Manifest, Rendered, valueArgs } from './support/chart.js';

const NGINX = '03-production-nginx-values.yaml';
const SECRETS = ['SECRET_KEY', 'JWT_SECRET', 'ADMIN_TOKEN', 'REDIS_URL', 'REDIS_SENTINEL_PASSWORD'];
const ROOT = join(CHART, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** Every pod that a value file makes: of Deployments and of the test. */
function podsOf(values: string): { name: string; spec: Manifest['spec'] }[] {
  const rendered = Rendered.from(values);
  return [
    ...rendered
      .all('Deployment')
      .map(({ metadata, spec }) => ({ name: metadata.name, spec: spec.template.spec })),
    ...rendered.all('Pod').map(({ metadata, spec }) => ({ name: metadata.name, spec })),
  ];
}

describe('the pods', () => {
  it.each(CI_VALUES)('are "restricted" of %s: no root, nothing to write, no rights, no token', (values) => {
    for (const { name, spec } of podsOf(values)) {
      expect([name, spec]).toEqual([
        name,
        expect.objectContaining({
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: expect.objectContaining({
            runAsNonRoot: true,
            seccompProfile: { type: 'RuntimeDefault' },
          }),
        }),
      ]);
      expect(spec.securityContext.runAsUser).toBeGreaterThan(0);
      for (const field of ['hostNetwork', 'hostPID', 'hostIPC']) expect(spec[field]).toBeUndefined();
      for (const container of spec.containers) {
        if (['sidecar'].includes(container.name as string)) continue; // whoever adds one answers for it
        expect(container.securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(container.resources.limits.memory).toBeDefined();
        expect(container.resources.limits.cpu).toBeUndefined();
      }
    }
  });

  it('are replaced one more at a time, none fewer, each ready for a while before the next', () => {
    const { spec } = Rendered.from().deployment;
    expect(spec.strategy).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
    });
    expect(spec.minReadySeconds).toBe(10);
  });

  it('are asked on the admin port: whether they have started, whether they turn, whether clients may come', () => {
    const { container } = Rendered.from();
    const asked = (probe: string) => container[probe].httpGet;
    expect(asked('startupProbe')).toEqual({ path: '/health/live', port: 'admin' });
    expect(asked('livenessProbe')).toEqual({ path: '/health/live', port: 'admin' });
    expect(asked('readinessProbe')).toEqual({ path: '/health/ready', port: 'admin' });
    expect(container.ports).toEqual([
      { name: 'http', containerPort: 8002, protocol: 'TCP' },
      { name: 'admin', containerPort: 8003, protocol: 'TCP' },
    ]);
  });

  it.each(CI_VALUES)('have the time for pause, drain and end, of %s', (values) => {
    const { pod, container, config } = Rendered.from(values);
    const pause = container.lifecycle?.preStop.sleep.seconds ?? 0;
    const drain = Number(config.DRAIN_TIMEOUT_MS) / 1_000;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(pause + drain + 10);
  });

  it('the grace follows pause and drain', () => {
    const { pod, container, config } = Rendered.from({ 'drain.preStopSeconds': 20, 'drain.seconds': 300 });
    expect(container.lifecycle).toEqual({ preStop: { sleep: { seconds: 20 } } });
    expect(config.DRAIN_TIMEOUT_MS).toBe('300000');
    expect(pod.terminationGracePeriodSeconds).toBe(330);
  });

  it('are rolled out for a changed setting, and not for a new chart or more pods', () => {
    const template = (values: Record<string, unknown>) => Rendered.from(values).deployment.spec.template;
    const before = template({});
    expect(template({ replicaCount: 9 })).toEqual(before);
    expect(template({ 'ingress.enabled': true, 'ingress.hosts': ['a.example.com'] })).toEqual(before);
    expect(JSON.stringify(before)).not.toContain('helm.sh/chart');
    const sum = (values: Record<string, unknown>) => template(values).metadata.annotations['checksum/config'];
    expect(sum({ 'config.MAX_CONNECTIONS': 1 })).not.toBe(sum({}));
    expect(sum({ transports: 'websocket+polling', replicaCount: 1 })).not.toBe(sum({}));
  });

  it('are spread over hosts and zones, each roll-out by itself', () => {
    const keys = (values: string) => Rendered.from(values).pod.topologySpreadConstraints ?? [];
    expect(keys('10-cluster-sharded-values.yaml')).toEqual(
      ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) =>
        expect.objectContaining({
          topologyKey,
          maxSkew: 1,
          whenUnsatisfiable: 'DoNotSchedule',
          matchLabelKeys: ['pod-template-hash'],
        }),
      ),
    );
    expect(keys('14-optional-auth-jwks-values.yaml')).toEqual([]);
  });

  it('what is added is there, and does not take the place of what selects them', () => {
    const rendered = Rendered.from('13-everything-extra-values.yaml');
    const { metadata, spec } = rendered.deployment;
    expect(metadata.annotations).toEqual({ 'example.com/deployment': 'yes' });
    expect(spec.template.metadata.annotations).toMatchObject({ 'example.com/pod': 'yes' });
    expect(spec.template.metadata.labels).toMatchObject({
      tier: 'edge',
      team: 'markets',
      ...spec.selector.matchLabels,
    });
    expect(rendered.container.image).toBe(
      `registry.example.com/deltastream/socket-gateway@sha256:${'0123456789abcdef'.repeat(4)}`,
    );
    expect(rendered.container.env).toContainEqual({
      name: 'NODE_OPTIONS',
      value: '--max-old-space-size=512',
    });
    expect(rendered.container.envFrom).toHaveLength(2);
    expect(rendered.container.volumeMounts).toEqual([{ name: 'scratch', mountPath: '/tmp' }]);
    expect(rendered.pod.volumes.map(({ name }: { name: string }) => name)).toEqual(['scratch']);
    expect(rendered.pod.containers).toHaveLength(2);
    expect(rendered.pod.initContainers).toHaveLength(1);
    expect(rendered.pod.serviceAccountName).toBe('shared');
    expect(rendered.all('ServiceAccount')).toEqual([]);
    expect(rendered.one('ConfigMap', 'r-more').data).toEqual({ key: 'value' });
  });
});

describe('settings', () => {
  const schema = JSON.parse(read('helm/socket-gateway/values.schema.json')) as Manifest;

  it('every variable of the gateway has one place: a value of its own, `config`, or a secret', () => {
    const managed = [
      'PORT',
      'ADMIN_PORT',
      'TRANSPORTS',
      'DRAIN_TIMEOUT_MS',
      'REDIS_SHARDED_PUBSUB',
      'REDIS_TLS_CA',
      'TLS_CERT',
      'TLS_KEY',
    ];
    const places = [
      ...Object.keys(schema.properties.config.properties),
      ...Object.keys(schema.properties.secrets.properties),
      ...managed,
    ];
    expect(places.sort()).toEqual(Object.keys(new Environment()).sort());
  });

  it.each(CI_VALUES)('the gateway takes what %s sets', (values) => {
    const rendered = Rendered.from(values);
    const { TLS_CERT, TLS_KEY, REDIS_TLS_CA, ...config } = rendered.config; // files that are in a pod alone
    expect([TLS_CERT, TLS_KEY].filter(Boolean)).toHaveLength(
      rendered.pod.volumes?.some(({ name }: { name: string }) => name === 'tls') ? 2 : 0,
    );
    const given = Object.fromEntries(
      ((rendered.container.env ?? []) as { name: string; valueFrom?: unknown }[])
        .filter(({ valueFrom }) => valueFrom)
        .map(({ name }) => [
          name,
          name === 'REDIS_URL' ? 'redis://user:password@redis:6379/0' : 'kR4nZ0q7cV1tY8uW2xE5aB9dF3gH6jL0',
        ]),
    );
    expect(() => loadConfig({ ...config, ...given })).not.toThrow();
    expect(REDIS_TLS_CA ?? '/etc/socket-gateway/redis/ca.crt').toBe('/etc/socket-gateway/redis/ca.crt');
  });

  it('numbers arrive as they were written', () => {
    const { config } = Rendered.from({
      'config.CACHE_MAX_BYTES': 17_179_869_184,
      'config.MAX_CONNECTIONS': 1_000_000,
    });
    expect(config).toMatchObject({ CACHE_MAX_BYTES: '17179869184', MAX_CONNECTIONS: '1000000' });
  });

  it('secrets come from Secrets, each by its own name and key, and are in nothing else', () => {
    const rendered = Rendered.from(NGINX);
    const from = (name: string, key: string) => ({ valueFrom: { secretKeyRef: { name, key } } });
    expect(rendered.container.env).toEqual([
      { name: 'ADMIN_TOKEN', ...from('gateway', 'ADMIN_TOKEN') },
      { name: 'JWT_SECRET', ...from('auth', 'signing-key') },
      { name: 'REDIS_URL', ...from('gateway', 'REDIS_URL') },
      { name: 'SECRET_KEY', ...from('gateway', 'SECRET_KEY') },
    ]);
    for (const values of CI_VALUES) {
      const made = Rendered.from(values);
      expect(made.all('Secret')).toEqual([]);
      const plain = Object.keys(made.config).filter((name) => SECRETS.includes(name) && name !== 'REDIS_URL');
      expect([values, plain, made.config.REDIS_URL ?? '']).toEqual([
        values,
        [],
        expect.not.stringContaining('@'),
      ]);
    }
  });

  it('Redis: sentinels with their password and an authority, a cluster by SPUBLISH, and a development Redis', () => {
    const sentinel = Rendered.from('09-sentinel-values.yaml');
    expect(sentinel.config).toMatchObject({ REDIS_TLS_CA: '/etc/socket-gateway/redis/ca.crt' });
    expect(sentinel.container.env.map(({ name }: { name: string }) => name)).toEqual([
      'REDIS_SENTINEL_PASSWORD',
      'REDIS_URL',
    ]);
    expect(sentinel.pod.volumes).toEqual([
      { name: 'redis-ca', secret: { secretName: 'redis-ca', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    ]);
    expect(Rendered.from('10-cluster-sharded-values.yaml').config).toMatchObject({
      REDIS_URL: 'redis+cluster://redis-0.redis:6379,redis-1.redis:6379,redis-2.redis:6379',
      REDIS_SHARDED_PUBSUB: 'true',
    });
    const development = Rendered.from('02-development-values.yaml');
    const service = development.one('Service', '-redis');
    expect(development.config.REDIS_URL).toBe(`redis://${service.metadata.name}:6379/0`);
    expect(development.one('Deployment', '-redis').spec.template.metadata.labels).toMatchObject(
      service.spec.selector as object,
    );
  });
});

describe('the way in', () => {
  const annotations = (values: string) => Rendered.from(values).one('Ingress').metadata.annotations;

  it('the public Service has clients alone; metrics and health have another, which nobody outside reaches', () => {
    for (const values of CI_VALUES) {
      const rendered = Rendered.from(values);
      const services = rendered.all('Service').filter(({ metadata }) => !metadata.name.endsWith('-redis'));
      const [admin, clients] = services.sort(({ metadata: { name: a } }) => (a.endsWith('-admin') ? -1 : 1));
      expect(clients!.spec.ports.map(({ targetPort }: { targetPort: string }) => targetPort)).toEqual([
        'http',
      ]);
      expect(admin!.spec).toMatchObject({
        type: 'ClusterIP',
        clusterIP: 'None',
        publishNotReadyAddresses: true,
      });
      expect(admin!.spec.ports).toMatchObject([{ name: 'admin', port: 8003, targetPort: 'admin' }]);
    }
  });

  it('every Service, budget, monitor and policy finds the gateway, and not the test or the Redis beside it', () => {
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

  it('nginx: an hour of silence, a body as large as the gateway takes, and the client by its address', () => {
    expect(annotations(NGINX)).toEqual({
      'cert-manager.io/cluster-issuer': 'letsencrypt',
      'nginx.ingress.kubernetes.io/proxy-body-size': '131072',
      'nginx.ingress.kubernetes.io/proxy-buffering': 'off',
      'nginx.ingress.kubernetes.io/proxy-connect-timeout': '2',
      'nginx.ingress.kubernetes.io/proxy-next-upstream': 'error timeout http_503 http_404 non_idempotent',
      'nginx.ingress.kubernetes.io/proxy-next-upstream-timeout': '10',
      'nginx.ingress.kubernetes.io/proxy-read-timeout': '3600',
      'nginx.ingress.kubernetes.io/proxy-send-timeout': '3600',
      'nginx.ingress.kubernetes.io/upstream-hash-by': '$remote_addr',
    });
    expect(Rendered.from(NGINX).config.TRANSPORTS).toBe('polling,websocket');
  });

  it('nginx with WebSocket alone: the same without affinity', () => {
    const rendered = Rendered.from({
      'sticky.provider': 'nginx',
      'ingress.enabled': true,
      'ingress.hosts': ['a.example.com'],
    });
    const names = Object.keys(rendered.one('Ingress').metadata.annotations!);
    expect(rendered.config.TRANSPORTS).toBe('websocket');
    expect(names).toContain('nginx.ingress.kubernetes.io/proxy-read-timeout');
    expect(names.filter((name) => /hash|affinity|cookie/.test(name))).toEqual([]);
  });

  it('nginx by cookie: one that pages of other origins may send', () => {
    expect(annotations('04-nginx-cookie-values.yaml')).toMatchObject({
      'nginx.ingress.kubernetes.io/affinity': 'cookie',
      'nginx.ingress.kubernetes.io/affinity-mode': 'persistent',
      'nginx.ingress.kubernetes.io/session-cookie-name': 'gw',
      'nginx.ingress.kubernetes.io/session-cookie-samesite': 'None',
      'nginx.ingress.kubernetes.io/session-cookie-secure': 'true',
    });
  });

  it("traefik: the cookie and the scheme are the Service's", () => {
    const service = Rendered.from('05-traefik-values.yaml').all('Service')[0]!;
    expect(service.metadata.annotations).toMatchObject({
      'traefik.ingress.kubernetes.io/service.serversscheme': 'https',
      'traefik.ingress.kubernetes.io/service.sticky.cookie': 'true',
      'traefik.ingress.kubernetes.io/service.sticky.cookie.name': 'socket-gateway',
    });
  });

  it('alb: straight to the pods, which it waits for as long as they drain', () => {
    const set = annotations('06-alb-values.yaml')!;
    expect(set).toMatchObject({
      'alb.ingress.kubernetes.io/target-type': 'ip',
      'alb.ingress.kubernetes.io/load-balancer-attributes': 'idle_timeout.timeout_seconds=4000',
      'alb.ingress.kubernetes.io/healthcheck-path': '/health/ready',
    });
    expect(set['alb.ingress.kubernetes.io/target-group-attributes']!.split(',')).toEqual(
      expect.arrayContaining(['deregistration_delay.timeout_seconds=3600', 'stickiness.enabled=true']),
    );
  });

  it('envoy: a route without a time limit, the client by its address, and no limit of 1,024 connections', () => {
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

  it('TLS up to the pods: the certificate is mounted as a folder, and everybody is told', () => {
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

  it('a load balancer of layer 4 keeps a client at its pod', () => {
    expect(Rendered.from('12-load-balancer-values.yaml').all('Service')[0]!.spec).toMatchObject({
      type: 'LoadBalancer',
      sessionAffinity: 'ClientIP',
      externalTrafficPolicy: 'Local',
      loadBalancerSourceRanges: ['203.0.113.0/24'],
    });
  });

  it('the policy lets in clients from where they come, Prometheus on its port, and lets out to names and Redis', () => {
    const { spec } = Rendered.from(NGINX).one('NetworkPolicy');
    expect(spec.policyTypes).toEqual(['Ingress', 'Egress']);
    const namespaces = (rule: Manifest['spec']) =>
      rule.from.flatMap(({ namespaceSelector }: Manifest['spec']) =>
        Object.values((namespaceSelector?.matchLabels ?? {}) as object),
      );
    expect(spec.ingress.map((rule: Manifest['spec']) => [rule.ports[0].port, namespaces(rule)])).toEqual([
      ['http', ['ingress-nginx']],
      ['admin', ['monitoring']],
    ]);
    expect(
      spec.egress.flatMap(({ ports }: Manifest['spec']) => ports.map(({ port }: { port: number }) => port)),
    ).toEqual([53, 53, 6380]);
    expect(spec.egress[1].to).toEqual([{ ipBlock: { cidr: '10.20.0.0/16' } }]);
  });
});

describe('how many', () => {
  it('the HPA goes by CPU and by connections, up at once and down slowly, and the Deployment leaves it to it', () => {
    const rendered = Rendered.from(NGINX);
    const { spec } = rendered.one('HorizontalPodAutoscaler');
    expect(rendered.deployment.spec.replicas).toBeUndefined();
    expect(spec.metrics).toEqual([
      {
        type: 'ContainerResource',
        containerResource: {
          name: 'cpu',
          container: 'socket-gateway',
          target: { type: 'Utilization', averageUtilization: 70 },
        },
      },
      {
        type: 'Pods',
        pods: {
          metric: { name: 'socket_gateway_connections' },
          target: { type: 'AverageValue', averageValue: '7000' },
        },
      },
    ]);
    expect(spec.behavior.scaleDown).toEqual({
      stabilizationWindowSeconds: 900,
      selectPolicy: 'Min',
      policies: [{ type: 'Pods', value: 1, periodSeconds: 300 }],
    });
    expect(spec.behavior.scaleUp.stabilizationWindowSeconds).toBe(0);
    expect(spec.scaleTargetRef.name).toBe(rendered.deployment.metadata.name);
  });

  it('KEDA does the same by Prometheus, and as much as there was while that is away', () => {
    const rendered = Rendered.from('11-keda-values.yaml');
    const { spec } = rendered.one('ScaledObject');
    expect(rendered.deployment.spec.replicas).toBeUndefined();
    expect(spec.triggers.map(({ type }: { type: string }) => type)).toEqual(['cpu', 'prometheus', 'cron']);
    expect(spec.triggers[1].metadata).toMatchObject({
      query:
        'sum(socket_gateway_connections{namespace="markets", pod=~"r-socket-gateway-[a-z0-9]+-[a-z0-9]+"})',
      threshold: '8000',
    });
    expect(spec.fallback.behavior).toBe('currentReplicasIfHigher');
    expect(spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.policies).toEqual([
      { type: 'Pods', value: 1, periodSeconds: 300 },
    ]);
  });

  it('KEDA has no fallback by CPU alone, which its admission refuses', () => {
    const { spec } = Rendered.from({ 'keda.enabled': true, 'autoscaling.targetConnections': 0 }).one(
      'ScaledObject',
    );
    expect(spec.triggers.map(({ type }: { type: string }) => type)).toEqual(['cpu']);
    expect(spec.fallback).toBeUndefined();
  });

  it('the budget lets one go at a time, and whoever is not ready', () => {
    const { spec } = Rendered.from().one('PodDisruptionBudget');
    expect(spec).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
    expect(spec.minAvailable).toBeUndefined();
    const other = Rendered.from('10-cluster-sharded-values.yaml').one('PodDisruptionBudget').spec;
    expect([other.minAvailable, other.maxUnavailable]).toEqual(['90%', undefined]);
    const nulled = Rendered.from({ 'pdb.maxUnavailable': null, 'pdb.minAvailable': 0 });
    expect(nulled.one('PodDisruptionBudget').spec.minAvailable).toBe(0);
  });
});

describe('monitoring', () => {
  const metrics = async () =>
    new Set([...(await new GatewayMetrics().text()).matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name!));
  const named = (text: string) =>
    [...text.matchAll(/\b(socket_gateway|process|nodejs)_\w+/g)].map(([name]) =>
      name.replace(/_(bucket|sum|count)$/, ''),
    );

  it('Prometheus is sent to the admin port, with its token', () => {
    const rendered = Rendered.from(NGINX);
    const { spec } = rendered.one('ServiceMonitor');
    expect(rendered.one('Service', '-admin').metadata.labels).toMatchObject(
      spec.selector.matchLabels as object,
    );
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

  it('alerts and dashboard ask for metrics that the gateway has', async () => {
    const known = await metrics();
    const rendered = Rendered.from(NGINX);
    const rules = rendered.one('PrometheusRule').spec.groups[0].rules as { expr: string }[];
    const dashboard = rendered.one('ConfigMap', '-dashboard').data['gateway.json'] as string;
    JSON.parse(dashboard);
    const asked = [...rules.flatMap(({ expr }) => named(expr)), ...named(dashboard)];
    expect(asked.length).toBeGreaterThan(40);
    expect([...new Set(asked)].filter((name) => !known.has(name))).toEqual([]);
  });

  it('there is an alert for each thing that goes wrong, of this release alone, with words for people', () => {
    const rules = Rendered.from(NGINX).one('PrometheusRule').spec.groups[0].rules as Manifest[];
    expect(rules.map(({ alert }) => alert)).toEqual(
      expect.arrayContaining(
        ['FeedStale', 'BridgeDown', 'SlowClients', 'LoopDelay', 'NearConnectionCap', 'Restarts'].map(
          (name) => `SocketGateway${name}`,
        ),
      ),
    );
    for (const { expr, labels, annotations } of rules) {
      expect(expr).toContain('namespace="markets", pod=~"gateway-[a-z0-9]+-[a-z0-9]+"');
      expect(['critical', 'warning']).toContain(labels.severity);
      expect(annotations).toEqual({
        summary: expect.stringMatching(/.{10}/),
        description: expect.stringMatching(/.{20}/),
        runbook_url: expect.stringMatching(/^https:\/\/runbooks.example.com\/gateway#socketgateway\w+$/),
      });
    }
    const cap = Rendered.from('11-keda-values.yaml').one('PrometheusRule').spec.groups[0].rules as Manifest[];
    expect(cap.find(({ alert }) => alert === 'SocketGatewayNearConnectionCap')!.expr).toContain(
      '/ 12000 > 0.85',
    );
  });
});

describe('helm test', () => {
  it('runs the handshake check of the same image, which the image has', () => {
    const rendered = Rendered.from();
    const { metadata, spec } = rendered.one('Pod');
    expect(metadata.annotations).toMatchObject({ 'helm.sh/hook': 'test' });
    expect(spec.restartPolicy).toBe('Never');
    expect(spec.containers[0]).toMatchObject({
      image: rendered.container.image,
      command: ['node', 'scripts/handshake-check.mjs'],
      args: ['--url=http://r-socket-gateway:80', '--symbol=NIFTY', '--expect=data', '--timeout=45'],
    });
    expect(read('Dockerfile')).toContain('COPY --from=build /app/scripts scripts');
    expect(read('.dockerignore')).toContain('!scripts/handshake-check.mjs');
  });

  it('brings a token where there is one, and else expects to be refused', () => {
    const withToken = Rendered.from(NGINX).one('Pod').spec.containers[0];
    expect(withToken.env).toEqual([
      { name: 'CHECK_TOKEN', valueFrom: { secretKeyRef: { name: 'gateway-test', key: 'token' } } },
    ]);
    expect(withToken.args.join(' ')).not.toContain('refusal');
    const without = Rendered.from({
      'config.AUTH_MODE': 'required',
      'secrets.SECRET_KEY.existingSecret': 'a',
      'secrets.JWT_SECRET.existingSecret': 'a',
    });
    expect(without.one('Pod').spec.containers[0].args).toContain('--expect-refusal=AUTH_REQUIRED');
  });
});

describe('what people read', () => {
  it('the README has the values of values.yaml', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(ROOT, 'scripts/chart-readme.mjs'), '--check'],
      { encoding: 'utf8' },
    );
    expect([status, stderr]).toEqual([0, '']);
  });

  // Helm 3 asks a cluster before it shows them.
  const notes = (values: string) =>
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
    ['02-development-values.yaml', ['redis.development is for trying']],
    [
      NGINX,
      [
        'https://gateway.example.com (path /socket.io)',
        'https://prices.example.com',
        'known by their address',
        'with the token',
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
    ['12-load-balancer-values.yaml', ['port 443 (https)', 'get service r-socket-gateway --watch']],
    ['04-nginx-cookie-values.yaml', ['http://gateway.example.com', 'The cookie is Secure']],
    ['06-alb-values.yaml', ['https://gateway.example.com']],
    ['11-keda-values.yaml', ['config.MARKET_HOURS is empty']],
    ['13-everything-extra-values.yaml', ['nodePort']],
  ])('the notes of %s are right for it', (values, parts) => {
    const said = notes(values);
    for (const part of parts) expect(said).toContain(part);
    expect(said).not.toMatch(/<no value>|%!|\{\{/);
  });

  it('the notes of a release with secrets and tokens warn of nothing', () => {
    expect(notes(NGINX)).not.toContain('WARNING');
    expect(notes('14-optional-auth-jwks-values.yaml')).not.toContain('helm test');
  });
});
