import { CHART, helm, VERSIONS, valueArgs } from './support/chart.js';

// Contradictory or invalid values must stop an install before anything is created.

const ingress = { 'ingress.enabled': true, 'ingress.hosts': ['gateway.example.com'] };
const route = { 'httpRoute.enabled': true, 'httpRoute.parentRefs': [{ name: 'edge' }] };

const remoteKeys = {
  'networkPolicy.enabled': true,
  'config.AUTH_MODE': 'optional',
  'config.JWT_JWKS_URL': 'https://auth.example.com:8443/jwks.json',
};

/**
 * The name, the values, the location that the schema reports (undefined: it cannot calculate), and
 * the error of the templates if the schema is skipped (undefined: they do not check, because the
 * rule is about form).
 */
const CONTRADICTIONS: [string, Record<string, unknown>, RegExp | undefined, RegExp | undefined][] = [
  [
    'an HPA and KEDA',
    { 'autoscaling.enabled': true, 'keda.enabled': true },
    /keda.enabled/,
    /undo each other/,
  ],
  [
    'an HPA without a target',
    { 'autoscaling.enabled': true, 'autoscaling.targetCPUPercent': 0, 'autoscaling.targetConnections': 0 },
    /autoscaling.target/,
    /nothing to scale by/,
  ],
  [
    'a maximum of pods below the minimum',
    { 'autoscaling.enabled': true, 'autoscaling.minReplicas': 30 },
    undefined,
    /minReplicas is more/,
  ],
  [
    'idle connections that pods close before the proxy does',
    { ...ingress, 'sticky.provider': 'nginx', 'config.KEEP_ALIVE_TIMEOUT_MS': 3_600_000 },
    undefined,
    /KEEP_ALIVE_TIMEOUT_MS is not longer/,
  ],
  ['a budget of both kinds', { 'pdb.minAvailable': 2 }, /pdb.maxUnavailable/, /Kubernetes accepts only one/],
  ['a budget of neither kind', { 'pdb.maxUnavailable': '' }, /pdb.maxUnavailable/, /protect nothing/],
  [
    'polling with several workers',
    { transports: 'websocket+polling', replicaCount: 1, workers: 2 },
    undefined,
    /workers is not 1/,
  ],
  [
    'both monitors',
    { 'serviceMonitor.enabled': true, 'podMonitor.enabled': true },
    /podMonitor.enabled/,
    /counted twice/,
  ],
  [
    'polling through several pods by an ingress without affinity',
    { transports: 'websocket+polling', ...ingress },
    /sticky.provider/,
    /sticky.provider is none/,
  ],
  [
    'the same, with one pod that an HPA may scale',
    { transports: 'websocket+polling', replicaCount: 1, 'autoscaling.enabled': true, ...ingress },
    /sticky.provider/,
    /sticky.provider is none/,
  ],
  [
    'the same, with one pod that KEDA may scale',
    { transports: 'websocket+polling', replicaCount: 1, 'keda.enabled': true, ...ingress },
    /sticky.provider/,
    /sticky.provider is none/,
  ],
  [
    'the same, through a route',
    { transports: 'websocket+polling', ...route },
    /sticky.provider/,
    /sticky.provider is none/,
  ],
  [
    'polling through several pods by the Service without affinity',
    { transports: 'websocket+polling' },
    /service.sessionAffinity/,
    /sessionAffinity to ClientIP/,
  ],
  [
    'an affinity without a provider',
    { transports: 'websocket+polling', 'sticky.provider': 'nginx' },
    /service.sessionAffinity/,
    /sessionAffinity to ClientIP/,
  ],
  ['an Ingress and a route', { ...ingress, ...route }, /httpRoute.enabled/, /both enabled: choose one/],
  [
    'a provider of Ingresses with a route',
    { 'sticky.provider': 'nginx', ...route },
    /sticky.provider/,
    /works through an Ingress/,
  ],
  [
    'HAProxy, which works through an Ingress, with a route',
    { 'sticky.provider': 'haproxy', ...route },
    /sticky.provider/,
    /haproxy works through an Ingress/,
  ],
  [
    'a provider of routes with an Ingress',
    { 'sticky.provider': 'envoy', ...ingress },
    /sticky.provider/,
    /works through an HTTPRoute/,
  ],
  [
    'affinity by address with a provider that supports only cookies',
    { 'sticky.provider': 'alb', 'sticky.by': 'address' },
    /sticky.by/,
    /only by a cookie/,
  ],
  [
    'a longer silence than alb allows',
    { 'sticky.provider': 'alb', 'sticky.timeoutSeconds': 7200 },
    /sticky.timeoutSeconds/,
    /4000/,
  ],
  ['an Ingress without a host', { 'ingress.enabled': true }, /ingress.hosts/, /hosts is empty/],
  ['a route without a Gateway', { 'httpRoute.enabled': true }, /httpRoute.parentRefs/, /names no Gateway/],
  [
    'a shorter grace period than pause and drain take',
    { terminationGracePeriodSeconds: 44 },
    undefined,
    /is 44, but .* take 45/,
  ],
  [
    "a shorter grace period than a gateway with Istio's sidecar takes",
    { 'istio.enabled': true, terminationGracePeriodSeconds: 49 },
    undefined,
    /is 49, but .* end of the process and of the sidecar \(15 s\) take 50/,
  ],
  [
    'a preStop hook that sleeps for another time than the pause',
    { 'lifecycle.preStop': { sleep: { seconds: 30 } } },
    undefined,
    /sleeps 30 s, and drain.preStopSeconds is 5/,
  ],
  [
    'a preStop hook that the grace period does not count',
    { 'lifecycle.preStop': { exec: { command: ['wait-for-proxy'] } }, 'drain.preStopSeconds': 0 },
    undefined,
    /no time for it/,
  ],
  ['the same port for clients and metrics', { 'ports.admin': 8002 }, undefined, /are the same/],
  [
    'tokens without a key',
    { 'config.AUTH_MODE': 'optional' },
    /./,
    /nothing says what tokens are signed with/,
  ],
  [
    'required tokens without SECRET_KEY',
    { 'config.AUTH_MODE': 'required', 'secrets.JWT_SECRET.existingSecret': 'a' },
    /secrets.SECRET_KEY.existingSecret/,
    /SECRET_KEY names no Secret/,
  ],
  [
    'cookies for every origin',
    { 'config.CORS_CREDENTIALS': true, 'config.CORS_ORIGINS': '*' },
    /config.CORS_ORIGINS/,
    undefined,
  ],
  [
    'two Redis',
    { 'redis.development.enabled': true, 'secrets.REDIS_URL.existingSecret': 'a' },
    /secrets.REDIS_URL.existingSecret/,
    /choose one/,
  ],
  [
    'two Redis servers, one of them with a password',
    { 'redis.development.enabled': true, 'secrets.REDIS_PASSWORD.existingSecret': 'a' },
    /secrets.REDIS_PASSWORD.existingSecret/,
    /choose one/,
  ],
  [
    'a Redis user without a password',
    { 'redis.username': 'gateway' },
    /secrets.REDIS_PASSWORD.existingSecret/,
    /redis.username is set/,
  ],
  [
    'a certificate authority without TLS',
    { 'redis.tls.existingSecret': 'a' },
    /redis.url/,
    /does not begin with rediss/,
  ],
  [
    'a policy that blocks the sentinels',
    { 'networkPolicy.enabled': true, 'redis.url': 'redis+sentinel://a,b:26380/market' },
    undefined,
    /the port 26379.*\n.*the port 26380/,
  ],
  [
    'a policy that blocks Redis',
    { 'networkPolicy.enabled': true, 'redis.url': 'rediss://[fd00::1]:6380/0' },
    undefined,
    /the port 6380/,
  ],
  ['a policy that blocks the keys of tokens', remoteKeys, undefined, /the network policy blocks it/],
  [
    'load balancer settings without a load balancer',
    { 'service.loadBalancerSourceRanges': ['10.0.0.0/8'] },
    undefined,
    /for service.type LoadBalancer/,
  ],
  [
    'a traffic policy that a ClusterIP cannot have',
    { 'service.externalTrafficPolicy': 'Local' },
    undefined,
    /LoadBalancer and NodePort/,
  ],
  [
    'addresses on which no pod listens',
    { 'service.ipFamilies': ['IPv6'] },
    undefined,
    /set config.HOST to '::'/,
  ],
  [
    'two IP families in a single stack',
    { 'service.ipFamilyPolicy': 'SingleStack', 'service.ipFamilies': ['IPv4', 'IPv6'], 'config.HOST': '::' },
    undefined,
    /ipFamilies has two/,
  ],
  [
    'a roll-out that may neither add nor remove pods',
    { 'strategy.rollingUpdate.maxSurge': '0%' },
    undefined,
    /no pod could ever be replaced/,
  ],
  [
    'a volume with a name that the chart uses',
    { 'tls.existingSecret': 'a', extraVolumes: [{ name: 'tls', emptyDir: {} }] },
    undefined,
    /extraVolumes has tls/,
  ],
  [
    "a container with the gateway's name",
    { extraContainers: [{ name: 'socket-gateway', image: 'busybox' }] },
    undefined,
    /has socket-gateway/,
  ],
  [
    'a name that begins with a digit',
    { fullnameOverride: '1gateway' },
    /fullnameOverride/,
    /is not a valid name for a Service/,
  ],
  [
    'limits per address behind a proxy that is not trusted',
    { 'config.MAX_CONNECTIONS_PER_IP': 10, ...ingress },
    /config.TRUST_PROXY/,
    /config.TRUST_PROXY/,
  ],
];

const FORMS: [string, Record<string, unknown>, RegExp][] = [
  ['an unknown key', { replicas: 3 }, /replicas/],
  ['an unknown nested key', { 'service.prot': 80 }, /prot/],
  ['an unknown variable', { 'config.MAX_CONECTIONS': 5 }, /MAX_CONECTIONS/],
  ['a secret among the settings', { 'config.SECRET_KEY': 'plain' }, /SECRET_KEY/],
  ['a secret in extraEnv', { extraEnv: [{ name: 'JWT_SECRET', value: 'plain' }] }, /extraEnv/],
  [
    'a private key in place of a public one',
    { 'config.JWT_PUBLIC_KEY': '-----BEGIN PRIVATE KEY-----' },
    /JWT_PUBLIC_KEY/,
  ],
  ['a password in redis.url', { 'redis.url': 'redis://:secret@redis:6379' }, /redis.url/],
  ['a variable that another value sets', { 'config.TRANSPORTS': 'polling' }, /TRANSPORTS/],
  ['a number in place of a string', { transports: 1 }, /transports/],
  ['an unknown transport', { transports: 'polling' }, /transports/],
  ['an unknown provider', { 'sticky.provider': 'caddy' }, /sticky.provider/],
  ['a value above the limit of a variable', { 'config.MAX_CONNECTIONS': 2_000_000 }, /MAX_CONNECTIONS/],
  ['a label that the selector uses', { commonLabels: { 'app.kubernetes.io/name': 'x' } }, /name/],
  ['a section set to null', { tls: null }, /tls/],
  ['an image with its tag in the wrong place', { 'image.repository': 'example.com:5000/a:1' }, /repository/],
  [
    'a surge that is neither a number nor a percentage',
    { 'strategy.rollingUpdate.maxSurge': '1' },
    /maxSurge/,
  ],
  [
    'a liveness probe with a success threshold of two',
    { 'probes.liveness.successThreshold': 2 },
    /successThreshold/,
  ],
  ['a Gateway without a name', { ...route, 'httpRoute.parentRefs': [{ namespace: 'a' }] }, /parentRefs/],
  ['an invalid digest', { 'image.digest': 'latest' }, /image.digest/],
];

describe.each(VERSIONS)('helm %s', (version) => {
  const template = (values: Record<string, unknown>, ...args: string[]) =>
    helm(version, 'template', 'r', CHART, ...valueArgs(values), ...args);
  // Helm 3 writes `pdb.maxUnavailable`, helm 4 `/pdb/maxUnavailable`.
  const said = (text: string) => text.replace(/(?<=\w)\/(?=\w)/g, '.');

  it.each(CONTRADICTIONS)('refuses %s', (_, values, schema, sentence) => {
    const { status, stderr } = template(values);
    expect(status).not.toBe(0);
    expect(said(stderr)).toMatch(schema ?? sentence!);
    if (schema) expect(stderr).toContain('schema');
    if (sentence) {
      const unchecked = template(values, '--skip-schema-validation');
      expect(unchecked.status).not.toBe(0);
      expect(unchecked.stderr).toMatch(sentence);
    }
  });

  it.each(FORMS)('refuses %s', (_, values, schema) => {
    const { status, stderr } = template(values);
    expect(status).not.toBe(0);
    expect(stderr).toContain('schema');
    expect(said(stderr)).toMatch(schema);
  });

  it.each([
    ['polling through one pod', { transports: 'websocket+polling', replicaCount: 1, ...ingress }],
    [
      'polling through several pods with a Service that has affinity',
      { transports: 'websocket+polling', 'service.sessionAffinity': 'ClientIP' },
    ],
    ['exactly the required grace period', { terminationGracePeriodSeconds: 45 }],
    [
      'exactly the required grace period with Istio',
      { 'istio.enabled': true, terminationGracePeriodSeconds: 50 },
    ],
    ['a budget of the other kind', { 'pdb.maxUnavailable': '', 'pdb.minAvailable': 2 }],
    [
      'limits per address behind a trusted proxy',
      { 'config.MAX_CONNECTIONS_PER_IP': 10, 'config.TRUST_PROXY': '10.0.0.0/8', ...ingress },
    ],
    [
      "a volume name that the chart does not use in this case, and a registry's port",
      { extraVolumes: [{ name: 'tls', emptyDir: {} }], 'image.repository': 'example.com:5000/a' },
    ],
    [
      'the keys of tokens on a port that the policy opens for Redis',
      { ...remoteKeys, 'networkPolicy.redis.ports': [6379, 8443] },
    ],
    [
      'another policy in the same install that allows access to the keys of tokens',
      { ...remoteKeys, extraObjects: [{ apiVersion: 'cilium.io/v2', kind: 'CiliumNetworkPolicy' }] },
    ],
    [
      'a roll-out that removes pods before it adds new ones',
      { 'strategy.rollingUpdate': { maxSurge: 0, maxUnavailable: '25%' } },
    ],
    ['a value that a parent chart shares with all charts', { 'global.anything': 1 }],
  ])('takes %s', (_, values) => {
    const { status, stderr } = template(values);
    expect([status, stderr]).toEqual([0, '']);
  });
});
