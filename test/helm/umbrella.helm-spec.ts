import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { temporaryFolder } from '../support/temporary-folder.js';
import { CHART, helm, problemsOf, read, Rendered, VERSIONS } from './support/chart.js';

const CHART_YAML = parse(read('helm/socket-gateway/Chart.yaml')) as { name: string; version: string };

/** The values of a platform: one registry and anchors for all charts, and values for this one. */
const VALUES = `
global:
  imageRegistry: mirror.example.com
x-team: &team { team: markets }
prices:
  enabled: true
  x-note: parents may keep anchors here too
  commonLabels: *team
  podSecurityContext: { runAsUser: null, runAsGroup: null, fsGroup: null }
  autoscaling: { enabled: true }
  prometheusRule: { enabled: true }
  tests: { symbol: SPY }
other: { labels: *team }
`;

/** A parent chart that has this one under another name, and may turn it off. */
async function umbrella(): Promise<string> {
  const folder = join(await temporaryFolder(), 'platform');
  await mkdir(join(folder, 'templates'), { recursive: true });
  const dependency = {
    name: CHART_YAML.name,
    version: CHART_YAML.version,
    repository: `file://${CHART}`,
    alias: 'prices',
    condition: 'prices.enabled',
  };
  const chart = { apiVersion: 'v2', name: 'platform', version: '1.0.0', dependencies: [dependency] };
  await writeFile(join(folder, 'Chart.yaml'), JSON.stringify(chart));
  await writeFile(join(folder, 'values.yaml'), VALUES);
  return folder;
}

describe.each(VERSIONS)('a parent chart, with helm %s', (version) => {
  let parent: string;

  beforeAll(async () => {
    parent = await umbrella();
    const { status, stderr } = helm(version, 'dependency', 'update', parent, '--skip-refresh');
    expect([status, stderr]).toEqual([0, expect.any(String)]);
  });

  it('is accepted by lint, with its condition, anchors and global values', () => {
    const { status, stdout } = helm(version, 'lint', '--strict', '--with-subcharts', parent);
    expect([status, stdout]).toEqual([0, expect.stringContaining('0 chart(s) failed')]);
  });

  it('gives the objects the name of the alias, and the values of the parent', () => {
    const rendered = Rendered.fromChart(parent, version);
    expect(rendered.deployment.metadata).toMatchObject({ name: 'r-prices', labels: { team: 'markets' } });
    expect(rendered.container.image).toMatch(/^mirror\.example\.com\/deltastream\/socket-gateway:/);
    expect(rendered.one('HorizontalPodAutoscaler').spec.scaleTargetRef.name).toBe('r-prices');
    const { args, image } = rendered.one('Pod').spec.containers[0];
    expect(image).toBe(rendered.container.image);
    expect(args).toEqual(expect.arrayContaining(['--url=http://r-prices:80', '--symbol=SPY']));
    const expressions = rendered.one('PrometheusRule').spec.groups[0].rules.map(({ expr }) => expr);
    expect(expressions.join()).toContain('pod=~"r-prices-[a-z0-9]+-[a-z0-9]+"');
    expect(problemsOf(rendered.manifests).flat()).toEqual([]);
  });

  it('selects its own pods under the name of the alias', () => {
    const rendered = Rendered.fromChart(parent, version);
    const { labels } = rendered.deployment.spec.template.metadata;
    for (const { spec } of rendered.all('Service')) expect(labels).toMatchObject(spec.selector);
    expect(labels).toMatchObject({ 'app.kubernetes.io/name': 'prices', 'app.kubernetes.io/instance': 'r' });
  });

  it('removes defaults with null, as OpenShift needs', () => {
    const { securityContext } = Rendered.fromChart(parent, version).pod;
    expect(securityContext).toEqual({
      runAsNonRoot: true,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    });
  });

  it('creates nothing while its condition is false', () => {
    expect(Rendered.fromChart(parent, version, '--set', 'prices.enabled=false').manifests).toEqual([]);
  });

  it('rejects a value that this chart does not know', () => {
    const { status, stderr } = helm(version, 'template', 'r', parent, '--set', 'prices.replicas=3');
    expect([status, stderr]).toEqual([1, expect.stringContaining('replicas')]);
  });
});
