import { maskSecrets } from '../config/mask-secrets.js';
import { messageOf } from '../common/message-of.js';
import type { RateLimitedLog } from '../logging/rate-limited-log.js';
import type { FaultSource } from './fault-source.js';

/**
 * The purpose of a connection. It is its name in the server's CLIENT LIST, in logs and in metrics.
 */
export const REDIS_ROLES = ['commands', 'feed', 'adapter-sub', 'auth-sub', 'portfolio-sub'] as const;
export type RedisRole = (typeof REDIS_ROLES)[number];

/**
 * Kinds of faults. The first pattern that matches an error's text decides, so specific ones are
 * first.
 */
const FAULTS = [
  ['silent', /^received no probe message/, 'the subscription delivers nothing'],
  [
    'refused_password',
    /WRONGPASS|NOAUTH|invalid (?:username-)?password|Authentication required/i,
    'Redis refuses the user or password',
  ],
  ['no_permission', /NOPERM/, "Redis does not allow this user's command, key or channel"],
  ['read_only', /READONLY/, 'Redis refuses writes, it is a read-only replica'],
  ['out_of_memory', /\bOOM\b/, 'Redis refuses writes, its memory is full'],
  ['writes_refused', /MISCONF|NOREPLICAS/, 'Redis refuses writes'],
  ['loading', /LOADING/, 'Redis is loading its data'],
  [
    'cluster_down',
    /CLUSTERDOWN|Failed to refresh slots cache|startup nodes|Cluster isn't ready|Cluster is (?:ended|disconnect)/,
    'the Redis Cluster is down',
  ],
  ['failover', /\bMOVED\b|\bASK\b|TRYAGAIN|MASTERDOWN|UNBLOCKED|redirections/, 'Redis is failing over'],
  ['tls', /certificate|\bSSL\b|\bTLS\b|ERR_TLS|EPROTO/i, 'TLS with Redis fails'],
  ['timeout', /Socket timeout|Command timed out|^timeout$/, 'Redis does not answer'],
  ['unreachable', /No such master/, 'the sentinels know no master of that name'],
  [
    'unreachable',
    /E(?:CONN|HOST|NET|TIMEDOUT|NOTFOUND|AI_AGAIN|PIPE)|sentinels? (?:are|is) unreachable|closed?\b|isn't writeable|max retries/i,
    'Redis cannot be reached',
  ],
  ['other', /(?:)/, 'Redis answers with an error'],
] as const satisfies readonly (readonly [string, RegExp, string])[];

export type RedisFaultKind = (typeof FAULTS)[number][0];

/** Every kind of fault, once. */
export const REDIS_FAULT_KINDS: readonly RedisFaultKind[] = [...new Set(FAULTS.map(([kind]) => kind))];

/** Error texts of ioredis for a command without a connection. They do not say why there is none. */
const NO_CONNECTION =
  /isn't writeable|Connection is closed|connection close|max retries|Cluster isn't ready/i;

/** A fault: its kind, and a description that an operator can act on. Never contains a password. */
export interface RedisFault {
  readonly kind: RedisFaultKind;
  readonly problem: string;
}

/** Classifies and describes an error of ioredis or of Redis. */
export function redisFault(error: unknown): RedisFault {
  const text = describeRedisError(error);
  for (const [kind, pattern, sentence] of FAULTS) {
    if (pattern.test(text)) return { kind, problem: `${sentence} (${text})` };
  }
  return { kind: 'other', problem: text };
}

/** The text of an ioredis error, without credentials. */
export function describeRedisError(error: unknown): string {
  // Node reports a name that resolves to several addresses as an AggregateError with an empty
  // message.
  const causes: unknown[] = error instanceof AggregateError && error.message === '' ? error.errors : [error];
  const last: unknown = error instanceof Error && 'lastNodeError' in error ? error.lastNodeError : undefined;
  return maskSecrets([...causes, ...(last === undefined ? [] : [last])].map(messageOf).join('; '));
}

type Counted = (connection: RedisRole, kind: RedisFaultKind) => void;

/**
 * Counts and logs the faults of all connections to Redis, so that a fault has the same name in
 * metrics, logs and health.
 */
export class RedisFaults implements FaultSource {
  /**
   * Why each broken connection is broken. The errors of failing commands do not contain the cause.
   */
  private readonly causes = new Map<RedisRole, RedisFault>();
  /** Faults before the first listener: connections are created before the application. */
  private readonly early: Parameters<Counted>[] = [];
  private counted: Counted = (...fault) => {
    if (this.early.length < 100) this.early.push(fault);
  };

  constructor(private readonly log: RateLimitedLog) {}

  listen(counted: Counted): void {
    this.counted = counted;
    for (const fault of this.early.splice(0)) counted(...fault);
  }

  /**
   * Counts and logs a fault of a connection itself. It becomes the cause of commands that fail
   * because the connection is down.
   */
  connectionFailed(connection: RedisRole, error: unknown): RedisFault {
    const fault = redisFault(error);
    // Keep the cause: that the connection is closed says less than why it was closed.
    if (!NO_CONNECTION.test(fault.problem) || !this.causes.has(connection)) {
      this.causes.set(connection, fault);
    }
    this.counted(connection, fault.kind);
    this.log.warn(`redis:${connection}:${fault.kind}`, 'redis_connection_failed', {
      role: connection,
      ...fault,
    });
    return fault;
  }

  /** Records that a connection works again. */
  connectionReady(connection: RedisRole): void {
    this.causes.delete(connection);
  }

  problem(connection: RedisRole): string | undefined {
    return this.causes.get(connection)?.problem;
  }

  /** Like `commandFailed`, for a connection that does not work until the command succeeds. */
  refused(connection: RedisRole, error: unknown): RedisFault {
    const fault = this.commandFailed(connection, error);
    this.causes.set(connection, fault);
    return fault;
  }

  /** Counts a failed command. The caller logs it. */
  commandFailed(connection: RedisRole, error: unknown): RedisFault {
    const fault = redisFault(error);
    const known = NO_CONNECTION.test(fault.problem) ? (this.causes.get(connection) ?? fault) : fault;
    this.counted(connection, known.kind);
    return known;
  }
}
