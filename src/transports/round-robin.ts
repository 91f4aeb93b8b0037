/** Items that take turns by owner, and within an owner in the order in which they were added. */
export class RoundRobin<Item> {
  private readonly byOwner = new Map<string, Item[]>();

  constructor(private readonly ownerOf: (item: Item) => string) {}

  get isEmpty(): boolean {
    return this.byOwner.size === 0;
  }

  /** The owner's other items come first, and the other owners' first items before those. */
  add(item: Item): void {
    const owner = this.ownerOf(item);
    const items = this.byOwner.get(owner);
    if (items) items.push(item);
    else this.byOwner.set(owner, [item]);
  }

  /** Removes the first item of the owner whose turn it is. That owner is the last in turn from then on. */
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
