import { startGatewayWithWorkers } from '../peers/node-servers.js';
import { allDelivered, LOAD_METRICS } from './bars.js';
import { type Candidate, crowdOfListeners, GATEWAY, runWindow, type Scenario } from './scenario.js';

const CLIENTS = 10_000;
const QUICK_CLIENTS = 2000;
const RATE = 10;

const ROWS: readonly Candidate[] = [1, 2].map((count) => ({
  label: `${GATEWAY}, WORKERS=${count}`,
  start: startGatewayWithWorkers(count),
  rate: RATE,
}));

/** What a second process on the same port gains. */
export const workers: Scenario = {
  name: 'workers',
  about: (quick) =>
    `As \`crowd\`, with ${clientsOf(quick).toLocaleString('en')} clients on a gateway of one and of two processes. ` +
    'CPU and memory are those of all its processes. Pages that processes share count for each of them.',
  candidates: () => ROWS,
  run: ({ start, rate }, context) =>
    runWindow(crowdOfListeners(start, clientsOf(context.quick)), rate, context),
  metrics: ['cpuPercent', ...LOAD_METRICS],
  bars: (results) => ROWS.map(({ label }) => allDelivered(results, label)),
};

function clientsOf(quick: boolean): number {
  return quick ? QUICK_CLIENTS : CLIENTS;
}
