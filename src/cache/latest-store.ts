import { createHash } from 'node:crypto';

/** A `latest:*` entry to write. */
export interface StoreEntry {
  readonly key: string;
  /** JSON text. */
  readonly value: string;
  /**
   * The {@link fingerprint} of the only value that may be replaced. Without it, the entry is
   * written only if the key has no value.
   */
  readonly replaces?: string | undefined;
}

/**
 * The result of writing an entry. `written`: the key holds the entry now. `unchanged`: the key
 * already held this value. `occupied`: the key holds a value that may not be replaced, and keeps
 * it.
 */
export type WriteOutcome = 'written' | 'unchanged' | 'occupied';

/**
 * Port: the platform's `latest:*` keys, which all replicas and the worker share.
 * {@link RedisLatestStore} and {@link MemoryLatestStore} implement it, and one contract suite
 * (`test/e2e/snapshots/latest-store.e2e-spec.ts`) tests both. Every method rejects if the store
 * cannot be reached, and none waits longer than the store's command timeout.
 */
export interface LatestStore {
  /**
   * The values of `keys`, in the same order. A value is `null` if the key does not exist or holds
   * no string, and an error if only this key cannot be read, as when a node of a cluster is
   * missing.
   */
  read(keys: readonly string[]): Promise<(string | null | Error)[]>;
  /**
   * The keys that begin with one of `prefixes`, in batches. Ends early once it has examined about
   * `maxExamined` keys of the whole keyspace, which limits the load on the store.
   */
  scan(prefixes: readonly string[], maxExamined: number): AsyncIterable<string[]>;
  /**
   * Writes each entry whose key is absent, does not hold a string, or holds the value that the
   * entry `replaces`. Comparing and writing are one atomic step, so that no other writer can
   * interfere. An entry expires in `ttlMs`, or later if the key already had longer to live.
   * @returns the outcomes, in the order of `entries`
   */
  write(entries: readonly StoreEntry[], ttlMs: number): Promise<WriteOutcome[]>;
  /** Acquires or renews the writer's lease for `ttlMs`. False while another `owner` holds it. */
  acquireLease(owner: string, ttlMs: number): Promise<boolean>;
  /** Releases the lease if `owner` holds it. */
  releaseLease(owner: string): Promise<void>;
}

/** Nest token of the {@link LatestStore}. */
export const LATEST_STORE = Symbol('LATEST_STORE');

/** The key of the lease. Only the replica that holds it writes `latest:*`. */
export const WRITER_LEASE_KEY = 'socket-gateway:latest-writer';

/**
 * Identifies a stored value: its SHA-1 in hexadecimal digits, because Redis scripts can compute it.
 * Not a security measure.
 */
export function fingerprint(value: string): string {
  return createHash('sha1').update(value).digest('hex');
}
