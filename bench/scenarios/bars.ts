import type { Measurement, Metric } from '../harness/measurement.js';
import type { Results, Verdict } from './scenario.js';
import { GATEWAY, NATS, PLAIN } from './scenario.js';

/** Every client received every message once and in order, and none was disconnected or rejected. */
export function allDelivered(results: Results, label = GATEWAY): Verdict {
  const row = results(label);
  const bar = 'every message delivered to every client, once, in order';
  return {
    bar: label === GATEWAY ? bar : `${label}: ${bar}`,
    measured: row ? faultsSentence(row) : 'no result',
    passed: row && faultCount(row) === 0,
  };
}

export function faultCount(row: Measurement): number {
  const { lost = 0, duplicated = 0, disordered = 0, closed = 0, errors = 0, stale = 0 } = row;
  return lost + duplicated + disordered + closed + errors + stale;
}

export function faultsSentence(row: Measurement): string {
  const { lost, duplicated, disordered, closed, errors, stale } = row;
  if (duplicated === undefined) return 'not counted';
  const faults = Object.entries({ lost, duplicated, disordered, closed, errors, stale })
    .filter(([, count]) => count !== undefined && count > 0)
    .map(([name, count]) => `${count} ${name}`);
  if (faults.length > 0) return faults.join(', ');
  // Clients that lose their connections miss messages, but what arrives is checked.
  return lost === undefined ? 'once, in order' : 'all';
}

/** The results of a loaded server that are checked. */
export const LOAD_METRICS: readonly Metric[] = [
  'rate',
  'deliveriesPerSecond',
  'cpuUsPerDelivery',
  'p50Ms',
  'p99Ms',
  'maxMs',
  'peakRssMb',
];

/**
 * The bars of a loaded gateway: all messages delivered, in time, with at most 1/`share` of the CPU
 * of plain Socket.IO.
 */
export function loadBars(results: Results, share: number): Verdict[] {
  const gateway = results(GATEWAY);
  return [
    allDelivered(results),
    atMost('p99 at most 100 ms', gateway?.p99Ms, 100, ' ms'),
    ratioAtMost(
      `CPU per delivery at most 1/${share} of plain Socket.IO`,
      gateway?.cpuUsPerDelivery,
      results(PLAIN)?.cpuUsPerDelivery,
      1 / share,
    ),
  ];
}

/** The bars of latency: the median and p99 are at most `share` of those of nats-server. */
export function latencyBars(results: Results, share: number): Verdict[] {
  const [gateway, nats] = [results(GATEWAY), results(NATS)];
  const limit = share === 1 ? 'no worse than nats-server' : `at most ${share} of nats-server`;
  return [
    ratioAtMost(`p50 ${limit}`, gateway?.p50Ms, nats?.p50Ms, share),
    ratioAtMost(`p99 ${limit}`, gateway?.p99Ms, nats?.p99Ms, share),
  ];
}

/** The bar of CPU time: per delivery, the gateway uses at most `share` of what the peer uses. */
export function cpuBar(results: Results, peer: string, share: number): Verdict {
  return ratioAtMost(
    `CPU per delivery at most ${share} of ${peer}`,
    results(GATEWAY)?.cpuUsPerDelivery,
    results(peer)?.cpuUsPerDelivery,
    share,
  );
}

/** Compares a value of the gateway with a limit. */
export function atMost(bar: string, value: number | undefined, limit: number, unit = ''): Verdict {
  return { bar, measured: figure(value, unit), passed: known(value) ? value <= limit : undefined };
}

export function atLeast(bar: string, value: number | undefined, limit: number, unit = ''): Verdict {
  return { bar, measured: figure(value, unit), passed: known(value) ? value >= limit : undefined };
}

/** Compares the gateway's value with that of a peer. */
export function ratioAtMost(
  bar: string,
  value: number | undefined,
  peer: number | undefined,
  limit: number,
): Verdict {
  if (!known(value) || !known(peer)) return { bar, measured: 'no result', passed: undefined };
  const ratio = value / peer;
  return { bar, measured: `${ratio.toFixed(3)} of it`, passed: ratio <= limit };
}

function known(value: number | undefined): value is number {
  return value !== undefined && !Number.isNaN(value);
}

function figure(value: number | undefined, unit: string): string {
  if (!known(value)) return 'no result';
  return `${value >= 1000 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(3))}${unit}`;
}
