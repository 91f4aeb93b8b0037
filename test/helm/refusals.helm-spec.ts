import { CHART, helm, VERSIONS, valueArgs } from './support/chart.js';

// What does not go together, or is no value at all, ends an install before anything is made.

const ingress = { 'ingress.enabled': true, 'ingress.hosts': ['gateway.example.com'] };
const route = { 'httpRoute.enabled': true, 'httpRoute.parentRefs': [{ name: 'edge' }] };

const remoteKeys = {
  'networkPolicy.enabled': true,
  'config.AUTH_MODE': 'optional',
  'config.JWT_JWKS_URL': 'https://auth.example.com:8443/jwks.json',
};

/**
 * Name, values, where the schema points (undefined: it cannot calculate), and what the templates say where the schema is passed over
 * (undefined: they do not look, for it is a matter of form).
 */
const CONTRADICTIONS: [string, Record<string, unknown>, RegExp | undefined, RegExp | undefined][] = [
  [
    'an HPA and KEDA',
    { 'autoscaling.enabled': true, 'keda.enabled': true },
    /keda.enabled/,
    /undo each other/,
  ],
  [
    'nothing to scale by',
    { 'autoscaling.enabled': true, 'autoscaling.targetCPUPercent': 0, 'autoscaling.targetConnections': 0 },
    /autoscaling.target/,
    /nothing to scale by/,
  ],
  [
    'fewer pods at most than at least',
    { 'autoscaling.enabled': true, 'autoscaling.minReplicas': 30 },
    undefined,
    /minReplicas is more/,
  ],
  ['a budget of both kinds', { 'pdb.minAvailable': 2 }, /pdb.maxUnavailable/, /Kubernetes takes one/],
  ['a budget of neither kind', { 'pdb.maxUnavailable': '' }, /pdb.maxUnavailable/, /protect nothing/],
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
    'the same, with one pod that an HPA may multiply',
    { transports: 'websocket+polling', replicaCount: 1, 'autoscaling.enabled': true, ...ingress },
    /sticky.provider/,
    /sticky.provider is none/,
  ],
  [
    'the same, with one pod that KEDA may multiply',
    { transports: 'websocket+polling', replicaCount: 1, 'keda.enabled': true, ...ingress },
    /sticky.provider/,
    /sticky.provider is none/,
  ],
  [
    'the same, by a route',
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
    'an affinity that nobody carries out',
    { transports: 'websocket+polling', 'sticky.provider': 'nginx' },
    /service.sessionAffinity/,
    /sessionAffinity to ClientIP/,
  ],
  ['two ways in', { ...ingress, ...route }, /httpRoute.enabled/, /choose one way in/],
  [
    'a provider of Ingresses for a route',
    { 'sticky.provider': 'nginx', ...route },
    /sticky.provider/,
    /works by an Ingress/,
  ],
  [
    'a provider of routes for an Ingress',
    { 'sticky.provider': 'envoy', ...ingress },
    /sticky.provider/,
    /works by an HTTPRoute/,
  ],
  [
    'addresses where cookies are all there is',
    { 'sticky.provider': 'alb', 'sticky.by': 'address' },
    /sticky.by/,
    /by a cookie alone/,
  ],
  [
    'a longer silence than alb keeps',
    { 'sticky.provider': 'alb', 'sticky.timeoutSeconds': 7200 },
    /sticky.timeoutSeconds/,
    /4000/,
  ],
  ['an Ingress without a host', { 'ingress.enabled': true }, /ingress.hosts/, /names none/],
  ['a route without a Gateway', { 'httpRoute.enabled': true }, /httpRoute.parentRefs/, /names no Gateway/],
  [
    'less grace than pause and drain take',
    { terminationGracePeriodSeconds: 44 },
    undefined,
    /is 44, but .* take 45/,
  ],
  ['one port for all', { 'ports.admin': 8002 }, undefined, /are the same/],
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
    'two Redis, of which one has a password',
    { 'redis.development.enabled': true, 'secrets.REDIS_PASSWORD.existingSecret': 'a' },
    /secrets.REDIS_PASSWORD.existingSecret/,
    /choose one/,
  ],
  [
    'a user of Redis without a password',
    { 'redis.username': 'gateway' },
    /secrets.REDIS_PASSWORD.existingSecret/,
    /redis.username is set/,
  ],
  [
    'an authority without TLS',
    { 'redis.tls.existingSecret': 'a' },
    /redis.url/,
    /does not begin with rediss/,
  ],
  [
    'a policy that keeps sentinels out of reach',
    { 'networkPolicy.enabled': true, 'redis.url': 'redis+sentinel://a,b:26380/market' },
    undefined,
    /at port 26379.*\n.*at port 26380/,
  ],
  [
    'a policy that keeps Redis out of reach',
    { 'networkPolicy.enabled': true, 'redis.url': 'rediss://[fd00::1]:6380/0' },
    undefined,
    /at port 6380/,
  ],
  ['a policy that keeps the keys of tokens out of reach', remoteKeys, undefined, /lets nobody go there/],
  [
    "a load balancer's settings without one",
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
    'addresses at which no pod listens',
    { 'service.ipFamilies': ['IPv6'] },
    undefined,
    /set config.HOST to '::'/,
  ],
  [
    'two families of addresses in one stack',
    { 'service.ipFamilyPolicy': 'SingleStack', 'service.ipFamilies': ['IPv4', 'IPv6'], 'config.HOST': '::' },
    undefined,
    /ipFamilies has two/,
  ],
  [
    'a roll-out of neither more pods nor fewer',
    { 'strategy.rollingUpdate.maxSurge': '0%' },
    undefined,
    /no pod could ever be replaced/,
  ],
  [
    "a volume of the chart's own name",
    { 'tls.existingSecret': 'a', extraVolumes: [{ name: 'tls', emptyDir: {} }] },
    undefined,
    /extraVolumes has tls/,
  ],
  [
    "a container of the gateway's name",
    { extraContainers: [{ name: 'socket-gateway', image: 'busybox' }] },
    undefined,
    /has socket-gateway/,
  ],
  [
    'a name that begins with a digit',
    { fullnameOverride: '1gateway' },
    /fullnameOverride/,
    /is no name for a Service/,
  ],
  [
    'limits by address behind a proxy that is not trusted',
    { 'config.MAX_CONNECTIONS_PER_IP': 10, ...ingress },
    /config.TRUST_PROXY/,
    /config.TRUST_PROXY/,
  ],
];

const FORMS: [string, Record<string, unknown>, RegExp][] = [
  ['a key that there is not', { replicas: 3 }, /replicas/],
  ['a key that there is not, further down', { 'service.prot': 80 }, /prot/],
  ['a variable that there is not', { 'config.MAX_CONECTIONS': 5 }, /MAX_CONECTIONS/],
  ['a secret among the settings', { 'config.SECRET_KEY': 'plain' }, /SECRET_KEY/],
  ['a secret in extraEnv', { extraEnv: [{ name: 'JWT_SECRET', value: 'plain' }] }, /extraEnv/],
  [
    'a private key for a public one',
    { 'config.JWT_PUBLIC_KEY': '-----BEGIN PRIVATE KEY-----' },
    /JWT_PUBLIC_KEY/,
  ],
  ['a password in redis.url', { 'redis.url': 'redis://:secret@redis:6379' }, /redis.url/],
  ['a variable that another value sets', { 'config.TRANSPORTS': 'polling' }, /TRANSPORTS/],
  ['a number for a text', { transports: 1 }, /transports/],
  ['a transport that there is not', { transports: 'polling' }, /transports/],
  ['a provider that there is not', { 'sticky.provider': 'haproxy' }, /sticky.provider/],
  ['more than a variable takes', { 'config.MAX_CONNECTIONS': 2_000_000 }, /MAX_CONNECTIONS/],
  ['a label that finds pods', { commonLabels: { 'app.kubernetes.io/name': 'x' } }, /name/],
  ['a section taken away', { tls: null }, /tls/],
  ['an image with its tag in the wrong place', { 'image.repository': 'example.com:5000/a:1' }, /repository/],
  ['a surge that is neither number nor share', { 'strategy.rollingUpdate.maxSurge': '1' }, /maxSurge/],
  ['a live pod that must be so twice', { 'probes.liveness.successThreshold': 2 }, /successThreshold/],
  ['a Gateway without a name', { ...route, 'httpRoute.parentRefs': [{ namespace: 'a' }] }, /parentRefs/],
  ['a digest that is none', { 'image.digest': 'latest' }, /image.digest/],
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
      'polling through several by a Service that knows clients',
      { transports: 'websocket+polling', 'service.sessionAffinity': 'ClientIP' },
    ],
    ['exactly the grace that is needed', { terminationGracePeriodSeconds: 45 }],
    ['a budget of the other kind', { 'pdb.maxUnavailable': '', 'pdb.minAvailable': 2 }],
    [
      'limits by address behind a trusted proxy',
      { 'config.MAX_CONNECTIONS_PER_IP': 10, 'config.TRUST_PROXY': '10.0.0.0/8', ...ingress },
    ],
    [
      "a volume by a name that the chart has no use for, and a registry's port",
      { extraVolumes: [{ name: 'tls', emptyDir: {} }], 'image.repository': 'example.com:5000/a' },
    ],
    [
      "the keys of tokens at a port that the policy opens for Redis' sake",
      { ...remoteKeys, 'networkPolicy.redis.ports': [6379, 8443] },
    ],
    [
      'a further policy of the same install that lets pods go to the keys of tokens',
      { ...remoteKeys, extraObjects: [{ apiVersion: 'cilium.io/v2', kind: 'CiliumNetworkPolicy' }] },
    ],
    ['fewer pods in place of more', { 'strategy.rollingUpdate': { maxSurge: 0, maxUnavailable: '25%' } }],
    ['what a chart above this one shares with all', { 'global.anything': 1 }],
  ])('takes %s', (_, values) => {
    const { status, stderr } = template(values);
    expect([status, stderr]).toEqual([0, '']);
  });
});
