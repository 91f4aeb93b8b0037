import { startGateway, startPlain } from '../peers/node-servers.js';
import { allDelivered, atMost } from './bars.js';
import { crowdOfListeners, GATEWAY, PLAIN, runWindow, type Scenario } from './scenario.js';

/** Almost 20,000 clients, because a process may have no more open files here. */
const CLIENTS = 19_000;
const QUICK_CLIENTS = 2000;

/** The cost of a client that is only connected. */
export const idle: Scenario = {
  name: 'idle',
  about: (quick) =>
    `${clientsOf(quick).toLocaleString('en')} clients in \`general\` and few prices. RSS is measured against the same ` +
    'process before the first client.',
  candidates: () => [
    { label: GATEWAY, start: startGateway, rate: 20 },
    // Plain Socket.IO cannot send 20 messages a second to so many clients.
    { label: PLAIN, start: startPlain, rate: 2 },
  ],
  run: ({ start, rate }, context) =>
    runWindow(crowdOfListeners(start, clientsOf(context.quick)), rate, context),
  metrics: [
    'rate',
    'deliveriesPerSecond',
    'cpuUsPerDelivery',
    'rssKbPerClient',
    'rssMb',
    'p50Ms',
    'p99Ms',
    'maxMs',
  ],
  bars: (results) => [
    allDelivered(results),
    atMost('RSS at most 14 KB a client', results(GATEWAY)?.rssKbPerClient, 14, ' KB'),
  ],
};

function clientsOf(quick: boolean): number {
  return quick ? QUICK_CLIENTS : CLIENTS;
}
