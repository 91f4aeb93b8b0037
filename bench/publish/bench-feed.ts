import { FeedChannel } from '../../src/feed/channels.js';
import { microsecondClock } from '../../tools/simulator/clock.js';
import { ProductMarket } from '../../tools/simulator/product-market.js';
import { Random } from '../../tools/simulator/random.js';
import { monotonicUs } from '../harness/monotonic.js';
import type { FeedPlan } from './publisher-methods.js';
import { SENT_FIELD, SEQUENCE_FIELD, sequenceKey } from './sequence.js';

/** The prices are the same in every run. */
const SEED = 20_261_122;

export interface FeedMessage {
  readonly channel: FeedChannel;
  readonly product: string;
  /**
   * A message as the platform's worker publishes it, plus the two fields of the benchmark. ASCII
   * only.
   */
  readonly data: string;
}

/** Messages of the platform's form from the simulator, with a number and the time of sending. */
export class BenchFeed {
  /** The number of the last message. */
  sequence = 0;
  private readonly markets: readonly ProductMarket[];

  constructor(private readonly plan: FeedPlan) {
    const random = new Random(SEED);
    const clock = microsecondClock();
    const settings = plan.chainBytes === undefined ? {} : { chainBytes: plan.chainBytes };
    this.markets = plan.products.map((product) => new ProductMarket(product, settings, random, clock));
  }

  next(): FeedMessage {
    const sequence = ++this.sequence;
    const market = this.markets[sequenceKey(sequence, this.markets.length)]!;
    const price = market.nextPrice();
    const message = this.plan.kind === 'underlying' ? price : market.chains()[0]!;
    // The clock is read last, because creating a chain takes milliseconds that must not count for
    // the server.
    const fields = `, "${SEQUENCE_FIELD}": ${sequence}, "${SENT_FIELD}": ${monotonicUs()}}`;
    return { ...message, data: message.data.slice(0, -1) + fields };
  }

  /** One price and one chain of each product, without the benchmark's fields. */
  latest(): FeedMessage[] {
    return this.markets.flatMap((market) => [market.nextPrice(), ...market.chains()]);
  }
}
