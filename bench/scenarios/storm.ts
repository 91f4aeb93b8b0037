import { Random } from '../../tools/simulator/random.js';
import { redisReads } from '../harness/redis-reads.js';
import { Trial } from '../harness/trial.js';
import { startGateway, startPlain } from '../peers/node-servers.js';
import type { Workload } from '../peers/peer.js';
import { atMost, ratioAtMost } from './bars.js';
import { GATEWAY, PLAIN, PRODUCTS, type Scenario } from './scenario.js';

const CLIENTS = 5000;
const QUICK_CLIENTS = 1000;
const ROOMS_PER_CLIENT = 3;
const SEED = 7;
/** More than Node's default backlog of 511. */
const CONNECTING_AT_ONCE = 1000;

/** All clients reconnect at once, as after a deployment. */
export const storm: Scenario = {
  name: 'storm',
  about: (quick) =>
    `${clientsOf(quick).toLocaleString('en')} clients connect as fast as they can, ${CONNECTING_AT_ONCE} at a time, subscribe to two products and a ` +
    'chain (14 KB) each, and wait for the three snapshots. Measured from the first connection to the last snapshot.',
  candidates: () => [
    { label: GATEWAY, start: startGateway, rate: 0 },
    { label: PLAIN, start: startPlain, rate: 0 },
  ],
  run: async ({ start }, { quick, closing }) => {
    let before = 0;
    const trial = await Trial.start(
      {
        start,
        feed: { kind: 'underlying', products: PRODUCTS },
        workloads: returning(clientsOf(quick)),
        latestFirst: true,
        connectingAtOnce: CONNECTING_AT_ONCE,
        sampled: 0,
      },
      closing,
      async (peer) => {
        before = await redisReads(peer);
      },
    );
    if ('skipped' in trial) return trial;
    try {
      const reads = (await redisReads(trial.peer)) - before;
      return { seconds: trial.connectSeconds, redisReads: reads };
    } finally {
      await trial.close();
    }
  },
  metrics: ['seconds', 'redisReads'],
  bars: (results) => [
    ratioAtMost(
      'at most 1/2 of the time of plain Socket.IO',
      results(GATEWAY)?.seconds,
      results(PLAIN)?.seconds,
      1 / 2,
    ),
    atMost(
      'no Redis read per client (fewer than 100 in all)',
      results(GATEWAY)?.redisReads,
      QUICK_CLIENTS / 10,
      ' reads',
    ),
  ],
};

function clientsOf(quick: boolean): number {
  return quick ? QUICK_CLIENTS : CLIENTS;
}

/** Two random products and the chain of one of them, the same in every run. */
function returning(count: number): Workload[] {
  const random = new Random(SEED);
  return Array.from({ length: count }, () => {
    const first = random.integer(0, PRODUCTS.length - 1);
    const second = (first + random.integer(1, PRODUCTS.length - 1)) % PRODUCTS.length;
    const rooms = [
      { type: 'product' as const, symbol: PRODUCTS[first]! },
      { type: 'product' as const, symbol: PRODUCTS[second]! },
      { type: 'chain' as const, symbol: PRODUCTS[first]! },
    ];
    return { everything: true, rooms, keys: [], snapshots: ROOMS_PER_CLIENT };
  });
}
