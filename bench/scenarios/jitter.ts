import { setTimeout as delay } from 'node:timers/promises';
import { Trial } from '../harness/trial.js';
import { startGateway, startPlain } from '../peers/node-servers.js';
import { faultCount, faultsSentence } from './bars.js';
import type { Workload } from '../peers/peer.js';
import { crowdOfListeners, GATEWAY, PLAIN, PRODUCTS, type Scenario, warmUpMs } from './scenario.js';

const CLIENTS = 10_000;
const QUICK_CLIENTS = 1000;
const RATE = 2;
const UPDATES = 120;
const QUICK_UPDATES = 20;
const CUTS = { everyMs: 15_000, offlineMs: 2000 };
/** The last cuts are so long before the last update, so that every client is back for it. */
const LAST_CUT_MS = CUTS.offlineMs + 1000;

const CATCH_UP_MS = 1000;

const GATEWAY_STOCK = `${GATEWAY}, stock client`;
const GATEWAY_RESUMING = `${GATEWAY}, client that resumes`;
const PLAIN_STOCK = `${PLAIN}, stock client`;

/** What clients miss whose connections do not last. */
export const jitter: Scenario = {
  name: 'jitter',
  about: (quick) =>
    `${sizeOf(quick).clients.toLocaleString('en')} clients in \`general\`, ${RATE} prices a second, ${sizeOf(quick).updates} in all. ` +
    `Every client loses its connection about every ${CUTS.everyMs / 1000} s, without a closing handshake, and connects again ` +
    `after ${CUTS.offlineMs / 1000} s. A stock client gets what is published from then on, and does not ask for what it has ` +
    'missed. The client that resumes subscribes to every product, and asks again since its newest update. "arrived" is the share of all updates that reached their clients, and "whole clients" the share of clients that got all ' +
    'of them once and in order. "not recovered" counts how often a client was told that updates of a product may be ' +
    'missing. The catch-up is the time from a new connection to the last update that was missed. The order is checked at every client, ' +
    'over all its connections.',
  candidates: () => [
    { label: GATEWAY_STOCK, start: startGateway, rate: RATE },
    { label: GATEWAY_RESUMING, start: startGateway, rate: RATE },
    { label: PLAIN_STOCK, start: startPlain, rate: RATE },
  ],
  run: async ({ label, start, rate }, { quick, closing }) => {
    const { clients, updates } = sizeOf(quick);
    const crowd = { ...crowdOfListeners(start, clients), sampled: clients };
    const workloads = label === GATEWAY_RESUMING ? resumingListeners(clients) : crowd.workloads;
    const trial = await Trial.start({ ...crowd, workloads }, closing);
    if ('skipped' in trial) return trial;
    try {
      await trial.publish(rate, warmUpMs(quick));
      await trial.finish();
      await trial.publish(rate, 0);
      await trial.startCuts(CUTS);
      const window = await trial.measure((updates / rate) * 1000 - LAST_CUT_MS);
      const cuts = await trial.stopCuts();
      await delay(LAST_CUT_MS);
      const { lost: _lost, catchUpP99Ms, notRecovered, ...rest } = await trial.finish();
      const resumed = label === GATEWAY_RESUMING ? { catchUpP99Ms, notRecovered } : {};
      return { ...window, cuts, ...rest, ...resumed };
    } finally {
      await trial.close();
    }
  },
  metrics: [
    'rate',
    'cuts',
    'arrivedPercent',
    'intactPercent',
    'notRecovered',
    'catchUpP99Ms',
    'cpuPercent',
    'p50Ms',
    'p99Ms',
  ],
  bars: (results) => {
    const gateway = results(GATEWAY_STOCK);
    const resuming = results(GATEWAY_RESUMING);
    const { intactPercent = 0, notRecovered = 0, catchUpP99Ms = Infinity } = resuming ?? {};
    return [
      {
        bar: 'nothing twice, nothing older after newer, over all connections of a client',
        measured: gateway ? faultsSentence(gateway) : 'no result',
        passed: gateway && faultCount(gateway) === 0,
      },
      {
        bar: 'a client that resumes gets every update once and in order, or is told that some may be missing',
        measured: resuming
          ? `${intactPercent.toFixed(1)} % of the clients, ${notRecovered} not recovered; ${faultsSentence(resuming)}`
          : 'no result',
        passed: resuming && faultCount(resuming) === 0 && (intactPercent === 100 || notRecovered > 0),
      },
      {
        bar: 'it has what it missed within 1 s of its new connection (p99)',
        measured: resuming ? `${Math.round(catchUpP99Ms)} ms` : 'no result',
        passed: resuming && catchUpP99Ms < CATCH_UP_MS,
      },
    ];
  },
};

/** Clients that subscribe to every product, and resume after a reconnection. */
function resumingListeners(count: number): Workload[] {
  const workload: Workload = {
    everything: false,
    rooms: PRODUCTS.map((symbol) => ({ type: 'product', symbol })),
    keys: PRODUCTS.map((_, key) => key),
    snapshots: 0,
    resumes: true,
  };
  return new Array<Workload>(count).fill(workload);
}

function sizeOf(quick: boolean): { readonly clients: number; readonly updates: number } {
  return quick ? { clients: QUICK_CLIENTS, updates: QUICK_UPDATES } : { clients: CLIENTS, updates: UPDATES };
}
