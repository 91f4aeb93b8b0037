import { readFile } from 'node:fs/promises';
import { Command } from '../support/command.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { RedisServer } from '../support/redis-server.js';
import { ApiServer } from './support/api-server.js';
import { CHART, helmCommand, ROOT, VERSIONS } from './support/chart.js';
import type { Kinds } from './support/kinds.js';

const NAME = 'gateway-socket-gateway';

/**
 * A release from installation to removal with the real helm, and the objects it sends to a cluster.
 */
describe.each(VERSIONS)('a release by helm %s', (version) => {
  let api: ApiServer;
  let gateway: GatewayProcess;

  async function helm(...args: string[]): Promise<string> {
    const all = ['--namespace', 'markets', ...args];
    const command = Command.spawn(...helmCommand(version, all, api.kubeconfig));
    const code = await command.exit();
    if (code !== 0) throw new Error(`helm ${args[0]} ended with ${code}: ${command.output}`);
    return command.output;
  }

  const install = (...values: string[]) => helm('install', 'gateway', CHART, ...values);
  const upgrade = (...values: string[]) =>
    helm('upgrade', 'gateway', CHART, '--reset-then-reuse-values', ...values);

  const deployment = () => api.get('Deployment', NAME)!;
  const template = () => deployment().spec.template;

  /** Sets the number of pods of a Deployment, as its autoscaler does. */
  async function scale(name: string, replicas: number): Promise<void> {
    const { clusters } = JSON.parse(await readFile(api.kubeconfig, 'utf8')) as {
      clusters: [{ cluster: { server: string } }];
    };
    const url = `${clusters[0].cluster.server}/apis/apps/v1/namespaces/markets/deployments/${name}`;
    const headers = { 'content-type': 'application/strategic-merge-patch+json' };
    const body = JSON.stringify({ spec: { replicas } });
    expect((await fetch(url, { method: 'PATCH', headers, body })).status).toBe(200);
  }

  /** The pod of `helm test`, with the Service's name resolved to a running gateway. */
  async function runPod({ spec }: Kinds['Pod']): Promise<boolean> {
    const [{ command, args }] = spec.containers;
    const here = args.map((arg) => arg.replace(`http://${NAME}:80`, gateway.url));
    const pod = Command.spawn(process.execPath, [...command.slice(1), ...here], { cwd: ROOT, env: {} });
    return (await pod.exit()) === 0;
  }

  beforeAll(async () => {
    const redis = await RedisServer.start();
    gateway = await GatewayProcess.start({ REDIS_URL: redis.url, STALE_AFTER_MS: '300', PRODUCTS: 'NIFTY' });
    api = await ApiServer.start(runPod);
  });

  it('installs, and prints where clients connect', async () => {
    const said = await install('--set', 'redis.development.enabled=true');
    expect(said).toContain(`http://${NAME}.markets.svc:80`);
    expect(said).toContain('helm test gateway --namespace markets');
    expect(said).toContain('WARNING: redis.development');
    expect(api.names('Deployment').sort()).toEqual([NAME, `${NAME}-redis`]);
    expect(api.names('Service').sort()).toEqual([NAME, `${NAME}-admin`, `${NAME}-redis`]);
    expect(api.names('PodDisruptionBudget')).toEqual([NAME]);
    expect(api.names('Pod')).toEqual([]); // the test's pod is created only on request
  });

  it('has a test that connects to a gateway, subscribes and receives an update', async () => {
    expect(await helm('test', 'gateway')).toMatch(/Phase:\s+Succeeded/);
  });

  it('has a test that fails if the gateway is gone', async () => {
    const { url } = gateway;
    await gateway.stop();
    await expect(helm('test', 'gateway', '--timeout', '60s')).rejects.toThrow(/fail/i);
    gateway = await GatewayProcess.start({ PORT: new URL(url).port, PRODUCTS: 'NIFTY' });
  });

  it('an upgrade rolls out a new image, and a rollback the previous one', async () => {
    const before = template();
    await upgrade('--set', 'image.tag=0.2.0');
    expect(template().spec.containers[0].image).toBe('deltastream/socket-gateway:0.2.0');
    await helm('rollback', 'gateway', '1');
    expect(template()).toEqual(before);
    const history = await helm('history', 'gateway', '--output', 'json');
    expect(JSON.parse(history)).toMatchObject([
      { revision: 1, status: 'superseded' },
      { revision: 2, status: 'superseded' },
      { revision: 3, status: 'deployed' },
    ]);
  });

  it('an upgrade that does not change the pods does not restart them', async () => {
    const before = template();
    await upgrade('--set', 'service.annotations.a=b');
    expect(api.get('Service', NAME)!.metadata.annotations).toMatchObject({ a: 'b' });
    expect(template()).toEqual(before);
  });

  it('a changed setting restarts the pods', async () => {
    const { annotations } = template().metadata;
    await upgrade('--set', 'config.LOG_LEVEL=debug');
    expect(template().metadata.annotations['checksum/config']).not.toBe(annotations['checksum/config']);
  });

  it('with an autoscaler, an upgrade keeps the number of pods', async () => {
    await upgrade('--set', 'replicaCount=7');
    await upgrade('--set', 'autoscaling.enabled=true');
    expect(deployment().spec.replicas).toBe(7);
    expect(api.names('HorizontalPodAutoscaler')).toEqual([NAME]);
    const from = api.changes.length;
    await upgrade('--set', 'image.tag=0.3.0');
    const sent = api.changes.slice(from).filter(({ kind, name }) => kind === 'Deployment' && name === NAME);
    expect(sent.length).toBeGreaterThan(0);
    expect(deployment().spec.replicas).toBe(7);
  });

  it('with KEDA in place of the autoscaler, an upgrade keeps the number of pods', async () => {
    await upgrade('--set', 'autoscaling.enabled=false', '--set', 'replicaCount=6');
    expect(deployment().spec.replicas).toBe(6);
    await upgrade('--set', 'keda.enabled=true');
    expect(api.names('HorizontalPodAutoscaler')).toEqual([]);
    expect(api.names('ScaledObject')).toEqual([NAME]);
    expect(deployment().spec.replicas).toBe(6);
    await upgrade('--set', 'image.tag=0.4.0');
    expect(deployment().spec.replicas).toBe(6);
  });

  it.each(['autoscaling', 'keda'])(
    'with %s since the installation, no upgrade sets the number',
    async (scaler) => {
      const values = ['--set', `${scaler}.enabled=true`, '--set', 'fullnameOverride=scaled'];
      await helm('install', 'scaled', CHART, ...values);
      await scale('scaled', 4);
      await helm('upgrade', 'scaled', CHART, ...values, '--set', 'image.tag=0.4.0');
      const { metadata, spec } = api.get('Deployment', 'scaled')!;
      expect(metadata.annotations ?? {}).not.toHaveProperty('socket-gateway/kept-replicas');
      expect(spec.replicas).toBe(4);
      await helm('uninstall', 'scaled');
    },
  );

  it('leaves nothing behind except the pod of a failed test, which may be inspected', async () => {
    await helm('uninstall', 'gateway');
    for (const kind of ['Deployment', 'Service', 'ConfigMap', 'ServiceAccount', 'Secret']) {
      expect([kind, api.names(kind)]).toEqual([kind, []]);
    }
  });
});
