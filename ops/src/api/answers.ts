/** What the admin API returns, as far as the page reads it. */

export interface ReplicaFailure {
  readonly replica: string;
  readonly problem: string;
}

/** Which replicas an answer does not cover. */
export interface Coverage {
  /** The replicas that did not answer in time. */
  readonly missing: readonly string[];
  /** The replicas that answered that they could not do it. */
  readonly failed: readonly ReplicaFailure[];
}

export interface ClientInfo {
  readonly client_id: string;
  readonly replica: string;
  readonly user: string | null;
  readonly role: string | null;
  /** Keyed hash of the address, 16 hexadecimal digits. */
  readonly address: string;
  readonly transport: string;
  readonly encoding: string;
  /** At most the first 50. */
  readonly rooms: readonly string[];
  readonly room_count: number;
  readonly buffered_bytes: number;
  readonly lagging: boolean;
  readonly lag_ms: number;
  readonly age_seconds: number;
}

export interface FoundClients extends Coverage {
  readonly clients: readonly ClientInfo[];
  /** How many clients match, also those that are not listed. */
  readonly matched: number;
}

/** Filters and order of a search. A filter that is left out or empty matches every client. */
export interface ClientQuery {
  readonly client_id?: string;
  readonly user?: string;
  readonly address?: string;
  readonly room?: string;
  readonly transport?: string;
  readonly replica?: string;
  readonly sort?: string;
  readonly limit?: number;
}

export interface AffectedClients extends Coverage {
  readonly clients: number;
}

export interface ReplicaTask {
  readonly replica: string;
  readonly clients: number;
}

export type ClientOrUser = { readonly client_id: string } | { readonly user: string };

export type NoticeTarget = { readonly everyone: true } | { readonly room: string } | ClientOrUser;

export interface Notice {
  readonly level: string;
  readonly text: string;
  readonly link?: string;
  readonly to: NoticeTarget;
}

export interface Trace {
  readonly trace_id: string;
  readonly client_id?: string;
  readonly user?: string;
  /** Seconds since the epoch. */
  readonly until: number;
}

export interface ReplicaLogging {
  readonly replica: string;
  readonly level: string;
  readonly configured_level: string;
  /** Seconds since the epoch; `null` if the configured level applies. */
  readonly level_until: number | null;
  readonly traces: readonly Trace[];
}

export interface LoggingAnswer extends Coverage {
  readonly replicas: readonly ReplicaLogging[];
}

export interface TraceAnswer extends AffectedClients {
  readonly trace_id: string;
  readonly until: number;
}

export interface Setting {
  readonly value: unknown;
  readonly is_default: boolean;
}

export interface ConfigAnswer extends Coverage {
  readonly replicas: readonly {
    readonly replica: string;
    readonly settings: Readonly<Record<string, Setting>>;
  }[];
}
