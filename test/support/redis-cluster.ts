import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Cluster } from 'ioredis';
import { cleanUp } from './cleanup.js';
import { RedisServer } from './redis-server.js';
import { waitFor } from './wait.js';

const MASTERS = 3;

/** A private Redis Cluster of three masters without replicas, each in a separate process. */
export class RedisCluster {
  private constructor(
    readonly nodes: readonly RedisServer[],
    readonly url: string,
    /** A connection with which the test publishes and inspects. */
    readonly client: Cluster,
  ) {}

  static async start(): Promise<RedisCluster> {
    const nodes = await Promise.all(
      Array.from({ length: MASTERS }, () =>
        // A test may freeze a node for seconds, and the others must not declare it failed.
        RedisServer.start(['--cluster-enabled', 'yes', '--cluster-node-timeout', '15000']),
      ),
    );
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
    const args = ['--cluster', 'create', ...addresses, '--cluster-replicas', '0', '--cluster-yes'];
    await promisify(execFile)('redis-cli', args);
    for (const { client } of nodes) {
      await waitFor(async () => (await client.cluster('INFO')).includes('cluster_state:ok'));
    }
    const client = new Cluster(nodes.map(({ port }) => ({ host: '127.0.0.1', port })));
    client.on('error', () => undefined);
    cleanUp(() => {
      if (client.status !== 'end') client.disconnect();
    });
    return new RedisCluster(nodes, `redis+cluster://${addresses.join(',')}`, client);
  }

  /** The node that owns the slot of a key or sharded channel. */
  async ownerOf(key: string): Promise<RedisServer> {
    const slot = await this.nodes[0]!.client.cluster('KEYSLOT', key);
    for (const [first, last, owner] of await this.nodes[0]!.client.cluster('SLOTS')) {
      const node = this.nodes.find((candidate) => candidate.port === owner?.[1]);
      if (node && first <= slot && slot <= last) return node;
    }
    throw new Error(`no node owns ${key}`);
  }

  async stop(): Promise<void> {
    if (this.client.status !== 'end') this.client.disconnect();
    await Promise.all(this.nodes.map((node) => node.stop()));
  }
}
