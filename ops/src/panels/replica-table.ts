import type { AdminStats, MissingReplica, ReplicaStats } from '../../../src/contract/admin-stats.js';
import { changeLevel, drainReplica, rebalanceReplica } from '../actions/replica-actions.js';
import type { Action } from '../actions/action.js';
import type { AdminApi } from '../api/admin-api.js';
import { bytes, count, duration, milliseconds, percent } from '../format.js';
import { isBusy, isSlowLoop } from '../stats/problems.js';
import { button, byId } from '../ui/dom.js';
import { type Column, KeyedTable, type Tone } from '../ui/keyed-table.js';

/** A replica, with its report or without one. */
type ReplicaRow =
  | {
      readonly replica: string;
      readonly report: ReplicaStats;
      readonly missing?: undefined;
      readonly now: number;
    }
  | { readonly replica: string; readonly report?: undefined; readonly missing: MissingReplica };

export interface ReplicaTableParts {
  readonly api: AdminApi;
  readonly act: (action: Action) => void;
  readonly showConfig: (replica: string) => void;
  readonly stats: () => AdminStats | undefined;
}

/** A column of numbers or texts of the report. A missing replica has none. */
function column(
  label: string,
  text: (report: ReplicaStats, now: number) => string,
  tone?: (report: ReplicaStats) => Tone,
  isNumber = true,
): Column<ReplicaRow> {
  return {
    label,
    isNumber,
    text: (row) => (row.report ? text(row.report, row.now) : ''),
    tone: (row) => row.report && tone?.(row.report),
  };
}

function stateOf(row: ReplicaRow): string {
  if (row.missing) return `missing for ${duration(row.missing.silent_ms / 1_000)}`;
  const { state, refuses } = row.report;
  if (state === 'draining') return 'draining';
  return refuses === undefined ? 'serving' : `refuses: ${refuses}`;
}

/** The connections that do not work; the list of problems says why. */
function redisOf({ redis_problems }: ReplicaStats): string {
  return Object.keys(redis_problems).join(', ') || 'OK';
}

function columnsOf({ api, act, showConfig, stats }: ReplicaTableParts): Column<ReplicaRow>[] {
  return [
    { label: 'Replica', text: ({ replica }) => replica },
    {
      label: 'State',
      text: stateOf,
      tone: ({ missing, report }) => {
        if (missing) return 'bad';
        return report.state === 'draining' || report.refuses !== undefined ? 'warn' : 'quiet';
      },
    },
    column('Clients', ({ clients }) => count(clients)),
    column(
      'Lagging',
      ({ lagging_clients }) => count(lagging_clients),
      ({ lagging_clients }) => (lagging_clients > 0 ? 'warn' : 'quiet'),
    ),
    column('Delivered /s', ({ rates }) => count(rates.deliveries)),
    column(
      'CPU',
      ({ cpu }) => percent(cpu),
      (report) => (isBusy(report) ? 'bad' : undefined),
    ),
    column('Memory', ({ rss_bytes }) => bytes(rss_bytes)),
    column(
      'Loop delay',
      ({ event_loop_delay_ms }) => milliseconds(event_loop_delay_ms),
      (report) => (isSlowLoop(report) ? 'bad' : undefined),
    ),
    column(
      'Feed',
      ({ feed }) => feed,
      ({ feed }) => (feed === 'down' ? 'bad' : 'quiet'),
      false,
    ),
    column(
      'Redis',
      redisOf,
      ({ redis_problems }) => (Object.keys(redis_problems).length > 0 ? 'bad' : 'quiet'),
      false,
    ),
    column('Up', ({ started_at }, now) => duration(now - started_at)),
    column('Version', ({ version }) => version, undefined, false),
    {
      label: 'Actions',
      create(cell, row) {
        const { replica } = row();
        const named = (label: string, onClick: () => void) =>
          button(label, onClick, { 'aria-label': `${label.replace('…', '')} ${replica}` });
        const drain = named('Drain…', () => act(drainReplica(api, replica, stats)));
        const others = [
          named('Rebalance…', () => act(rebalanceReplica(api, replica, stats))),
          named('Log level…', () => act(changeLevel(api, replica))),
          named('Config…', () => showConfig(replica)),
        ];
        cell.className = 'actions';
        cell.append(drain, ...others);
        return () => {
          const { report, missing } = row();
          for (const each of [drain, ...others]) each.toggleAttribute('disabled', missing !== undefined);
          if (report?.state === 'draining') drain.toggleAttribute('disabled', true);
        };
      },
    },
  ];
}

/** All replicas side by side. Those that do not report are in red. */
export class ReplicaTable {
  private readonly table: KeyedTable<ReplicaRow>;

  constructor(parts: ReplicaTableParts) {
    this.table = new KeyedTable(
      byId('replica-table', HTMLTableElement),
      columnsOf(parts),
      ({ replica }) => replica,
      'No replica has reported yet.',
      ({ missing }) => (missing ? 'bad' : undefined),
    );
  }

  show({ replicas, missing, server_time }: AdminStats): void {
    const rows: ReplicaRow[] = [
      ...replicas.map((report) => ({ replica: report.replica, report, now: server_time })),
      ...missing.map((one) => ({ replica: one.replica, missing: one })),
    ];
    this.table.show(rows.sort((a, b) => a.replica.localeCompare(b.replica, 'en', { numeric: true })));
  }
}
