import { startGateway, startPlain } from '../peers/node-servers.js';
import { allDelivered, cpuBar, ratioAtMost } from './bars.js';
import { GATEWAY, listeners, PLAIN, PRODUCTS, runWindow, type Scenario } from './scenario.js';

const CLIENTS = 1000;
const RATE = 8;
/**
 * So few messages need a longer window: in 10 s, the slowest of only 80 messages would be the p99.
 */
const WINDOW_MS = 40_000;
/** Timers and scheduling vary by this much between runs, so "no worse" cannot be more exact. */
const NOISE = 1.05;

/** Coalescing must not add latency if there is nothing to coalesce. */
export const quiet: Scenario = {
  name: 'quiet',
  about: () => `${CLIENTS} clients in \`general\`, ${RATE} prices a second, evenly spaced.`,
  candidates: () => [
    { label: GATEWAY, start: startGateway, rate: RATE },
    { label: PLAIN, start: startPlain, rate: RATE },
  ],
  run: ({ start, rate }, context) =>
    runWindow(
      {
        start,
        feed: { kind: 'underlying', products: PRODUCTS },
        workloads: listeners(CLIENTS),
        sampled: 100,
      },
      rate,
      context,
      context.quick ? undefined : WINDOW_MS,
    ),
  metrics: ['rate', 'deliveriesPerSecond', 'cpuUsPerDelivery', 'p50Ms', 'p99Ms', 'maxMs'],
  bars: (results) => [
    allDelivered(results),
    ratioAtMost('p50 no worse than plain (5 % noise)', results(GATEWAY)?.p50Ms, results(PLAIN)?.p50Ms, NOISE),
    cpuBar(results, PLAIN, 0.85),
    ratioAtMost('p99 no worse than plain (5 % noise)', results(GATEWAY)?.p99Ms, results(PLAIN)?.p99Ms, NOISE),
  ],
};
