import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { GatewayConfig } from '../../config/gateway-config.js';
import { LOG_LEVELS } from '../../config/environment.js';
import { DrainService } from '../../drain/drain.service.js';
import { RebalanceService } from '../../drain/rebalance.service.js';
import { LogLevel } from '../../logging/log-level.js';
import { WORKER_REPORTS, type WorkerReports } from '../../operations/worker-reports.js';
import type { MessageBody } from '../../replicas/replica-message.js';
import { ReplicaCalls } from '../../replicas/replica-calls.js';
import { type GatewayServer, SOCKET_SERVER } from '../../transports/socket-io/socket-server.js';
import { readTarget } from '../clients/client-target.js';
import { type TraceInfo, Traces } from '../traces/traces.js';

/** The names of the calls. */
export const DRAIN_REPLICA = 'drain_replica';
export const REBALANCE_REPLICA = 'rebalance_replica';
export const GET_LOGGING = 'get_logging';
export const CHANGE_LOG_LEVEL = 'change_log_level';
export const RESET_LOG_LEVEL = 'reset_log_level';
export const START_TRACE = 'start_trace';
export const STOP_TRACE = 'stop_trace';
export const GET_SETTINGS = 'get_settings';

/** The longest time for which a replica logs more than is configured, s. */
export const MAX_LOGGING_SECONDS = 3_600;

/** What a replica logs. */
export interface LoggingState {
  readonly level: string;
  readonly configured_level: string;
  /** When the level is the configured one again, seconds since the epoch; `null` if it is. */
  readonly level_until: number | null;
  readonly traces: readonly TraceInfo[];
}

/** What operators do to a replica. */
@Injectable()
export class ReplicaActions implements OnModuleInit {
  constructor(
    private readonly config: GatewayConfig,
    private readonly calls: ReplicaCalls,
    private readonly drains: DrainService,
    private readonly rebalances: RebalanceService,
    private readonly level: LogLevel,
    private readonly traces: Traces,
    @Inject(WORKER_REPORTS) private readonly workers: WorkerReports | null,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
  ) {}

  onModuleInit(): void {
    const { calls } = this;
    calls.provide(DRAIN_REPLICA, () => this.drain());
    calls.provide(REBALANCE_REPLICA, ({ share, over_seconds }) => {
      const portion = numberIn(share, 0, 1);
      return { clients: this.rebalances.start(portion, numberIn(over_seconds, 0, 3_600) * 1_000) };
    });
    calls.provide(GET_LOGGING, () => this.logging);
    calls.provide(CHANGE_LOG_LEVEL, ({ level, for_seconds }) => {
      if (!LOG_LEVELS.includes(level as (typeof LOG_LEVELS)[number]))
        throw new Error('There is no such level.');
      this.level.change(String(level), numberIn(for_seconds, 0, MAX_LOGGING_SECONDS) * 1_000);
      return this.logging;
    });
    calls.provide(RESET_LOG_LEVEL, () => {
      this.level.reset();
      return this.logging;
    });
    calls.provide(START_TRACE, (args) => this.trace(args));
    calls.provide(STOP_TRACE, ({ trace_id }) => ({ stopped: this.traces.stop(String(trace_id)) }));
    calls.provide(GET_SETTINGS, () => ({ settings: this.config.effective }));
  }

  /**
   * A worker cannot stop listening on the port that it shares, so new clients would still be passed
   * to it, and refused.
   */
  private drain(): { readonly clients: number } {
    if (this.workers)
      throw new Error(
        'A worker cannot be drained alone. Drain the whole gateway, or roll its workers with SIGHUP.',
      );
    const clients = this.server.sockets.sockets.size;
    // It takes up to DRAIN_TIMEOUT_MS. The room `admin` shows how it goes on.
    void this.drains.drain();
    return { clients };
  }

  private trace(args: MessageBody): Promise<{ readonly clients: number }> {
    const { client_id, user, trace_id, for_seconds } = args;
    const target = readTarget({ client_id, user });
    if (!target || 'room' in target || 'everyone' in target || typeof trace_id !== 'string')
      throw new Error('A trace is of one client or one user.');
    return this.traces.start(trace_id, target, numberIn(for_seconds, 0, MAX_LOGGING_SECONDS) * 1_000);
  }

  private get logging(): LoggingState {
    const { current, configured, until } = this.level;
    return {
      level: current,
      configured_level: configured,
      level_until: until === undefined ? null : until / 1_000,
      traces: this.traces.list,
    };
  }
}

/** @throws Error unless `value` is above `above` and at most `most` */
function numberIn(value: unknown, above: number, most: number): number {
  if (typeof value === 'number' && value > above && value <= most) return value;
  throw new Error(`A number is not above ${above} and at most ${most}.`);
}
