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
