import type { ViewRequest } from '../../src/contract/index.js';
import { Trial } from '../harness/trial.js';
import { startGateway } from '../peers/node-servers.js';
import type { Workload } from '../peers/peer.js';
import { atMost, ratioAtMost } from './bars.js';
import { type Candidate, type Results, type Scenario, warmUpMs, windowMs } from './scenario.js';

const PRODUCT = 'NIFTY';
const RATE = 10;
const CLIENTS = 1000;

const NO_CLIENTS = 'one client';
const WHOLE = 'whole chains';
const WHOLE_SMALL = 'whole chains of 14 KB';
const PHONE = 'quote.10.2hz';
const SHARED = 'quote.10';
const MIXED = '12 views';

/** Twelve views, whose messages are on average about as large as those of `quote.10`. */
const MIX: readonly ViewRequest[] = (['quote', 'ltp', 'greeks'] as const).flatMap((mode) =>
  [5, 10, 20, 40].map((strikes) => ({ mode, strikes })),
);

interface ViewsRow extends Candidate {
  readonly views: readonly (ViewRequest | undefined)[];
  readonly clients: number;
  readonly chainBytes: number;
}

export const views: Scenario<ViewsRow> = {
  name: 'views',
  about: () =>
    `Clients of one option chain of 80 KB, which is published ${RATE} times a second: ${CLIENTS} clients that have left ` +
    '`general`, each in the room of the whole chain or of a view of it. They offer permessage-deflate, as browsers ' +
    `do. The row "${NO_CLIENTS}" is what the feed costs without them.`,
  candidates: () => [
    row(NO_CLIENTS, [{ mode: 'ltp', strikes: 5, max_rate: 0.2 }], 1),
    row(WHOLE, [undefined]),
    row('full', [{}]),
    row('quote', [{ mode: 'quote' }]),
    row('greeks', [{ mode: 'greeks' }]),
    row('ltp', [{ mode: 'ltp' }]),
    row('quote.40', [{ mode: 'quote', strikes: 40 }]),
    row(SHARED, [{ mode: 'quote', strikes: 10 }]),
    row('quote.10.4hz', [{ mode: 'quote', strikes: 10, max_rate: 4 }]),
    row(PHONE, [{ mode: 'quote', strikes: 10, max_rate: 2 }]),
    row('ltp.5.0.2hz', [{ mode: 'ltp', strikes: 5, max_rate: 0.2 }]),
    row(WHOLE_SMALL, [undefined], CLIENTS, 14_000),
    row(`${PHONE} of 14 KB`, [{ mode: 'quote', strikes: 10, max_rate: 2 }], CLIENTS, 14_000),
    row(MIXED, MIX),
  ],
  run: async ({ start, rate, views: asked, clients, chainBytes }, { quick, closing }) => {
    const workloads = Array.from({ length: clients }, (_, n): Workload => {
      const view = asked[n % asked.length];
      const room = { type: 'chain' as const, symbol: PRODUCT, ...(view && { view }) };
      return { everything: false, rooms: [room], keys: [0], snapshots: 0 };
    });
    const feed = { kind: 'chain' as const, products: [PRODUCT], chainBytes };
    const trial = await Trial.start({ start, feed, workloads, offersDeflate: true, sampled: 0 }, closing);
    if ('skipped' in trial) return trial;
    try {
      await trial.publish(rate, warmUpMs(quick));
      const window = await trial.measure(windowMs(quick));
      const { deliveriesPerSecond = NaN, bytesPerDelivery = NaN } = window;
      return { ...window, bytesPerClient: (bytesPerDelivery * deliveriesPerSecond) / clients };
    } finally {
      await trial.close();
    }
  },
  metrics: [
    'rate',
    'deliveriesPerSecond',
    'bytesPerDelivery',
    'cpuUsPerDelivery',
    'bytesPerClient',
    'cpuPercent',
  ],
  bars: (results) => [
    ratioAtMost(
      `${PHONE}: bytes of a client at most 1/30 of whole chains`,
      results(PHONE)?.bytesPerClient,
      results(WHOLE)?.bytesPerClient,
      1 / 30,
    ),
    ratioAtMost(
      `${PHONE}: CPU beyond that of "${NO_CLIENTS}" at most 1/4 of whole chains`,
      costOf(results, PHONE),
      costOf(results, WHOLE),
      1 / 4,
    ),
    ratioAtMost(
      '12 views: CPU per delivery at most 1.2 of one shared view',
      results(MIXED)?.cpuUsPerDelivery,
      results(SHARED)?.cpuUsPerDelivery,
      1.2,
    ),
    atMost('0.2 updates a second at most', results('ltp.5.0.2hz')?.deliveriesPerSecond, 0.25 * CLIENTS, '/s'),
  ],
};

/** The CPU that the clients of a row cost, %: without what the feed costs. */
function costOf(results: Results, label: string): number | undefined {
  const [all, feed] = [results(label)?.cpuPercent, results(NO_CLIENTS)?.cpuPercent];
  return all === undefined || feed === undefined ? undefined : all - feed;
}

function row(
  label: string,
  asked: readonly (ViewRequest | undefined)[],
  clients = CLIENTS,
  chainBytes = 80_000,
): ViewsRow {
  return { label, start: startGateway, rate: RATE, views: asked, clients, chainBytes };
}
