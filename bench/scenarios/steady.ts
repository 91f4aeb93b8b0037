import { startNats } from '../peers/nats.js';
import { startNchan } from '../peers/nchan.js';
import { startGateway, startPlain } from '../peers/node-servers.js';
import { allDelivered, atMost, ratioAtMost } from './bars.js';
import { GATEWAY, listeners, NATS, NCHAN, PLAIN, PRODUCTS, runWindow, type Scenario } from './scenario.js';

const CLIENTS = 1000;

/** What everyday load costs. */
export const steady: Scenario = {
  name: 'steady',
  about: () =>
    `${CLIENTS} clients, none of which has left \`general\`, get every price of ${PRODUCTS.length} products.`,
  contenders: () => [
    { label: GATEWAY, start: startGateway, rate: 400 },
    { label: PLAIN, start: startPlain, rate: 50 },
    { label: NATS, start: startNats, rate: 400 },
    { label: NCHAN, start: startNchan, rate: 400 },
  ],
  run: ({ start, rate }, lab) =>
    runWindow(
      { start, feed: { kind: 'underlying', products: PRODUCTS }, wishes: listeners(CLIENTS) },
      rate,
      lab,
    ),
  metrics: ['rate', 'deliveriesPerSecond', 'cpuUsPerDelivery', 'p50Ms', 'p99Ms', 'maxMs', 'peakRssMb'],
  bars: (results) => [
    allDelivered(results),
    atMost('p99 at most 100 ms', results(GATEWAY)?.p99Ms, 100, ' ms'),
    ratioAtMost(
      'CPU per delivery at most 1/6 of plain Socket.IO',
      results(GATEWAY)?.cpuUsPerDelivery,
      results(PLAIN)?.cpuUsPerDelivery,
      1 / 6,
    ),
  ],
};
