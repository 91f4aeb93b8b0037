import { startGateway } from '../peers/node-servers.js';
import { allDelivered, atMost } from './bars.js';
import { type Candidate, crowdOfListeners, GATEWAY, runWindow, type Scenario } from './scenario.js';

/**
 * The platform's current rate for all clients: 8 prices and 1.6 summaries a second, from its
 * recording of one minute.
 */
const PLATFORM_RATE = 10;

interface Step extends Candidate {
  readonly clients: number;
}

/**
 * Up to almost 20,000 clients, because a process may have no more open files here. The last row is
 * a market that is ten times as busy.
 */
const STEPS: readonly Step[] = [
  step(1000, PLATFORM_RATE),
  step(5000, PLATFORM_RATE),
  step(10_000, PLATFORM_RATE),
  step(15_000, PLATFORM_RATE),
  step(10_000, 10 * PLATFORM_RATE),
];

/** How many clients one pod can serve. */
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
