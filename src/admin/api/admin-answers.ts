import type { EffectiveSettings } from '../../config/effective-settings.js';
import type { ClientInfo } from '../clients/client-info.js';
import type { LoggingState } from '../replicas/replica-actions.js';

export type { ErrorDetail, AdminStats } from '../../contract/index.js';
export type { AdminErrorBody } from './admin-error.js';

/** What a replica could not do. */
export interface FailedReplica {
  readonly replica: string;
  readonly problem: string;
}

/** What a part of the replicas could not do. Both lists are empty if all did it. */
export interface PartialAnswer {
  /** The replicas that did not answer within 2 s. They may have done it or not. */
  readonly missing: readonly string[];
  readonly failed: readonly FailedReplica[];
}

/** The clients that were found on all replicas that answered. */
export interface ClientsAnswer extends PartialAnswer {
  readonly clients: readonly ClientInfo[];
  /**
   * How many match, also those beyond the limit.
   * @asType integer
   * @minimum 0
   */
  readonly matched: number;
}

/** How many clients an action was for, on all replicas that answered. */
export interface ClientsReached extends PartialAnswer {
  /**
   * @asType integer
   * @minimum 0
   */
  readonly clients: number;
}

/** How many clients will be moved to other replicas. */
export interface MovedClients {
  readonly replica: string;
  /**
   * @asType integer
   * @minimum 0
   */
  readonly clients: number;
}

/** The settings of one replica, by the names of their variables. */
export interface ReplicaSettings {
  readonly replica: string;
  readonly settings: EffectiveSettings;
}

export interface SettingsAnswer extends PartialAnswer {
  readonly replicas: readonly ReplicaSettings[];
}

export interface ReplicaLogging extends LoggingState {
  readonly replica: string;
}

export interface LoggingAnswer extends PartialAnswer {
  readonly replicas: readonly ReplicaLogging[];
}

export interface TraceAnswer extends ClientsReached {
  readonly trace_id: string;
  /** When it ends, seconds since the epoch. */
  readonly until: number;
}
