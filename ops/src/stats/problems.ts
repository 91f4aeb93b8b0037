import type { AdminStats, ReplicaStats } from '../../../src/contract/admin-stats.js';
import { count, milliseconds, percent, plural } from '../format.js';

export type Severity = 'critical' | 'warning' | 'notice';

/** Something that an operator should know now. */
export interface Problem {
  /** Stays the same for as long as the problem lasts, also if its text changes. */
  readonly key: string;
  readonly severity: Severity;
  /** The replica, or `gateway` for all of it. */
  readonly where: string;
  readonly text: string;
}

/** An event loop that does not respond for longer makes clients wait noticeably, ms. */
export const SLOW_LOOP_MS = 250;
/** Above this share of a core, a replica has nothing left for a peak. */
export const BUSY_CPU = 0.9;
/** End to end, p99. */
export const SLOW_UPDATES_MS = 2_000;
/** If more than this share of the clients lags, the cause is probably not the clients. */
const MANY_LAGGING = 0.05;
const NAMED_PRODUCTS = 5;

const RANK: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, notice: 2 };

/** What is wrong, the worst first. Empty if nothing is. */
export function problemsOf(stats: AdminStats): Problem[] {
  const problems = [
    ...missingReplicas(stats),
    ...stats.replicas.flatMap(replicaProblems),
    ...wholeGateway(stats),
  ];
  return problems.sort((a, b) => RANK[a.severity] - RANK[b.severity]);
}

function missingReplicas({ missing }: AdminStats): Problem[] {
  return missing.map(({ replica, silent_ms }) => ({
    key: `missing ${replica}`,
    severity: 'critical',
    where: replica,
    text: `Missing: silent for ${milliseconds(silent_ms)}. It hangs, was killed, or cannot reach Redis.`,
  }));
}

function replicaProblems(report: ReplicaStats): Problem[] {
  const where = report.replica;
  const problems: Problem[] = [];
  const add = (kind: string, severity: Severity, text: string) =>
    problems.push({ key: `${kind} ${where}`, severity, where, text });
  for (const [connection, text] of Object.entries(report.redis_problems))
    add(`redis ${connection}`, 'critical', `${text} (${connection})`);
  if (report.feed === 'down') add('feed', 'critical', 'It receives no feed, so its clients get no updates.');
  if (report.state === 'draining')
    add('draining', 'notice', `Draining, with ${plural(report.clients, 'client')} left.`);
  else if (report.refuses !== undefined) add('refuses', 'warning', `Refuses new clients: ${report.refuses}.`);
  if (isSlowLoop(report))
    add('loop', 'warning', `Its event loop did not respond for ${milliseconds(report.event_loop_delay_ms)}.`);
  if (isBusy(report)) add('cpu', 'warning', `Uses ${percent(report.cpu)} of a core.`);
  return problems;
}

function wholeGateway({ total, replicas, products }: AdminStats): Problem[] {
  const problems: Problem[] = [];
  const add = (key: string, severity: Severity, text: string) =>
    problems.push({ key, severity, where: 'gateway', text });

  if (
    replicas.length > 0 &&
    replicas.every(({ state, refuses }) => state !== 'serving' || refuses !== undefined)
  )
    add('closed', 'critical', 'No replica accepts new clients.');
  const stale = products.filter(({ status }) => status === 'stale').map(({ product }) => product);
  if (stale.length > 0) {
    const more = stale.length > NAMED_PRODUCTS ? ` and ${stale.length - NAMED_PRODUCTS} more` : '';
    const named = stale.slice(0, NAMED_PRODUCTS).join(', ');
    add('stale', 'warning', `${plural(stale.length, 'product')} without new prices: ${named}${more}.`);
  }
  const p99 = total.latency.end_to_end?.p99_ms ?? 0;
  if (p99 > SLOW_UPDATES_MS)
    add('latency', 'warning', `1 % of the updates take longer than ${milliseconds(p99)} from the producer.`);
  if (total.lagging_clients > 0) {
    const isMany = total.lagging_clients > total.clients * MANY_LAGGING;
    const text = `${plural(total.lagging_clients, 'client')} of ${count(total.clients)} read too slowly.`;
    add('lagging', isMany ? 'warning' : 'notice', text);
  }
  const versions = [...new Set(replicas.map(({ version }) => version))].sort();
  if (versions.length > 1)
    add('versions', 'notice', `The replicas run different versions: ${versions.join(', ')}.`);
  return problems;
}

export function isSlowLoop({ event_loop_delay_ms }: ReplicaStats): boolean {
  return event_loop_delay_ms > SLOW_LOOP_MS;
}

export function isBusy({ cpu }: ReplicaStats): boolean {
  return cpu > BUSY_CPU;
}
