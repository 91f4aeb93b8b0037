import { startNats } from '../peers/nats.js';
import { startNchan } from '../peers/nchan.js';
import { startGateway, startPlain } from '../peers/node-servers.js';
import { LOAD_METRICS, loadBars } from './bars.js';
import { GATEWAY, listeners, NATS, NCHAN, PLAIN, PRODUCTS, runWindow, type Scenario } from './scenario.js';

const CLIENTS = 1000;

/** The cost of everyday load. */
export const steady: Scenario = {
  name: 'steady',
  about: () => `${CLIENTS} clients in \`general\` receive every price of ${PRODUCTS.length} products.`,
  candidates: () => [
    { label: GATEWAY, start: startGateway, rate: 400 },
    { label: PLAIN, start: startPlain, rate: 50 },
    { label: NATS, start: startNats, rate: 400 },
    { label: NCHAN, start: startNchan, rate: 400 },
  ],
  run: ({ start, rate }, context) =>
    runWindow(
      { start, feed: { kind: 'underlying', products: PRODUCTS }, workloads: listeners(CLIENTS) },
      rate,
      context,
    ),
  metrics: LOAD_METRICS,
  bars: (results) => loadBars(results, 6),
};
