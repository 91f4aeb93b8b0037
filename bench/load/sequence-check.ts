import { sequenceKey } from '../publish/sequence.js';

/** The failures of a sampled client since the count began. */
export interface SequenceFaults {
  /** Missing messages. */
  missing: number;
  /** Repeated messages. */
  twice: number;
  /** Older messages after a newer one of the same product. */
  older: number;
}

export function noFaults(): SequenceFaults {
  return { missing: 0, twice: 0, older: 0 };
}

/**
 * Follows one client's messages. The publisher numbers all messages and sends the products in turn,
 * so the numbers of a product's messages are `products` apart. Order is guaranteed only within a
 * product.
 */
export class SequenceCheck {
  /** Whether every message since the count began arrived once and in order. */
  isIntact = true;
  private readonly last = new Map<number, number>();

  /** @param products how many products the publisher sends in turn */
  constructor(
    private readonly products: number,
    private readonly faults: SequenceFaults,
  ) {}

  /** The count begins again. */
  restart(): void {
    this.isIntact = true;
  }

  take(sequence: number): void {
    const key = sequenceKey(sequence, this.products);
    // The publisher starts after every client has subscribed, so the first message of a product
    // must arrive too.
    const last = this.last.get(key) ?? key + 1 - this.products;
    if (sequence !== last + this.products) this.isIntact = false;
    if (sequence === last) this.faults.twice++;
    else if (sequence < last) this.faults.older++;
    else {
      this.faults.missing += (sequence - last) / this.products - 1;
      this.last.set(key, sequence);
    }
  }

  /**
   * Whether the last message of each of these products is the newest published one (0 if there was
   * none).
   */
  isUpToDate(keys: readonly number[], newest: readonly number[]): boolean {
    return keys.every((key) => (this.last.get(key) ?? 0) === (newest[key] ?? 0));
  }
}
