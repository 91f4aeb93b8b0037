import { join } from 'node:path';
import { GatewayProcess } from '../../support/gateway-process.js';
import { Nginx } from '../../support/nginx.js';
import { freePort, waitFor } from '../../support/wait.js';

const COLLECT_GARBAGE = join(__dirname, 'collect-garbage.cjs');

export const DRAIN_MS = 10_000;
export const STALE_AFTER_MS = 2_000;

const ENV = {
  DRAIN_TIMEOUT_MS: `${DRAIN_MS}`,
  STALE_AFTER_MS: `${STALE_AFTER_MS}`,
  FEED_PROBE_AFTER_MS: '1000',
  PING_INTERVAL_MS: '4000',
  PING_TIMEOUT_MS: '4000',
  NODE_OPTIONS: `--require ${COLLECT_GARBAGE}`,
};

/** One of the replicas: a process, and after it another on the same port. */
export class Replica {
  private constructor(
    private readonly env: Readonly<Record<string, string>>,
    public process: GatewayProcess,
  ) {}

  static async start(redis: Readonly<Record<string, string>>): Promise<Replica> {
    const env = { ...ENV, ...redis, PORT: `${await freePort()}` };
    const replica = new Replica(env, await GatewayProcess.start(env));
    await replica.process.ready();
    return replica;
  }

  /** To be called when the process has ended: another takes its place, and is ready. */
  async replace(): Promise<void> {
    this.process = await GatewayProcess.start(this.env);
    await this.process.ready();
  }

  /** What it holds in memory once its garbage is collected, bytes: of several attempts the least, for it is at work. */
  async heap(): Promise<number> {
    const attempts: number[] = [];
    for (let n = 0; n < 5; n++) attempts.push(await this.collected());
    return Math.min(...attempts);
  }

  private async collected(): Promise<number> {
    const runs = await this.process.metric('nodejs_gc_duration_seconds_count{kind="major"}');
    process.kill(this.process.pid, 'SIGUSR2');
    await waitFor(
      async () => (await this.process.metric('nodejs_gc_duration_seconds_count{kind="major"}')) > runs,
    );
    const [used, external] = await Promise.all(
      ['nodejs_heap_size_used_bytes', 'nodejs_external_memory_bytes'].map((name) =>
        this.process.metric(name),
      ),
    );
    return used! + external!;
  }
}

/** Three replicas behind nginx, with its configuration as it is deployed. */
export class ChaosCluster {
  private constructor(
    readonly replicas: readonly Replica[],
    private readonly nginx: Nginx,
  ) {}

  /** @param redis of each replica, the settings that lead to its Redis */
  static async start(redis: readonly Readonly<Record<string, string>>[]): Promise<ChaosCluster> {
    const replicas = await Promise.all(redis.map((env) => Replica.start(env)));
    return new ChaosCluster(replicas, await Nginx.start(replicas.map(({ process }) => process.port)));
  }

  get url(): string {
    return this.nginx.url;
  }

  /** A metric, summed over the replicas. */
  async sum(sample: string): Promise<number> {
    const values = await Promise.all(this.replicas.map(({ process }) => process.metric(sample)));
    return values.reduce((sum, value) => sum + value, 0);
  }

  async stop(): Promise<void> {
    await Promise.all(this.replicas.map(({ process }) => process.stop()));
    await this.nginx.stop();
  }
}
