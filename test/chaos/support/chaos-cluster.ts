import { GatewayProcess } from '../../support/gateway-process.js';
import { collectedHeap, HEAP_ENV } from '../../support/heap.js';
import { Nginx } from '../../support/nginx.js';
import { freePort } from '../../support/wait.js';

export const DRAIN_MS = 10_000;
export const STALE_AFTER_MS = 2_000;
const PING_INTERVAL_MS = 1_000;
/** Longer than a busy machine stalls the process of all clients. */
const PING_TIMEOUT_MS = 8_000;
/** After this long without a ping, a client gives its connection up. */
export const SILENCE_MS = PING_INTERVAL_MS + PING_TIMEOUT_MS;

const ENV = {
  DRAIN_TIMEOUT_MS: `${DRAIN_MS}`,
  STALE_AFTER_MS: `${STALE_AFTER_MS}`,
  FEED_PROBE_AFTER_MS: '1000',
  PING_INTERVAL_MS: `${PING_INTERVAL_MS}`,
  PING_TIMEOUT_MS: `${PING_TIMEOUT_MS}`,
  ...HEAP_ENV,
};

/** Every second replica writes without the addon, so that clients meet both ways of writing. */
function writePathOf(index: number): string {
  return index % 2 === 0 ? 'auto' : 'off';
}

/** One of the replicas. A process that ended is replaced by another one on the same port. */
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

  /** Call this when the process has ended. Starts a new process, and waits until it is ready. */
  async replace(): Promise<void> {
    this.process = await GatewayProcess.start(this.env);
    await this.process.ready();
  }

  /** The memory that the process uses, in bytes. */
  heap(): Promise<number> {
    return collectedHeap(this.process);
  }
}

/** Three replicas behind nginx with the deployed configuration. */
export class ChaosCluster {
  private constructor(
    readonly replicas: readonly Replica[],
    private readonly nginx: Nginx,
  ) {}

  /** @param redis for each replica, the settings that lead to its Redis */
  static async start(redis: readonly Readonly<Record<string, string>>[]): Promise<ChaosCluster> {
    const replicas = await Promise.all(
      redis.map((env, index) => Replica.start({ ...env, FANOUT_NATIVE: writePathOf(index) })),
    );
    return new ChaosCluster(replicas, await Nginx.start(replicas.map(({ process }) => process.port)));
  }

  get url(): string {
    return this.nginx.url;
  }

  /** The sum of a metric over all replicas. */
  async sum(sample: string): Promise<number> {
    const values = await Promise.all(this.replicas.map(({ process }) => process.metric(sample)));
    return values.reduce((sum, value) => sum + value, 0);
  }

  async stop(): Promise<void> {
    await Promise.all(this.replicas.map(({ process }) => process.stop()));
    await this.nginx.stop();
  }
}
