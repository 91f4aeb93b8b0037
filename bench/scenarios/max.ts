import type { Measurement } from '../harness/measurement.js';
import { Trial } from '../harness/trial.js';
import { startCentrifugo } from '../peers/centrifugo.js';
import { startNats } from '../peers/nats.js';
import { startNchan } from '../peers/nchan.js';
import { startGateway, startPlain, startUWebSockets } from '../peers/node-servers.js';
import { allDelivered, atLeast, ratioAtMost } from './bars.js';
import {
  CENTRIFUGO,
  GATEWAY,
  listeners,
  NATS,
  NCHAN,
  PLAIN,
  PRODUCTS,
  type Scenario,
  UWEBSOCKETS,
  warmUpMs,
} from './scenario.js';

const CLIENTS = 1000;
const MAX_P99_MS = 100;
/**
 * If the publisher is this far behind its rate, the server has slowed it down, or the publisher
 * itself is the limit.
 */
const KEPT_UP = 0.98;
const MAX_STEPS = 14;
/** The search ends when the highest accepted rate and the lowest rejected one are this close. */
const PRECISION = 1.08;

/**
 * Searches the highest rate that a server can carry. It starts with a rate that the server can
 * carry, which it looks for downwards, then goes up in steps, and then searches between the last
 * two.
 */
export const max: Scenario = {
  name: 'max',
  about: (quick) =>
    `As \`steady\`, at the highest rate with p99 at most ${MAX_P99_MS} ms, everything delivered and the publisher ` +
    `not delayed. The rate is searched in steps of x${stepOf(quick)}, then between two of them.`,
  candidates: (quick) => [
    { label: GATEWAY, start: startGateway, rate: 1000 },
    { label: NATS, start: startNats, rate: 1000 },
    { label: NCHAN, start: startNchan, rate: 400 },
    ...(quick
      ? []
      : [
          { label: CENTRIFUGO, start: startCentrifugo, rate: 400 },
          { label: UWEBSOCKETS, start: startUWebSockets, rate: 400 },
          { label: PLAIN, start: startPlain, rate: 50 },
        ]),
  ],
  run: async ({ start, rate }, { quick, closing }) => {
    const feed = { kind: 'underlying', products: PRODUCTS } as const;
    const trial = await Trial.start({ start, feed, workloads: listeners(CLIENTS) }, closing);
    if ('skipped' in trial) return trial;
    try {
      await trial.publish(rate / 4, warmUpMs(quick));
      await trial.finish();
      const precision = quick ? stepOf(quick) : PRECISION;
      return await search(rate, stepOf(quick), precision, (next) => step(trial, next, quick));
    } finally {
      await trial.close();
    }
  },
  metrics: [
    'rate',
    'deliveriesPerSecond',
    'cpuPercent',
    'cpuUsPerDelivery',
    'p50Ms',
    'p99Ms',
    'maxMs',
    'peakRssMb',
  ],
  bars: (results) => {
    const cpu = results(GATEWAY)?.cpuUsPerDelivery;
    return [
      allDelivered(results),
      atLeast('at least 4,000,000 deliveries/s', results(GATEWAY)?.deliveriesPerSecond, 4_000_000),
      ratioAtMost('CPU per delivery at most 1/2 of nats-server', cpu, results(NATS)?.cpuUsPerDelivery, 1 / 2),
      ratioAtMost('CPU per delivery at most 1/10 of nchan', cpu, results(NCHAN)?.cpuUsPerDelivery, 1 / 10),
    ];
  },
};

function stepOf(quick: boolean): number {
  return quick ? 1.5 : 1.25;
}

interface Step {
  readonly measured: Measurement;
  readonly carried: boolean;
}

async function step(trial: Trial, rate: number, quick: boolean): Promise<Step> {
  await trial.publish(rate, quick ? 300 : 1000);
  const window = await trial.measure(quick ? 800 : 3000);
  const measured = { ...window, ...(await trial.finish()) };
  const {
    rate: published = 0,
    p99Ms = Infinity,
    lost = 0,
    duplicated = 0,
    disordered = 0,
    closed = 0,
  } = measured;
  const delivered = lost + duplicated + disordered + closed === 0;
  return { measured, carried: delivered && p99Ms <= MAX_P99_MS && published >= rate * KEPT_UP };
}

async function search(
  from: number,
  factor: number,
  precision: number,
  tryRate: (rate: number) => Promise<Step>,
): Promise<Measurement> {
  let best: Measurement | undefined;
  /** The highest accepted rate and the lowest rejected one. */
  let carried = 0;
  let failed = Infinity;
  let rate = from;
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    const result = await tryRate(rate);
    if (result.carried) {
      best = result.measured;
      carried = rate;
    } else {
      // The search ends if clients were disconnected.
      if ((result.measured.closed ?? 0) > 0) return best ?? result.measured;
      failed = rate;
    }
    if (carried === 0) rate = failed / 2;
    else if (failed === Infinity) rate = carried * factor;
    else if (failed / carried > precision) rate = (failed + carried) / 2;
    else break;
  }
  if (!best) throw new Error(`carries not even ${Math.round(rate)} messages/s`);
  return best;
}
