import type { AdminStats } from '../../../src/contract/admin-stats.js';
import type { AdminApi } from '../api/admin-api.js';
import type { LoggingAnswer } from '../api/answers.js';
import { plural } from '../format.js';
import type { Action, Outcome, Values } from './action.js';
import { durationField, secondsIn } from './durations.js';

export const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

/** @param stats the newest ones */
export function drainReplica(api: AdminApi, replica: string, stats: () => AdminStats | undefined): Action {
  return {
    title: `Drain ${replica}`,
    isDangerous: true,
    confirm: () => `Drain ${replica}`,
    describe: () =>
      `${replica} refuses new clients from now on, and disconnects its ${clientsOn(replica, stats())} step by step, so that they reconnect to ${othersThan(replica, stats())}. It does not return to service by itself: restart it for that.`,
    async run() {
      const { clients } = await api.drain(replica);
      return { done: `${replica} drains ${plural(clients, 'client')}.` };
    },
  };
}

export function rebalanceReplica(
  api: AdminApi,
  replica: string,
  stats: () => AdminStats | undefined,
): Action {
  return {
    title: `Rebalance ${replica}`,
    isDangerous: true,
    fields: [
      {
        name: 'percent',
        label: 'Share of its clients, %',
        kind: 'number',
        value: '20',
        min: 1,
        max: 100,
        isRequired: true,
      },
      {
        name: 'seconds',
        label: 'Over, seconds',
        kind: 'number',
        value: '60',
        min: 1,
        max: 3_600,
        isRequired: true,
      },
    ],
    confirm: (values) => `Disconnect ${values.percent} % of ${replica}`,
    describe: (values) =>
      `Disconnects about ${affected(replica, values, stats())} of ${replica}, spread over ${values.seconds} s, so that they reconnect wherever the load balancer sends them.`,
    async run(values) {
      const { clients } = await api.rebalance(replica, Number(values.percent) / 100, Number(values.seconds));
      return { done: `${replica} disconnects ${plural(clients, 'client')} over ${values.seconds} s.` };
    },
  };
}

/** @param replica undefined for all of them */
export function changeLevel(api: AdminApi, replica: string | undefined): Action {
  const where = replica ?? 'all replicas';
  return {
    title: `Log level of ${where}`,
    isDangerous: false,
    fields: [
      {
        name: 'level',
        label: 'Level',
        kind: 'choice',
        value: 'debug',
        choices: LEVELS.map((level) => [level, level]),
      },
      durationField(),
    ],
    confirm: ({ level }) => `Log from ${level} on`,
    describe: () =>
      `Changes the log level of ${where} for a limited time. The configured level then applies again.`,
    async run(values) {
      return levelOutcome('Changed', await api.setLevel(values.level!, secondsIn(values), replica));
    },
  };
}

export function resetLevel(api: AdminApi): Action {
  return {
    title: 'Reset the log level',
    isDangerous: false,
    confirm: () => 'Reset on all replicas',
    describe: () => 'Returns all replicas to the log level that is configured.',
    async run() {
      return levelOutcome('Reset', await api.resetLevel());
    },
  };
}

export function endTrace(api: AdminApi, id: string, whom: string): Action {
  return {
    title: 'End a trace',
    isDangerous: false,
    confirm: () => 'End this trace',
    describe: () => `Ends the trace ${id} of ${whom} on all replicas.`,
    async run() {
      const { missing, failed } = await api.endTrace(id);
      return { done: `The trace ${id} has ended.`, missing, failed };
    },
  };
}

function levelOutcome(verb: string, { replicas, missing, failed }: LoggingAnswer): Outcome {
  const names = replicas.map((one) => one.replica).join(', ');
  return { done: `${verb} on ${names || 'no replica'}.`, missing, failed };
}

function reportOf(replica: string, stats: AdminStats | undefined) {
  return stats?.replicas.find((report) => report.replica === replica);
}

function clientsOn(replica: string, stats: AdminStats | undefined): string {
  return plural(reportOf(replica, stats)?.clients ?? 0, 'client');
}

function affected(replica: string, { percent }: Values, stats: AdminStats | undefined): string {
  return plural(Math.ceil(((reportOf(replica, stats)?.clients ?? 0) * Number(percent)) / 100), 'client');
}

/** Who is left to take the clients. */
function othersThan(replica: string, stats: AdminStats | undefined): string {
  const left = (stats?.replicas ?? []).filter(
    (other) => other.replica !== replica && other.state === 'serving' && other.refuses === undefined,
  );
  if (left.length === 0) return 'NO OTHER REPLICA, because none accepts clients';
  return left.length <= 3 ? left.map((other) => other.replica).join(', ') : `the ${left.length} others`;
}
