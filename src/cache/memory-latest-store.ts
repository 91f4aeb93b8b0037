import {
  fingerprint,
  WRITER_LEASE_KEY,
  type LatestStore,
  type StoreEntry,
  type WriteOutcome,
} from './latest-store.js';

interface Stored {
  readonly value: string;
  /** In ms since the epoch. */
  readonly expiresAt: number;
}

/**
 * Holds the `latest:*` keys in this process. It replaces Redis in tests, and in `npm run demo` on a
 * machine without Redis.
 */
export class MemoryLatestStore implements LatestStore {
  private readonly stored = new Map<string, Stored>();

  /** @param now the time in ms since the epoch */
  constructor(private readonly now: () => number) {}

  read(keys: readonly string[]): Promise<(string | null | Error)[]> {
    return Promise.resolve(keys.map((key) => this.live(key)?.value ?? null));
  }

  async *scan(prefixes: readonly string[], maxExamined: number): AsyncIterable<string[]> {
    const keys = [...this.stored.keys()].slice(0, maxExamined);
    const found = keys.filter((key) => prefixes.some((prefix) => key.startsWith(prefix)) && this.live(key));
    if (found.length > 0) yield await Promise.resolve(found);
  }

  write(entries: readonly StoreEntry[], ttlMs: number): Promise<WriteOutcome[]> {
    return Promise.resolve(entries.map((entry) => this.writeOne(entry, ttlMs)));
  }

  /** Sets a key unconditionally, as the worker does. */
  set(key: string, value: string, ttlMs: number): Promise<void> {
    this.stored.set(key, { value, expiresAt: this.now() + ttlMs });
    return Promise.resolve();
  }

  acquireLease(owner: string, ttlMs: number): Promise<boolean> {
    const holder = this.live(WRITER_LEASE_KEY);
    if (holder && holder.value !== owner) return Promise.resolve(false);
    this.stored.set(WRITER_LEASE_KEY, { value: owner, expiresAt: this.now() + ttlMs });
    return Promise.resolve(true);
  }

  releaseLease(owner: string): Promise<void> {
    if (this.live(WRITER_LEASE_KEY)?.value === owner) this.stored.delete(WRITER_LEASE_KEY);
    return Promise.resolve();
  }

  private writeOne({ key, value, replaces }: StoreEntry, ttlMs: number): WriteOutcome {
    const held = this.live(key);
    if (held && held.value !== value && fingerprint(held.value) !== replaces) return 'occupied';
    const expiresAt = Math.max(this.now() + ttlMs, held?.expiresAt ?? 0);
    this.stored.set(key, { value, expiresAt });
    return held?.value === value ? 'unchanged' : 'written';
  }

  private live(key: string): Stored | undefined {
    const entry = this.stored.get(key);
    if (entry && entry.expiresAt <= this.now()) {
      this.stored.delete(key);
      return undefined;
    }
    return entry;
  }
}
