/** The expiry that the reader looks at, shared by the parts of one product. */
export class Selection {
  private readonly listeners = new Set<() => void>();
  private chosen: string | undefined;

  /** YYYY-MM-DD. `undefined` until the chain panel knows the expiries of the product. */
  get expiry(): string | undefined {
    return this.chosen;
  }

  /** The chain panel calls this: first with the nearest expiry, then with each that is chosen. */
  choose(expiry: string | undefined): void {
    if (expiry === this.chosen) return;
    this.chosen = expiry;
    for (const listener of this.listeners) listener();
  }

  /** Returns a function that removes the listener. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}
