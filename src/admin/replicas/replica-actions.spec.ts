import type { GatewayConfig } from '../../config/gateway-config.js';
import type { DrainService } from '../../drain/drain.service.js';
import type { RebalanceService } from '../../drain/rebalance.service.js';
import type { LogLevel } from '../../logging/log-level.js';
import type { WorkerReports } from '../../operations/worker-reports.js';
import type { ReplicaCalls } from '../../replicas/replica-calls.js';
import type { GatewayServer } from '../../transports/socket-io/socket-server.js';
import type { Traces } from '../traces/traces.js';
import { ReplicaActions } from './replica-actions.js';

type Action = (args: Readonly<Record<string, unknown>>) => unknown;

function start(workers: WorkerReports | null = null) {
  const actions = new Map<string, Action>();
  const calls = { provide: (name: string, action: Action) => void actions.set(name, action) };
  const drain = jest.fn(() => Promise.resolve());
  const level = { change: jest.fn(), current: 'info', configured: 'info', until: undefined };
  new ReplicaActions(
    {} as GatewayConfig,
    calls as unknown as ReplicaCalls,
    { drain } as unknown as DrainService,
    { start: () => 3 } as unknown as RebalanceService,
    level as unknown as LogLevel,
    { list: [], start: () => Promise.resolve({ clients: 1 }) } as unknown as Traces,
    workers,
    { sockets: { sockets: new Map([['a', {}]]) } } as unknown as GatewayServer,
  ).onModuleInit();
  const call = (name: string, args = {}): unknown => actions.get(name)!(args);
  return { call, drain, level };
}

it('drains a replica, and tells how many clients it has', () => {
  const { call, drain } = start();
  expect(call('drain_replica')).toEqual({ clients: 1 });
  expect(drain).toHaveBeenCalled();
});

it('does not drain a single worker: new clients would still be passed to it', () => {
  const { call, drain } = start({ worker: 1 } as WorkerReports);
  expect(() => call('drain_replica')).toThrow('A worker cannot be drained alone.');
  expect(drain).not.toHaveBeenCalled();
});

it.each<[string, object]>([
  ['rebalance_replica', {}],
  ['rebalance_replica', { share: 0, over_seconds: 1 }],
  ['rebalance_replica', { share: 2, over_seconds: 1 }],
  ['rebalance_replica', { share: '0.5', over_seconds: 1 }],
  ['rebalance_replica', { share: 0.5, over_seconds: NaN }],
  ['change_log_level', { level: 'loud', for_seconds: 1 }],
  ['change_log_level', { level: 'debug', for_seconds: 1e9 }],
  ['start_trace', { trace_id: 't', for_seconds: 1 }],
  ['start_trace', { trace_id: 't', room: 'general', for_seconds: 1 }],
  ['start_trace', { trace_id: 7, user: 'u', for_seconds: 1 }],
])('does not trust another replica: %s %j', (name, args) => {
  const { call, level } = start();
  expect(() => call(name, args)).toThrow();
  expect(level.change).not.toHaveBeenCalled();
});
