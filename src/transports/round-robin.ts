/**
 * A queue in which owners take turns. The items of one owner are in the order of their addition.
 */
export class RoundRobin<Item> {
  private readonly byOwner = new Map<string, Item[]>();

  constructor(private readonly ownerOf: (item: Item) => string) {}

  get isEmpty(): boolean {
    return this.byOwner.size === 0;
  }

  /** Adds an item after all other items of its owner. A new owner has its turn after all others. */
  add(item: Item): void {
    const owner = this.ownerOf(item);
    const items = this.byOwner.get(owner);
    if (items) items.push(item);
    else this.byOwner.set(owner, [item]);
  }

  /**
   * Removes and returns the first item of the owner whose turn it is. That owner has its next turn
   * after all others.
   */
  take(): Item | undefined {
    for (const [owner, items] of this.byOwner) {
      const item = items.shift();
      this.byOwner.delete(owner);
      if (items.length > 0) this.byOwner.set(owner, items);
      return item;
    }
    return undefined;
  }
}
