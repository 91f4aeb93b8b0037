import { setTimeout as delay } from 'node:timers/promises';
import { Trial } from '../harness/trial.js';
import { startGateway, startPlain } from '../peers/node-servers.js';
import { atMost, faultCount, faultsSentence, ratioAtMost } from './bars.js';
import { GATEWAY, listeners, PLAIN, PRODUCTS, type Scenario, warmUpMs, windowMs } from './scenario.js';

const CLIENTS = 1000;
const STALLED = 50;
/**
 * Publishing continues for so long after the clients read again, because an older message could
 * then follow a newer one.
 */
const AFTER_RESUME_MS = 1500;

/** The cost of clients that do not read, for the server and for the other clients. */
export const stalled: Scenario = {
  name: 'stalled',
  about: (quick) =>
    `${CLIENTS} clients in \`general\`. After a first window in which all of them read, ${STALLED} of them stop ` +
    `reading for ${stallMs(quick) / 1000} s, then read again. "p99 before" is from the first window. The other ` +
    'figures are from the time of the stall, for the clients that continue to read. "stale" counts the clients that ' +
    'stopped and in the end did not have the newest message.',
  candidates: () => [
    { label: GATEWAY, start: startGateway, rate: 400 },
    { label: PLAIN, start: startPlain, rate: 50 },
  ],
  run: async ({ start, rate }, { quick, closing }) => {
    const feed = { kind: 'underlying', products: PRODUCTS } as const;
    const trial = await Trial.start(
      { start, feed, workloads: listeners(CLIENTS), stallable: STALLED },
      closing,
    );
    if ('skipped' in trial) return trial;
    try {
      await trial.publish(rate, warmUpMs(quick));
      const before = await trial.measure(windowMs(quick));
      await trial.stall();
      const during = await trial.measure(stallMs(quick));
      await trial.resume();
      await delay(AFTER_RESUME_MS);
      return { ...during, p99BeforeMs: before.p99Ms, ...(await trial.finish()) };
    } finally {
      await trial.close();
    }
  },
  metrics: ['rate', 'deliveriesPerSecond', 'rssGrowthMb', 'p50Ms', 'p99Ms', 'p99BeforeMs', 'maxMs', 'stale'],
  bars: (results) => {
    const gateway = results(GATEWAY);
    return [
      {
        bar: 'the others get everything; the stalled ones end with the newest, none older after newer',
        measured: gateway ? faultsSentence(gateway) : 'no result',
        passed: gateway && faultCount(gateway) === 0,
      },
      atMost('RSS grows at most 64 MB', gateway?.rssGrowthMb, 64, ' MB'),
      ratioAtMost("the others' p99 at most 1.2 of that before", gateway?.p99Ms, gateway?.p99BeforeMs, 1.2),
    ];
  },
};

function stallMs(quick: boolean): number {
  return quick ? 3000 : 60_000;
}
