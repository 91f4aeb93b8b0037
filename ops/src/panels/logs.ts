import type { Action } from '../actions/action.js';
import { shortfallOf } from '../actions/action.js';
import { changeLevel, endTrace, resetLevel } from '../actions/replica-actions.js';
import { ASKED, oneTarget, sendNotice } from '../actions/notice.js';
import type { AdminApi } from '../api/admin-api.js';
import type { LoggingAnswer, ReplicaLogging, Trace } from '../api/answers.js';
import { timeOfDay } from '../format.js';
import { type DoneAction, reasonOf } from '../ui/action-dialog.js';
import { button, byId, setData, setText } from '../ui/dom.js';
import { KeyedTable } from '../ui/keyed-table.js';

const REFRESH_MS = 10_000;

interface TraceRow extends Trace {
  readonly replicas: readonly string[];
}

/** Notices, log levels, traces, and what was done from this tab. */
export class Logs {
  private readonly state = byId('logging-state', HTMLParagraphElement);
  private readonly levels: KeyedTable<ReplicaLogging>;
  private readonly traces: KeyedTable<TraceRow>;
  private readonly done: KeyedTable<DoneAction>;
  private readonly doneActions: DoneAction[] = [];
  private isVisible = false;

  constructor(
    private readonly api: AdminApi,
    act: (action: Action) => void,
    connected: () => number | undefined,
  ) {
    byId('notice-buttons', HTMLParagraphElement).append(
      button('To everyone…', () => act(sendNotice(api, oneTarget({ everyone: true }), connected))),
      button('To a room or a user…', () => act(sendNotice(api, ASKED, connected))),
    );
    byId('level-buttons', HTMLParagraphElement).append(
      button('Change on all replicas…', () => act(changeLevel(api, undefined))),
      button('Reset…', () => act(resetLevel(api))),
    );
    this.levels = levelTable();
    this.traces = traceTable(api, act);
    this.done = doneTable();
    this.done.show([]);
    setInterval(() => this.update(), REFRESH_MS);
  }

  set visible(isVisible: boolean) {
    this.isVisible = isVisible;
    this.update();
  }

  /** Adds an action to the list of what was done. */
  add(done: DoneAction): void {
    this.doneActions.unshift(done);
    this.done.show(this.doneActions);
    this.update();
  }

  update(): void {
    if (this.isVisible && !document.hidden) void this.ask();
  }

  private async ask(): Promise<void> {
    try {
      this.take(await this.api.logging());
    } catch (error) {
      this.say(`The log levels could not be read: ${reasonOf(error)}`);
    }
  }

  private take(answer: LoggingAnswer): void {
    const { replicas } = answer;
    this.levels.show(
      [...replicas].sort((a, b) => a.replica.localeCompare(b.replica, 'en', { numeric: true })),
    );
    const traces = new Map<string, TraceRow>();
    for (const { replica, traces: own } of replicas)
      for (const trace of own) {
        const others = traces.get(trace.trace_id)?.replicas ?? [];
        traces.set(trace.trace_id, { ...trace, replicas: [...others, replica] });
      }
    this.traces.show([...traces.values()].sort((a, b) => a.until - b.until));
    this.say(shortfallOf({ done: '', ...answer }).join(' '));
  }

  private say(problem: string): void {
    setText(this.state, problem);
    setData(this.state, 'tone', problem === '' ? undefined : 'bad');
  }
}

function levelTable(): KeyedTable<ReplicaLogging> {
  const differs = ({ level, configured_level }: ReplicaLogging) => level !== configured_level;
  return new KeyedTable<ReplicaLogging>(
    byId('level-table', HTMLTableElement),
    [
      { label: 'Replica', text: ({ replica }) => replica },
      { label: 'Level', text: ({ level }) => level, tone: (row) => (differs(row) ? 'warn' : 'quiet') },
      {
        label: 'Until',
        text: ({ level_until, configured_level }) =>
          level_until === null ? '' : `${timeOfDay(level_until)}, then ${configured_level}`,
      },
    ],
    ({ replica }) => replica,
    'No replica has answered yet.',
  );
}

function traceTable(api: AdminApi, act: (action: Action) => void): KeyedTable<TraceRow> {
  const whom = ({ user, client_id }: Trace) => (user === undefined ? `client ${client_id}` : `user ${user}`);
  return new KeyedTable<TraceRow>(
    byId('trace-table', HTMLTableElement),
    [
      { label: 'Trace', text: ({ trace_id }) => trace_id },
      { label: 'Of', text: whom },
      { label: 'Until', text: ({ until }) => timeOfDay(until) },
      { label: 'Replicas', text: ({ replicas }) => replicas.join(', ') },
      {
        label: 'Actions',
        create(cell, row) {
          const trace = row();
          const onClick = () => act(endTrace(api, trace.trace_id, whom(trace)));
          cell.className = 'actions';
          cell.append(button('End…', onClick, { 'aria-label': `End trace ${trace.trace_id}` }));
          return () => undefined;
        },
      },
    ],
    ({ trace_id }) => trace_id,
    'Nothing is traced.',
  );
}

function doneTable(): KeyedTable<DoneAction> {
  const keys = new Map<DoneAction, string>();
  return new KeyedTable<DoneAction>(
    byId('done-table', HTMLTableElement),
    [
      { label: 'Time', text: ({ at }) => timeOfDay(at.getTime() / 1_000) },
      { label: 'Action', text: ({ what }) => what },
      {
        label: 'Result',
        text: ({ result }) => result,
        tone: ({ isComplete }) => (isComplete ? undefined : 'bad'),
      },
    ],
    (action) => {
      const key = keys.get(action) ?? String(keys.size);
      keys.set(action, key);
      return key;
    },
    'Nothing yet. The audit log of the gateway has every action, of all operators.',
  );
}
