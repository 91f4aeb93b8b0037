/** One `latest:*` entry to be written. */
export interface StoreEntry {
  readonly key: string;
  /** JSON text. */
  readonly value: string;
}

/**
 * Port: the platform's `latest:*` keys, shared by all replicas and the worker. Implemented by {@link RedisLatestStore}
 * and {@link MemoryLatestStore}; one contract suite (`test/latest-store.e2e-spec.ts`) runs on both.
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
  /** Writes the entries. Each lives `ttlMs` from now, or longer where the key already had longer to live. */
  write(entries: readonly StoreEntry[], ttlMs: number): Promise<void>;
  /** Takes or renews the one writer's lease for `ttlMs`; false while another `owner` holds it. */
  acquireLease(owner: string, ttlMs: number): Promise<boolean>;
  /** Gives the lease up if `owner` holds it. */
  releaseLease(owner: string): Promise<void>;
}

/** Nest token of the {@link LatestStore}. */
export const LATEST_STORE = Symbol('LATEST_STORE');

/** The key under which the replicas agree on who writes `latest:*`. */
export const WRITER_LEASE_KEY = 'socket-gateway:latest-writer';
