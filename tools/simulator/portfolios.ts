import { FeedChannel } from '../../src/feed/channels.js';
import { portfolioChannel, portfolioKey } from '../../src/portfolio/portfolio-message.js';
import { type Clock, microsecondClock } from './clock.js';
import type { FeedMessage, Stage } from './feed-message.js';
import { pythonJsonWriter, pythonTimestamp } from './python-format.js';
import { Random } from './random.js';

const pythonJson = pythonJsonWriter(new Set(['average_price', 'last_price', 'pnl', 'total_pnl']));
/** A user holds a position in this share of the products, and in one at least. */
const HELD_SHARE = 0.4;
const MAX_LOTS = 20;
const LOT = 50;

interface Position {
  readonly product: string;
  /** Negative if it is sold short. */
  readonly quantity: number;
  /** Undefined until the product has its first price. */
  averagePrice: number | undefined;
}

/**
 * Adds the portfolios of users to a simulated market. Each user holds positions in some of the
 * products, from their first price on. After each tick, the portfolio of every user is published
 * with the new prices.
 */
export function withPortfolios(
  users: readonly string[],
  products: readonly string[],
  seed: number,
  clock: Clock = microsecondClock(),
): Stage {
  if (users.length === 0) return (messages) => messages;
  const random = new Random(seed);
  const books = users.map((user) => ({ user, positions: positionsOf(products, random.fork(user)) }));
  const prices = new Map<string, number>();
  let micros = 0;
  const now = (): string => pythonTimestamp((micros = Math.max(micros + 1, Math.floor(clock() * 1_000))));
  const portfolios = (at: number): FeedMessage[] =>
    books.map(({ user, positions }) => messageOf(user, positions, prices, at, now()));
  return async function* (messages) {
    let tick: number | undefined;
    for await (const message of messages) {
      if (tick !== undefined && message.at > tick) yield* portfolios(tick);
      tick = message.at;
      if (message.channel === FeedChannel.underlying && message.product !== undefined) {
        const { price } = JSON.parse(message.data) as { readonly price: number };
        prices.set(message.product, price);
      }
      yield message;
    }
  };
}

function positionsOf(products: readonly string[], random: Random): Position[] {
  const held = products.filter(() => random.next() < HELD_SHARE);
  return (held.length > 0 ? held : products.slice(0, 1)).map((product) => ({
    product,
    quantity: LOT * random.integer(1, MAX_LOTS) * (random.next() < 0.3 ? -1 : 1),
    averagePrice: undefined,
  }));
}

function messageOf(
  user: string,
  positions: readonly Position[],
  prices: ReadonlyMap<string, number>,
  at: number,
  timestamp: string,
): FeedMessage {
  const rows = positions.flatMap((position) => {
    const price = prices.get(position.product);
    if (price === undefined) return [];
    const average = (position.averagePrice ??= price);
    const pnl = toCents((price - average) * position.quantity);
    return [
      {
        symbol: position.product,
        quantity: position.quantity,
        average_price: average,
        last_price: price,
        pnl,
      },
    ];
  });
  const total = toCents(rows.reduce((sum, { pnl }) => sum + pnl, 0));
  const value = pythonJson({ user_id: user, timestamp, positions: rows, total_pnl: total });
  return { at, channel: portfolioChannel(user), data: value, latest: { key: portfolioKey(user), value } };
}

function toCents(value: number): number {
  return Math.round(value * 100) / 100;
}
