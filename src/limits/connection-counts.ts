/** What connections are counted by: the client's IP address, or the user. */
export type CountedKind = 'ip' | 'user';

/** Nest token of the {@link ConnectionCounts}. */
export const CONNECTION_COUNTS = Symbol('CONNECTION_COUNTS');

/** Counts the connections of each address and each user, on this replica or on all of them. */
export interface ConnectionCounts {
  /**
   * Counts one more connection, unless there are `limit` already. Each counted connection must be
   * released once. Resolves within a quarter of a second and never rejects: if the counts of other
   * replicas are not available, only those of this replica are compared with the limit.
   * @returns whether the connection was counted
   */
  take(kind: CountedKind, key: string, limit: number): Promise<boolean>;
  release(kind: CountedKind, key: string): void;
  /** Removes this replica's connections from the counts, also for the other replicas. */
  close(): Promise<void>;
}

/** Counters by name. A counter that is 0 takes no memory. */
export class CounterMap {
  private readonly counts = new Map<string, number>();

  get(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  /** Increments a counter and returns its new value. */
  add(name: string): number {
    const count = this.get(name) + 1;
    this.counts.set(name, count);
    return count;
  }

  /** Decrements a counter, not below 0, and returns its new value. */
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

/** Counts only the connections of this replica. */
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
