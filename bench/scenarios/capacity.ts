import { startGateway } from '../peers/node-servers.js';
import { allDelivered, atMost } from './bars.js';
import { type Candidate, crowdOfListeners, GATEWAY, runWindow, type Scenario } from './scenario.js';

/** What the platform publishes to everybody: 8 prices and 1.6 summaries a second, in its recording of a minute. */
const PLATFORM_RATE = 10;

interface Step extends Candidate {
  readonly clients: number;
}

/** Up to near the 20,000 files a process may have open here; the last is a market ten times as lively. */
const STEPS: readonly Step[] = [
  step(1000, PLATFORM_RATE),
  step(5000, PLATFORM_RATE),
  step(10_000, PLATFORM_RATE),
  step(15_000, PLATFORM_RATE),
  step(10_000, 10 * PLATFORM_RATE),
];

/** How many clients a pod is good for. */
export const capacity: Scenario<Step> = {
  name: 'capacity',
  about: () =>
    'Clients in `general`, which receive every message, on one gateway. 10 messages a second are what the platform ' +
    'publishes to all clients today; 100 are a market ten times as busy.',
  candidates: (quick) => (quick ? STEPS.slice(0, 1) : STEPS),
  run: ({ start, rate, clients }, context) => runWindow(crowdOfListeners(start, clients), rate, context),
  metrics: [
    'rate',
    'deliveriesPerSecond',
    'cpuPercent',
    'cpuUsPerDelivery',
    'rssKbPerClient',
    'rssMb',
    'p50Ms',
    'p99Ms',
    'maxMs',
  ],
  bars: (results) =>
    STEPS.filter(({ label }) => results(label)).flatMap(({ label }) => [
      allDelivered(results, label),
      atMost(`${label}: p99 at most 1000 ms`, results(label)?.p99Ms, 1000, ' ms'),
    ]),
};

function step(clients: number, rate: number): Step {
  const label = `${GATEWAY}, ${clients.toLocaleString('en')} clients at ${rate}/s`;
  return { label, start: startGateway, rate, clients };
}
