import { Random } from '../../tools/simulator/random.js';
import { startCentrifugo } from '../peers/centrifugo.js';
import { startNats } from '../peers/nats.js';
import { startGateway, startPlain, startUWebSockets } from '../peers/node-servers.js';
import type { Workload } from '../peers/peer.js';
import { cpuBar, latencyBars, LOAD_METRICS, loadBars } from './bars.js';
import { CENTRIFUGO, GATEWAY, NATS, PLAIN, runWindow, type Scenario, UWEBSOCKETS } from './scenario.js';

const CLIENTS = 1000;
const PRODUCT_COUNT = 200;
const WATCHED = 20;
const SEED = 4;

const MANY_PRODUCTS = Array.from({ length: PRODUCT_COUNT }, (_, n) => `STOCK${String(n).padStart(3, '0')}`);

/** Every client has a different list, so the server cannot share work between all clients. */
export const watchlists: Scenario = {
  name: 'watchlists',
  about: () =>
    `${CLIENTS} clients that have left \`general\`. Each is in the rooms of ${WATCHED} random products out of ` +
    `${PRODUCT_COUNT}, whose prices are published in turn.`,
  candidates: (quick) => [
    { label: GATEWAY, start: startGateway, rate: 2000 },
    { label: PLAIN, start: startPlain, rate: 500 },
    ...(quick
      ? []
      : [
          { label: NATS, start: startNats, rate: 2000 },
          { label: CENTRIFUGO, start: startCentrifugo, rate: 2000 },
          { label: UWEBSOCKETS, start: startUWebSockets, rate: 2000 },
        ]),
  ],
  run: ({ start, rate }, context) =>
    runWindow(
      {
        start,
        feed: { kind: 'underlying', products: MANY_PRODUCTS },
        workloads: watchers(),
        subjectPerProduct: true,
      },
      rate,
      context,
    ),
  metrics: LOAD_METRICS,
  bars: (results) => [...loadBars(results, 4), ...latencyBars(results, 1), cpuBar(results, NATS, 0.7)],
};

/** The same lists in every run. */
function watchers(): Workload[] {
  const random = new Random(SEED);
  return Array.from({ length: CLIENTS }, () => {
    const keys = new Set<number>();
    while (keys.size < WATCHED) keys.add(random.integer(0, PRODUCT_COUNT - 1));
    const rooms = [...keys].map((key) => ({ type: 'product' as const, symbol: MANY_PRODUCTS[key]! }));
    return { everything: false, rooms, keys: [...keys], snapshots: 0 };
  });
}
