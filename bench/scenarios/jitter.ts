import { setTimeout as delay } from 'node:timers/promises';
import { Trial } from '../harness/trial.js';
import { startGateway, startPlain } from '../peers/node-servers.js';
import { faultCount, faultsSentence } from './bars.js';
import { crowdOfListeners, GATEWAY, PLAIN, type Scenario, warmUpMs } from './scenario.js';

const CLIENTS = 10_000;
const QUICK_CLIENTS = 1000;
const RATE = 2;
const UPDATES = 120;
const QUICK_UPDATES = 20;
const CUTS = { everyMs: 15_000, offlineMs: 2000 };
/** The last cuts are so long before the last update, so that every client is back for it. */
const LAST_CUT_MS = CUTS.offlineMs + 1000;

const GATEWAY_STOCK = `${GATEWAY}, stock client`;
const PLAIN_STOCK = `${PLAIN}, stock client`;

/** What clients miss whose connections do not last. */
export const jitter: Scenario = {
  name: 'jitter',
  about: (quick) =>
    `${sizeOf(quick).clients.toLocaleString('en')} clients in \`general\`, ${RATE} prices a second, ${sizeOf(quick).updates} in all. ` +
    `Every client loses its connection about every ${CUTS.everyMs / 1000} s, without a closing handshake, and connects again ` +
    `after ${CUTS.offlineMs / 1000} s. A stock client gets what is published from then on, and does not ask for what it has ` +
    'missed. "arrived" is the share of all updates that reached their clients. The order is checked at every client, ' +
    'over all its connections.',
  candidates: () => [
    { label: GATEWAY_STOCK, start: startGateway, rate: RATE },
    { label: PLAIN_STOCK, start: startPlain, rate: RATE },
  ],
  run: async ({ start, rate }, { quick, closing }) => {
    const { clients, updates } = sizeOf(quick);
    const trial = await Trial.start({ ...crowdOfListeners(start, clients), sampled: clients }, closing);
    if ('skipped' in trial) return trial;
    try {
      await trial.publish(rate, warmUpMs(quick));
      await trial.finish();
      await trial.publish(rate, 0);
      await trial.startCuts(CUTS);
      const window = await trial.measure((updates / rate) * 1000 - LAST_CUT_MS);
      const cuts = await trial.stopCuts();
      await delay(LAST_CUT_MS);
      const { arrivedPercent, duplicated, disordered, closed, errors } = await trial.finish();
      return { ...window, cuts, arrivedPercent, duplicated, disordered, closed, errors };
    } finally {
      await trial.close();
    }
  },
  metrics: ['rate', 'cuts', 'arrivedPercent', 'cpuPercent', 'p50Ms', 'p99Ms'],
  bars: (results) => {
    const gateway = results(GATEWAY_STOCK);
    return [
      {
        bar: 'nothing twice, nothing older after newer, over all connections of a client',
        measured: gateway ? faultsSentence(gateway) : 'no result',
        passed: gateway && faultCount(gateway) === 0,
      },
    ];
  },
};

function sizeOf(quick: boolean): { readonly clients: number; readonly updates: number } {
  return quick ? { clients: QUICK_CLIENTS, updates: QUICK_UPDATES } : { clients: CLIENTS, updates: UPDATES };
}
