import { loadConfig } from '../../src/config/gateway-config.js';
import { parsePortfolio } from '../../src/portfolio/portfolio-message.js';
import type { FeedMessage } from './feed-message.js';
import { MarketSimulator } from './market-simulator.js';
import { withPortfolios } from './portfolios.js';

const USERS = ['user-1', 'ann@example.com', '42'];

interface Portfolio {
  readonly user_id: string;
  readonly positions: readonly {
    readonly symbol: string;
    readonly quantity: number;
    readonly average_price: number;
    readonly last_price: number;
    readonly pnl: number;
  }[];
  readonly total_pnl: number;
}

/** The messages of some ticks of a simulated market. */
async function simulate(users: readonly string[], ticks = 5): Promise<FeedMessage[]> {
  const simulator = new MarketSimulator({ seed: 7 });
  async function* market(): AsyncGenerator<FeedMessage> {
    for (let tick = 0; tick < ticks; tick++) {
      await Promise.resolve();
      for (const message of simulator.tick()) yield { ...message, at: tick * 1_000 };
    }
  }
  const messages: FeedMessage[] = [];
  for await (const message of withPortfolios(users, simulator.products, 7)(market())) messages.push(message);
  return messages;
}

it('publishes a portfolio of each user after each tick, which the gateway accepts and which adds up', async () => {
  const messages = await simulate(USERS);
  for (const user of USERS) {
    const own = messages.filter(({ channel }) => channel === `enriched:portfolio:${user}`);
    expect(own).toHaveLength(4);
    let time = 0;
    for (const { data, latest, at } of own) {
      expect(latest).toEqual({ key: `latest:portfolio:${user}`, value: data });
      const parsed = parsePortfolio(user, data, loadConfig({}).feedRules);
      expect(parsed.time).toBeGreaterThan(time);
      ({ time } = parsed);
      const { positions, total_pnl } = JSON.parse(data) as Portfolio;
      expect(positions.length).toBeGreaterThan(0);
      const prices = new Map(
        messages.flatMap((message) =>
          message.channel === 'enriched:underlying' && message.at <= at
            ? [[message.product, (JSON.parse(message.data) as { price: number }).price] as const]
            : [],
        ),
      );
      for (const { symbol, quantity, average_price, last_price, pnl } of positions) {
        expect(last_price).toBe(prices.get(symbol));
        expect(pnl).toBeCloseTo((last_price - average_price) * quantity, 1);
      }
      expect(total_pnl).toBeCloseTo(
        positions.reduce((sum, { pnl }) => sum + pnl, 0),
        1,
      );
    }
    expect((JSON.parse(own[3]!.data) as Portfolio).total_pnl).not.toBe(0);
  }
});

it('leaves a market without users as it is', async () => {
  expect((await simulate([])).map(({ channel }) => channel)).not.toContain(
    expect.stringContaining('portfolio'),
  );
});
