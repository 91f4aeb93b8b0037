import { NGINX, Rendered } from './support/chart.js';

describe('the number of pods', () => {
  it('the HPA scales by CPU and connections, up at once and down slowly, and the Deployment sets no number', () => {
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

  it('KEDA does the same with Prometheus, and keeps the current number while that is down', () => {
    const rendered = Rendered.from('11-keda-values.yaml');
    const { spec } = rendered.one('ScaledObject');
    expect(rendered.deployment.spec.replicas).toBeUndefined();
    expect(spec.triggers.map(({ type }) => type)).toEqual(['cpu', 'prometheus', 'cron']);
    expect(spec.triggers[1]?.metadata).toMatchObject({
      query:
        'sum(socket_gateway_connections{namespace="markets", pod=~"r-socket-gateway-[a-z0-9]+-[a-z0-9]+"})',
      threshold: '8000',
      ignoreNullValues: 'false', // otherwise pods without data would count as pods without clients
    });
    expect(spec.fallback.behavior).toBe('currentReplicasIfHigher');
    expect(spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.policies).toEqual([
      { type: 'Pods', value: 1, periodSeconds: 300 },
    ]);
  });

  it('KEDA has no fallback if only CPU is used, because its admission webhook rejects that', () => {
    const { spec } = Rendered.from({ 'keda.enabled': true, 'autoscaling.targetConnections': 0 }).one(
      'ScaledObject',
    );
    expect(spec.triggers.map(({ type }) => type)).toEqual(['cpu']);
    expect(spec.fallback).toBeUndefined();
  });

  it('the budget allows to evict one pod at a time, and any pod that is not ready', () => {
    const { spec } = Rendered.from().one('PodDisruptionBudget');
    expect(spec).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
    expect(spec.minAvailable).toBeUndefined();
    const other = Rendered.from('10-cluster-sharded-values.yaml').one('PodDisruptionBudget').spec;
    expect([other.minAvailable, other.maxUnavailable]).toEqual(['90%', undefined]);
    const nulled = Rendered.from({ 'pdb.maxUnavailable': null, 'pdb.minAvailable': 0 });
    expect(nulled.one('PodDisruptionBudget').spec.minAvailable).toBe(0);
  });
});
