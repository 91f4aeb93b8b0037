interface Entry<K, V> {
  readonly key: K;
  value: V;
  older: Entry<K, V> | undefined;
  newer: Entry<K, V> | undefined;
}

/**
 * A map in the order in which its keys were last set, the one set longest ago first.
 *
 * A `Map` has this order too if a key is deleted and set again. But that fills its tables, each of
 * which is soon replaced and refers to the next one. Once a table has survived two minor collections
 * of garbage, so do all later ones, with everything that was ever in them, until a major one: with
 * 2,000 updates a second, that was half of the garbage that major collections had to deal with.
 * Here, setting a key again makes no garbage.
 */
export class RecencyMap<K, V> {
  private readonly entries = new Map<K, Entry<K, V>>();
  private first: Entry<K, V> | undefined;
  private last: Entry<K, V> | undefined;

  get size(): number {
    return this.entries.size;
  }

  get(key: K): V | undefined {
    return this.entries.get(key)?.value;
  }

  /** Sets a value, and makes its key the last one. */
  set(key: K, value: V): void {
    let entry = this.entries.get(key);
    if (!entry) {
      entry = { key, value, older: undefined, newer: undefined };
      this.entries.set(key, entry);
      this.append(entry);
      return;
    }
    entry.value = value;
    if (entry === this.last) return;
    this.unlink(entry);
    this.append(entry);
  }

  /** Returns whether the key was there. */
  delete(key: K): boolean {
    const entry = this.entries.get(key);
    if (!entry) return false;
    this.entries.delete(key);
    this.unlink(entry);
    return true;
  }

  clear(): void {
    this.entries.clear();
    this.first = this.last = undefined;
  }

  /** The first key; undefined if there is none. */
  get firstKey(): K | undefined {
    return this.first?.key;
  }

  /** The keys in order, as {@link values}. */
  *keys(): Generator<K> {
    for (const { key } of this.all()) yield key;
  }

  /**
   * The values in order. The loop may delete the key of the current value. It must neither delete
   * another one nor set any.
   */
  *values(): Generator<V> {
    for (const { value } of this.all()) yield value;
  }

  private *all(): Generator<Entry<K, V>> {
    let next: Entry<K, V> | undefined;
    for (let entry = this.first; entry; entry = next) {
      next = entry.newer;
      yield entry;
    }
  }

  private append(entry: Entry<K, V>): void {
    entry.older = this.last;
    if (this.last) this.last.newer = entry;
    else this.first = entry;
    this.last = entry;
  }

  private unlink(entry: Entry<K, V>): void {
    const { older, newer } = entry;
    if (older) older.newer = newer;
    else this.first = newer;
    if (newer) newer.older = older;
    else this.last = older;
    entry.older = entry.newer = undefined;
  }
}
