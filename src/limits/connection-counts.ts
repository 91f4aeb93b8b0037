/** Whose connections are counted: those of a client's address, or of a user. */
export type CountedKind = 'ip' | 'user';

/** Nest token of the {@link ConnectionCounts}. */
export const CONNECTION_COUNTS = Symbol('CONNECTION_COUNTS');

/** How many connections each address and each user has: on this replica, or on all of them. */
export interface ConnectionCounts {
  /**
   * Counts one more connection, unless there are `limit` already; each that was counted is to be released once. Resolves within
   * a quarter of a second and never rejects: where other replicas cannot be asked, what this one has decides.
   * @returns whether it was counted
   */
  take(kind: CountedKind, key: string, limit: number): Promise<boolean>;
  release(kind: CountedKind, key: string): void;
  /** Forgets what this replica has, for the others too. */
  close(): Promise<void>;
}

/** Numbers by name, of which a zero costs nothing. */
export class CounterMap {
  private readonly counts = new Map<string, number>();

  get(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  /** Answers what it is then. */
  add(name: string): number {
    const count = this.get(name) + 1;
    this.counts.set(name, count);
    return count;
  }

  remove(name: string): number {
    const count = Math.max(0, this.get(name) - 1);
    if (count === 0) this.counts.delete(name);
    else this.counts.set(name, count);
    return count;
  }

  names(): string[] {
    return [...this.counts.keys()];
  }
}

/** Of this replica alone. */
export class MemoryConnectionCounts implements ConnectionCounts {
  private readonly tally = new CounterMap();

  take(kind: CountedKind, key: string, limit: number): Promise<boolean> {
    const name = `${kind}:${key}`;
    const taken = this.tally.get(name) < limit;
    if (taken) this.tally.add(name);
    return Promise.resolve(taken);
  }

  release(kind: CountedKind, key: string): void {
    this.tally.remove(`${kind}:${key}`);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
