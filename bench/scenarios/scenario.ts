import type { Closing } from '../harness/closing.js';
import type { Measurement, Metric } from '../harness/measurement.js';
import { Trial, type TrialSetup } from '../harness/trial.js';
import { DEFAULT_PRODUCTS } from '../../tools/simulator/instruments.js';
import type { Skipped, StartPeer, Workload } from '../peers/peer.js';

/** What one invocation of `npm run bench` gives to every run. */
export interface RunContext {
  /** Smaller and shorter, for a look; its figures are not for publication. */
  readonly quick: boolean;
  readonly closing: Closing;
}

/** One row of a scenario. */
export interface Row {
  readonly label: string;
}

/** A server under test, and the rate at which messages are published to it. */
export interface Candidate extends Row {
  readonly start: StartPeer;
  /** Messages published each second; for a search, where it begins. */
  readonly rate: number;
}

/** What a bar is checked against; undefined where the row is missing or failed. */
export type Results = (label: string) => Measurement | undefined;

export interface Verdict {
  readonly bar: string;
  readonly measured: string;
  /** undefined: cannot be said, a row is missing. */
  readonly passed: boolean | undefined;
}

export interface Scenario<R extends Row = Candidate> {
  readonly name: string;
  /** What happens in it, as the results page says it. */
  about(quick: boolean): string;
  candidates(quick: boolean): readonly R[];
  run(candidate: R, context: RunContext): Promise<Measurement | Skipped>;
  /** The table's columns. */
  readonly metrics: readonly Metric[];
  bars(results: Results): readonly Verdict[];
}

export const GATEWAY = 'gateway';
export const PLAIN = 'plain Socket.IO';
export const PLAIN_COMPRESSING = 'plain Socket.IO, perMessageDeflate';
export const NATS = 'nats-server';
export const NCHAN = 'nginx + nchan, one worker';

/** The platform's products, of which the feed publishes one after the other. */
export const PRODUCTS = DEFAULT_PRODUCTS;

/** Clients that do nothing after connecting, and so get every price. */
export function listeners(count: number): Workload[] {
  const workload: Workload = {
    everything: true,
    rooms: [],
    keys: PRODUCTS.map((_, key) => key),
    snapshots: 0,
  };
  return new Array<Workload>(count).fill(workload);
}

/** A crowd of them: so many that two generators share them, and a few of them are looked at closely. */
export function crowdOfListeners(start: StartPeer, count: number): TrialSetup {
  return {
    start,
    feed: { kind: 'underlying', products: PRODUCTS },
    workloads: listeners(count),
    generators: 2,
    sampled: 100,
  };
}

export function windowMs(quick: boolean): number {
  return quick ? 1500 : 10_000;
}

export function warmUpMs(quick: boolean): number {
  return quick ? 700 : 3000;
}

/** Starts a server, lets the load run for a window, and stops it all. */
export async function runWindow(
  setup: TrialSetup,
  rate: number,
  { quick, closing }: RunContext,
  measuredMs = windowMs(quick),
): Promise<Measurement | Skipped> {
  const trial = await Trial.start(setup, closing);
  if ('skipped' in trial) return trial;
  try {
    await trial.publish(rate, warmUpMs(quick));
    const window = await trial.measure(measuredMs);
    const rssKbPerClient = ((window.rssMb ?? Number.NaN) * 1024 - trial.emptyKb) / setup.workloads.length;
    return { ...window, rssKbPerClient, ...(await trial.finish()) };
  } finally {
    await trial.close();
  }
}
