import { sequenceKey } from '../publish/sequence.js';

/** What a client that is looked at closely got wrong since the count began. */
export interface SequenceFaults {
  /** Messages that were passed over. */
  missing: number;
  /** The same message again. */
  twice: number;
  /** An older message after a newer one of the same product. */
  older: number;
}

export function noFaults(): SequenceFaults {
  return { missing: 0, twice: 0, older: 0 };
}

/**
 * Follows one client's messages. The publisher numbers all it sends and goes round the products, so a product's
 * messages are `products` apart; order is promised within a product only.
 */
export class SequenceCheck {
  private readonly last = new Map<number, number>();

  /** @param products how many products the publisher goes round */
  constructor(
    private readonly products: number,
    private readonly faults: SequenceFaults,
  ) {}

  take(sequence: number): void {
    const key = sequenceKey(sequence, this.products);
    // The publisher starts after every client has subscribed, so the first one of a product is due too.
    const last = this.last.get(key) ?? key + 1 - this.products;
    if (sequence === last) this.faults.twice++;
    else if (sequence < last) this.faults.older++;
    else {
      this.faults.missing += (sequence - last) / this.products - 1;
      this.last.set(key, sequence);
    }
  }

  /** Whether the last message of each of these products is the newest one published (0: none was). */
  isUpToDate(keys: readonly number[], newest: readonly number[]): boolean {
    return keys.every((key) => (this.last.get(key) ?? 0) === (newest[key] ?? 0));
  }
}
