/**
 * What clients were told that nothing is known of it: products, chains (`NIFTY:2026-11-26`) and all chains of a product
 * (`NIFTY:*`). The first message of one is announced as live, because until then these clients call it stale.
 */
export class Awaited {
  private readonly names = new Set<string>();

  /**
   * @param max names remembered; with so many, those that no client waits for any more are dropped
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
    if (this.names.size >= this.max) {
      for (const one of this.names) if (!this.isWanted(one)) this.names.delete(one);
    }
    if (this.names.size >= this.max) return false;
    this.names.add(name);
    return true;
  }

  /** Returns whether a client waits for one of them: they are not awaited any more. */
  take(...names: readonly string[]): boolean {
    if (this.names.size === 0) return false;
    return names.filter((name) => this.names.delete(name)).length > 0;
  }
}
