import type { Closing } from '../harness/closing.js';
import type { Measurement, Metric } from '../harness/measurement.js';
import { Trial, type TrialSetup } from '../harness/trial.js';
import { DEFAULT_PRODUCTS } from '../../tools/simulator/instruments.js';
import type { Skipped, StartPeer, Workload } from '../peers/peer.js';

/** The settings of one `npm run bench` for every run. */
export interface RunContext {
  /** Smaller and shorter, for a first look. The results are not for publication. */
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
  /** Messages published per second. A search starts with this rate. */
  readonly rate: number;
}

/** The results that a bar is checked against. Undefined if the row is missing or failed. */
export type Results = (label: string) => Measurement | undefined;

export interface Verdict {
  readonly bar: string;
  readonly measured: string;
  /** undefined: unknown, because a row is missing. */
  readonly passed: boolean | undefined;
}

export interface Scenario<R extends Row = Candidate> {
  readonly name: string;
  /** The description of the scenario for the results page. */
  about(quick: boolean): string;
  candidates(quick: boolean): readonly R[];
  run(candidate: R, context: RunContext): Promise<Measurement | Skipped>;
  /** The columns of the table. */
  readonly metrics: readonly Metric[];
  bars(results: Results): readonly Verdict[];
}

export const GATEWAY = 'gateway';
export const GATEWAY_WITHOUT_ADDON = 'gateway, FANOUT_NATIVE=off';
export const PLAIN = 'plain Socket.IO';
export const PLAIN_COMPRESSING = 'plain Socket.IO, perMessageDeflate';
export const NATS = 'nats-server';
export const NCHAN = 'nginx + nchan, one worker';
export const CENTRIFUGO = 'Centrifugo';
export const UWEBSOCKETS = 'uWebSockets.js';

/** The platform's products. The feed publishes them in turn. */
export const PRODUCTS = DEFAULT_PRODUCTS;

/** Clients that do nothing after connecting, and so receive every price. */
export function listeners(count: number): Workload[] {
  const workload: Workload = {
    everything: true,
    rooms: [],
    keys: PRODUCTS.map((_, key) => key),
    snapshots: 0,
  };
  return new Array<Workload>(count).fill(workload);
}

/** A large number of them, shared by two generators. A few of the clients are sampled. */
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
  return quick ? 700 : 10_000;
}

/** Starts a server, applies the load for one window, and stops everything. */
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
