/**
 * How many names are checked for removal when the set is full. Checking all of them for each
 * subscription would block the event loop.
 */
const MAX_LOOKS = 32;

/**
 * The unknown products and chains that clients wait for: products (`NIFTY`), chains
 * (`NIFTY:2026-11-26`) and all chains of a product (`NIFTY:*`). These clients were sent the status
 * `stale`, so the first message of such a name must be announced as `live`.
 */
export class Awaited {
  private readonly names = new Set<string>();

  /**
   * @param max the largest number of names. When it is reached, names that no client waits for any
   *   more are removed, a few at a time.
   * @param isWanted whether a client still waits for a name
   */
  constructor(
    private readonly max: number,
    private readonly isWanted: (name: string) => boolean,
  ) {}

  get size(): number {
    return this.names.size;
  }

  /**
   * Adds a name. Returns false if the set is full: then the client must not be told that the name
   * is stale, because it would never be told that it is live.
   */
  add(name: string): boolean {
    if (this.names.has(name)) return true;
    if (this.names.size >= this.max) this.dropSome();
    if (this.names.size >= this.max) return false;
    this.names.add(name);
    return true;
  }

  /** Removes the names. Returns whether at least one of them was awaited. */
  take(...names: readonly string[]): boolean {
    if (this.names.size === 0) return false;
    return names.filter((name) => this.names.delete(name)).length > 0;
  }

  /** Removes names that no client waits for, among those that were checked longest ago. */
  private dropSome(): void {
    let looks = 0;
    for (const name of this.names) {
      if (++looks > MAX_LOOKS) return;
      this.names.delete(name);
      if (this.isWanted(name)) this.names.add(name); // moves it to the end
    }
  }
}
