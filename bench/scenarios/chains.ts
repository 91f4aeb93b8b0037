import { startGateway, startPlain, startPlainCompressing } from '../peers/node-servers.js';
import type { Workload } from '../peers/peer.js';
import { allDelivered, ratioAtMost } from './bars.js';
import { GATEWAY, PLAIN, PLAIN_COMPRESSING, runWindow, type Scenario } from './scenario.js';

const CLIENTS = 300;
const PRODUCT = 'NIFTY';
const CHAIN_BYTES = 80_000;

/** Large messages to clients that accept compression. */
export const chains: Scenario = {
  name: 'chains',
  about: () =>
    `${CLIENTS} clients that have left \`general\` receive the whole option chain of one product, ` +
    `${CHAIN_BYTES / 1000} KB. They offer permessage-deflate, as browsers do.`,
  candidates: () => [
    { label: GATEWAY, start: startGateway, rate: 8 },
    { label: PLAIN, start: startPlain, rate: 8 },
    // The target is 2 messages a second. The rate column shows the actual rate.
    { label: PLAIN_COMPRESSING, start: startPlainCompressing, rate: 2 },
  ],
  run: ({ start, rate }, context) => {
    const workload: Workload = {
      everything: false,
      rooms: [{ type: 'chain', symbol: PRODUCT }],
      keys: [0],
      snapshots: 0,
    };
    return runWindow(
      {
        start,
        feed: { kind: 'chain', products: [PRODUCT], chainBytes: CHAIN_BYTES },
        workloads: new Array<Workload>(CLIENTS).fill(workload),
        offersDeflate: true,
        sampled: 6,
      },
      rate,
      context,
    );
  },
  metrics: [
    'rate',
    'deliveriesPerSecond',
    'bytesPerDelivery',
    'cpuUsPerDelivery',
    'p50Ms',
    'p99Ms',
    'maxMs',
    'peakRssMb',
  ],
  bars: (results) => {
    const gateway = results(GATEWAY);
    const plain = results(PLAIN);
    const compressing = results(PLAIN_COMPRESSING);
    const cpu = gateway?.cpuUsPerDelivery;
    return [
      allDelivered(results),
      ratioAtMost(
        'bytes per delivery at most 1/6 of plain uncompressed',
        gateway?.bytesPerDelivery,
        plain?.bytesPerDelivery,
        1 / 6,
      ),
      ratioAtMost('CPU per delivery at most 0.8 of plain uncompressed', cpu, plain?.cpuUsPerDelivery, 0.8),
      ratioAtMost(
        'CPU per delivery at most 1/20 of plain compressing',
        cpu,
        compressing?.cpuUsPerDelivery,
        1 / 20,
      ),
    ];
  },
};
