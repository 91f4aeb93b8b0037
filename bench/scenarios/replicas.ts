import { setTimeout as delay } from 'node:timers/promises';
import { FeedChannel } from '../../src/feed/channels.js';
import type { Measurement } from '../harness/measurement.js';
import { monotonicUs } from '../harness/monotonic.js';
import { cpuSeconds } from '../harness/proc-stat.js';
import { Worker } from '../harness/worker.js';
import type { SubscriberMethods } from '../load/subscriber-methods.js';
import type { Skipped } from '../peers/peer.js';
import { startRedisNodes } from '../peers/redis-nodes.js';
import type { PublisherMethods } from '../publish/publisher-methods.js';
import { type RunContext, PRODUCTS, type Row, type Scenario, warmUpMs, windowMs } from './scenario.js';

const KINDS = {
  prices: { kind: 'underlying', products: PRODUCTS, channel: FeedChannel.underlying },
  chains: { kind: 'chain', products: PRODUCTS, chainBytes: 80_000, channel: FeedChannel.optionChain },
} as const;

const CLUSTER_NODES = 3;

type Topology = 'one Redis' | 'cluster of 3, PUBLISH' | 'cluster of 3, SPUBLISH';

interface Subscribers extends Row {
  readonly what: keyof typeof KINDS;
  readonly replicas: number;
  /** Messages published per second. */
  readonly rate: number;
  readonly topology: Topology;
}

const ROWS: readonly Subscribers[] = [
  row('prices', 1, 500),
  row('prices', 10, 500),
  row('prices', 100, 500),
  row('prices', 100, 500, 'cluster of 3, PUBLISH'),
  row('prices', 100, 500, 'cluster of 3, SPUBLISH'),
  row('prices', 500, 100),
  row('chains', 1, 20),
  row('chains', 10, 20),
  row('chains', 100, 20),
  row('chains', 100, 20, 'cluster of 3, PUBLISH'),
  row('chains', 100, 20, 'cluster of 3, SPUBLISH'),
];

/** The cost of a replica for Redis, which writes every message of the feed to each replica. */
export const replicas: Scenario<Subscribers> = {
  name: 'replicas',
  about: () =>
    "What replicas cost Redis: bare connections subscribe to the feed's channel as a gateway does. Redis receives " +
    'prices (0.25 KB) or chains (80 KB), and writes each to all of them. A delivery is a message to a replica. CPU is ' +
    'for all nodes, and for the busiest; each is one thread.',
  candidates: (quick) => (quick ? ROWS.filter(({ replicas: count }) => count === 10) : ROWS),
  run: measure,
  metrics: [
    'rate',
    'deliveriesPerSecond',
    'cpuUsPerDelivery',
    'cpuPercent',
    'busiestCpuPercent',
    'bytesPerDelivery',
  ],
  bars: () => [],
};

async function measure(
  { what, replicas: count, rate, topology }: Subscribers,
  { quick, closing }: RunContext,
): Promise<Measurement | Skipped> {
  const redis = await startRedisNodes(topology === 'one Redis' ? 1 : CLUSTER_NODES);
  if ('skipped' in redis) return redis;
  const publisher = new Worker<PublisherMethods>('publish/publisher.js');
  const subscribers = new Worker<SubscriberMethods>('load/subscribers.js');
  const close = closing.add(async () => {
    await Promise.all([publisher.stop(), subscribers.stop()]);
    await redis.stop();
  });
  try {
    const { channel, ...feed } = KINDS[what];
    const sharded = topology === 'cluster of 3, SPUBLISH';
    // A sharded channel is only at one node, for publishers and subscribers.
    const ports = sharded ? [await redis.ownerOf(channel)] : redis.ports;
    await subscribers.call('subscribe', { count, ports, channel, sharded });
    await publisher.call('open', { target: { kind: 'redis', port: ports[0]!, sharded }, feed });
    await publisher.call('start', { rate });
    await delay(warmUpMs(quick));
    const look = async () => ({
      cpu: redis.pids.map((pid) => cpuSeconds([pid])),
      us: monotonicUs(),
      ...(await publisher.call('look', undefined)),
      ...(await subscribers.call('look', undefined)),
    });
    const before = await look();
    await delay(windowMs(quick));
    const after = await look();
    const seconds = (after.us - before.us) / 1e6;
    const cpu = after.cpu.map((value, node) => (value - before.cpu[node]!) / seconds);
    const total = cpu.reduce((sum, value) => sum + value, 0);
    const published = (after.sequence - before.sequence) / seconds;
    const deliveries = published * count;
    return {
      rate: published,
      deliveriesPerSecond: deliveries,
      cpuUsPerDelivery: (total * 1e6) / deliveries,
      cpuPercent: total * 100,
      busiestCpuPercent: Math.max(...cpu) * 100,
      bytesPerDelivery: (after.bytes - before.bytes) / seconds / deliveries,
    };
  } finally {
    await close();
  }
}

function row(
  what: keyof typeof KINDS,
  count: number,
  rate: number,
  topology: Topology = 'one Redis',
): Subscribers {
  return { label: `${what} to ${count}, ${topology}`, what, replicas: count, rate, topology };
}
