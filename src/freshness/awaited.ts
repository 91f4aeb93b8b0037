/** Names looked at for room when there are too many: a look at all of them for each subscription would hold everybody up. */
const MAX_LOOKS = 32;

/**
 * What clients were told that nothing is known of it: products, chains (`NIFTY:2026-11-26`) and all chains of a product
 * (`NIFTY:*`). The first message of one is announced as live, because until then these clients call it stale.
 */
export class Awaited {
  private readonly names = new Set<string>();

  /**
   * @param max names remembered; with so many, those that no client waits for any more are dropped, a few at a time
   * @param isWanted whether a client still waits for it
   */
  constructor(
    private readonly max: number,
    private readonly isWanted: (name: string) => boolean,
  ) {}

  get size(): number {
    return this.names.size;
  }

  /** Returns false if there are too many: the client must not be told what it would never be told the end of. */
  add(name: string): boolean {
    if (this.names.has(name)) return true;
    if (this.names.size >= this.max) this.dropSome();
    if (this.names.size >= this.max) return false;
    this.names.add(name);
    return true;
  }

  /** Returns whether a client waits for one of them: they are not awaited any more. */
  take(...names: readonly string[]): boolean {
    if (this.names.size === 0) return false;
    return names.filter((name) => this.names.delete(name)).length > 0;
  }

  /** Looks at those that were not looked at for the longest time. */
  private dropSome(): void {
    let looks = 0;
    for (const name of this.names) {
      if (++looks > MAX_LOOKS) return;
      this.names.delete(name);
      if (this.isWanted(name)) this.names.add(name); // as the last
    }
  }
}
