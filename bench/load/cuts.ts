import { Random } from '../../tools/simulator/random.js';
import type { CutPlan } from './load-methods.js';

/** The same times in every run. */
const SEED = 5;

/** A client that can lose its connection. */
export interface Cuttable {
  cut(): void;
  open(): void;
}

/**
 * Cuts the connection of each client at random times, between half and one and a half of `everyMs`
 * after it last connected, and lets it connect again after `offlineMs`.
 */
export class Cuts {
  /** How many there were. */
  count = 0;
  private readonly random = new Random(SEED);
  /** The next cut of each client that is not offline. Undefined after `stop`. */
  private next: Map<Cuttable, NodeJS.Timeout> | undefined = new Map();

  constructor(private readonly plan: CutPlan) {}

  start(clients: readonly Cuttable[]): void {
    // The first cut of a client comes at any time, as if its connection were of any age.
    for (const client of clients) this.cutAfter(this.random.between(0, this.plan.everyMs), client);
  }

  /** No more cuts. The clients that are offline still connect again. */
  stop(): void {
    for (const timer of this.next?.values() ?? []) clearTimeout(timer);
    this.next = undefined;
  }

  private cutAfter(ms: number, client: Cuttable): void {
    this.next?.set(
      client,
      setTimeout(() => this.cut(client), ms),
    );
  }

  private cut(client: Cuttable): void {
    this.count++;
    client.cut();
    setTimeout(() => {
      client.open();
      if (this.next) this.cutAfter(this.plan.everyMs * this.random.between(0.5, 1.5), client);
    }, this.plan.offlineMs);
  }
}
