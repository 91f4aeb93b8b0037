import { CI_VALUES, type PodSpec, Rendered } from './support/chart.js';

/** Every pod of a value file, from Deployments and the test. */
function podsOf(values: string): { name: string; spec: PodSpec }[] {
  const rendered = Rendered.from(values);
  return [
    ...rendered
      .all('Deployment')
      .map(({ metadata, spec }) => ({ name: metadata.name, spec: spec.template.spec })),
    ...rendered.all('Pod').map(({ metadata, spec }) => ({ name: metadata.name, spec })),
  ];
}

describe('the pods', () => {
  it.each(CI_VALUES)('are "restricted" with %s: no root, read-only, no capabilities, no token', (values) => {
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
      // OpenShift assigns a user and rejects a pod that asks for one
      if (!values.includes('openshift')) expect(spec.securityContext.runAsUser).toBeGreaterThan(0);
      for (const field of ['hostNetwork', 'hostPID', 'hostIPC'] as const) expect(spec[field]).toBeUndefined();
      for (const container of spec.containers) {
        // the operator who adds one is responsible for it
        if (['sidecar'].includes(container.name)) continue;
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

  it('are replaced one at a time, with one extra pod, each ready for a while before the next', () => {
    const { spec } = Rendered.from().deployment;
    expect(spec.strategy).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
    });
    expect(spec.minReadySeconds).toBe(10);
  });

  it('are probed on the admin port, for start, liveness and readiness', () => {
    const { container } = Rendered.from();
    const asked = (probe: 'startupProbe' | 'livenessProbe' | 'readinessProbe') => container[probe].httpGet;
    expect(asked('startupProbe')).toEqual({ path: '/health/live', port: 'admin' });
    expect(asked('livenessProbe')).toEqual({ path: '/health/live', port: 'admin' });
    expect(asked('readinessProbe')).toEqual({ path: '/health/ready', port: 'admin' });
    expect(container.ports).toEqual([
      { name: 'http', containerPort: 8002, protocol: 'TCP' },
      { name: 'admin', containerPort: 8003, protocol: 'TCP' },
    ]);
  });

  it.each(CI_VALUES)('have enough time for pause, drain and shutdown with %s', (values) => {
    const { pod, container, config } = Rendered.from(values);
    const pause = container.lifecycle?.preStop.sleep.seconds ?? 0;
    const drain = Number(config.DRAIN_TIMEOUT_MS) / 1_000;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(pause + drain + 10);
  });

  it('have a grace period that follows pause and drain', () => {
    const { pod, container, config } = Rendered.from({ 'drain.preStopSeconds': 20, 'drain.seconds': 300 });
    expect(container.lifecycle).toEqual({ preStop: { sleep: { seconds: 20 } } });
    expect(config.DRAIN_TIMEOUT_MS).toBe('300000');
    expect(pod.terminationGracePeriodSeconds).toBe(330);
  });

  it('have a preStop hook of their own, whose time the grace period counts as drain.preStopSeconds', () => {
    const preStop = { exec: { command: ['wait-for-proxy'] } };
    const { pod, container } = Rendered.from({ 'lifecycle.preStop': preStop, 'drain.preStopSeconds': 40 });
    expect(container.lifecycle).toEqual({ preStop });
    expect(pod.terminationGracePeriodSeconds).toBe(40 + 30 + 10);
    const sleep = { 'lifecycle.preStop': { sleep: { seconds: 5 } } };
    expect(Rendered.from(sleep).pod.terminationGracePeriodSeconds).toBe(45);
  });

  it('are restarted for a changed setting, but not for a new chart or more pods', () => {
    const template = (values: Record<string, unknown>) => Rendered.from(values).deployment.spec.template;
    const before = template({});
    expect(template({ replicaCount: 9 })).toEqual(before);
    expect(template({ 'ingress.enabled': true, 'ingress.hosts': ['a.example.com'] })).toEqual(before);
    expect(JSON.stringify(before)).not.toContain('helm.sh/chart');
    const sum = (values: Record<string, unknown>) => template(values).metadata.annotations['checksum/config'];
    expect(sum({ 'config.MAX_CONNECTIONS': 1 })).not.toBe(sum({}));
    expect(sum({ transports: 'websocket+polling', replicaCount: 1 })).not.toBe(sum({}));
  });

  it('are spread over hosts and zones, separately for each roll-out', () => {
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

  it('respect node selectors, tolerations and pull secrets, including the additional pods', () => {
    const nodeAffinity = {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: 'kubernetes.io/arch', operator: 'In', values: ['amd64'] }] },
        ],
      },
    };
    const place = {
      imagePullSecrets: [{ name: 'registry' }],
      nodeSelector: { pool: 'sockets' },
      tolerations: [{ key: 'pool', operator: 'Exists' }],
    };
    const apart = {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname' }],
    };
    const rendered = Rendered.from({
      ...place,
      affinity: { nodeAffinity, podAntiAffinity: apart },
      'redis.development.enabled': true,
    });
    expect(rendered.pod).toMatchObject({ ...place, affinity: { nodeAffinity, podAntiAffinity: apart } });
    const beside = [rendered.one('Deployment', '-redis').spec.template.spec, rendered.one('Pod').spec];
    for (const spec of beside) {
      expect(spec).toMatchObject(place);
      expect(spec.affinity).toEqual({ nodeAffinity });
    }
  });

  it('keep additions, which do not replace their selector labels', () => {
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
    expect(rendered.pod.volumes.map(({ name }) => name)).toEqual(['scratch']);
    expect(rendered.pod.containers).toHaveLength(2);
    expect(rendered.pod.initContainers).toHaveLength(1);
    expect(rendered.pod.serviceAccountName).toBe('shared');
    expect(rendered.all('ServiceAccount')).toEqual([]);
    expect(rendered.one('ConfigMap', 'r-more').data).toEqual({ key: 'value' });
  });
});
