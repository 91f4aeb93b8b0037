import { createHash } from 'node:crypto';

/** One `latest:*` entry to be written. */
export interface StoreEntry {
  readonly key: string;
  /** JSON text. */
  readonly value: string;
  /** The {@link fingerprint} of the one other value that may be replaced. Without it only an absent value is. */
  readonly replaces?: string | undefined;
}

/**
 * What became of an entry. `written`: the key holds it now. `unchanged`: the key held this very value. `occupied`: the key
 * holds another value than the one to be replaced, which was left alone.
 */
export type WriteOutcome = 'written' | 'unchanged' | 'occupied';

/**
 * Port: the platform's `latest:*` keys, shared by all replicas and the worker. Implemented by {@link RedisLatestStore}
 * and {@link MemoryLatestStore}; one contract suite (`test/e2e/snapshots/latest-store.e2e-spec.ts`) runs on both.
 * Every method rejects when the store cannot be reached; none waits longer than the store's command timeout.
 */
export interface LatestStore {
  /**
   * The values of `keys` in their order, `null` where there is none or it is not a string. Where some cannot be read, as of a
   * cluster that lacks a node, they are the error that says why.
   */
  read(keys: readonly string[]): Promise<(string | null | Error)[]>;
  /**
   * The keys that begin with one of `prefixes`, in batches. Ends early once `maxExamined` keys of the whole keyspace
   * were passed over, which bounds what the walk costs the store.
   */
  scan(prefixes: readonly string[], maxExamined: number): AsyncIterable<string[]>;
  /**
   * Writes each entry whose key is absent, does not hold a string, or holds the value that the entry `replaces`; comparing and
   * writing are one step, so that no other writer comes between. Each lives `ttlMs` from now, or longer if the key already had
   * longer to live.
   * @returns the outcomes, in the order of `entries`
   */
  write(entries: readonly StoreEntry[], ttlMs: number): Promise<WriteOutcome[]>;
  /** Takes or renews the one writer's lease for `ttlMs`; false while another `owner` holds it. */
  acquireLease(owner: string, ttlMs: number): Promise<boolean>;
  /** Gives the lease up if `owner` holds it. */
  releaseLease(owner: string): Promise<void>;
}

/** Nest token of the {@link LatestStore}. */
export const LATEST_STORE = Symbol('LATEST_STORE');

/** The key under which the replicas agree on who writes `latest:*`. */
export const WRITER_LEASE_KEY = 'socket-gateway:latest-writer';

/** Names a stored value: SHA-1 in hexadecimal digits, as Redis' scripts compute it. Not a security measure. */
export function fingerprint(value: string): string {
  return createHash('sha1').update(value).digest('hex');
}
