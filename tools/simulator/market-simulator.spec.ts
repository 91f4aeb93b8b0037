import type { ChainUpdate, OptionLeg, UnderlyingUpdate } from '../../src/contract/payloads.js';
import { parseTimestamp } from '../../src/contract/timestamp.js';
import { FeedChannel } from '../../src/feed/channels.js';
import { parseMessage } from '../../src/feed/parse-message.js';
import { nextThursdays } from './instruments.js';
import { type MarketMessage, MarketSimulator, type SimulatorOptions } from './market-simulator.js';
import { type Scenario, SCENARIOS } from './scenarios.js';

/** As published by the platform. The chain is reduced to the two legs at the money. */
const RECORDED = {
  underlying:
    '{"type": "UNDERLYING_ENRICHED", "product": "NIFTY", "price": 21502.24, "timestamp": "2026-11-22T04:43:39.333273", "processed_at": "2026-11-22T04:43:39.353886"}',
  chain:
    '{"product": "NIFTY", "expiry": "2026-11-26", "spot_price": 21502.24, "pcr_oi": 0.9464, "pcr_volume": 1.0259, "atm_strike": 21500.0, "atm_straddle_price": 449.33, "max_pain_strike": 21400.0, "total_call_oi": 1146062, "total_put_oi": 1084590, "call_buildup_otm": 489448, "put_buildup_otm": 635560, "calls": [{"symbol": "NIFTY20261126C21500", "product": "NIFTY", "strike": 21500.0, "expiry": "2026-11-26", "option_type": "CALL", "bid": 251.63, "ask": 258.67, "last": 255.15, "volume": 8594, "open_interest": 68457, "delta": 0.5, "gamma": 0.01, "vega": 19.4939, "theta": -85.0511, "iv": 0.2703, "timestamp": "2026-11-22T04:43:39.340722"}], "puts": [{"symbol": "NIFTY20261126P21500", "product": "NIFTY", "strike": 21500.0, "expiry": "2026-11-26", "option_type": "PUT", "bid": 191.5, "ask": 196.86, "last": 194.18, "volume": 8000, "open_interest": 43175, "delta": -0.5, "gamma": 0.01, "vega": 19.4939, "theta": -64.7264, "iv": 0.2491, "timestamp": "2026-11-22T04:43:39.340733"}], "timestamp": "2026-11-22T04:43:39.340966", "processed_at": "2026-11-22T04:43:39.355332"}',
};

/** 2026-11-22 is a Sunday. */
const NOW = Date.UTC(2026, 10, 22, 4, 43, 39);

function simulator(options: SimulatorOptions = {}): MarketSimulator {
  return new MarketSimulator({ seed: 42, clock: () => NOW, ...options });
}

function ticks(market: MarketSimulator, count: number): MarketMessage[] {
  return Array.from({ length: count }, () => market.tick()).flat();
}

const chainsOf = (messages: MarketMessage[]) => messages.filter((m) => m.channel === FeedChannel.optionChain);
const pricesOf = (messages: MarketMessage[]) => messages.filter((m) => m.channel === FeedChannel.underlying);

const priceOf = ({ data }: MarketMessage) => JSON.parse(data) as UnderlyingUpdate;
const chainOf = ({ data }: MarketMessage) => JSON.parse(data) as ChainUpdate;

/** Replaces every value by its Python type. Keys, their order and all separators remain. */
function shape(text: string): string {
  return text.replace(
    /"[^"]*"(:)?|-?\d+(\.\d+)?(e[+-]\d+)?/g,
    (token, key?: string, fraction?: string, exponent?: string) => {
      if (key) return token;
      if (!token.startsWith('"')) return fraction || exponent ? 'float' : 'int';
      if (/^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}"$/.test(token)) return 'timestamp';
      return /^"\d{4}-\d\d-\d\d"$/.test(token) ? 'date' : 'str';
    },
  );
}

describe("the simulator's messages", () => {
  const [price, chain] = simulator({ products: ['NIFTY'], strikes: 1 }).tick();

  it('have the fields, order, types and separators of a recorded price', () => {
    expect(shape(price!.data)).toBe(shape(RECORDED.underlying));
  });

  it('have the fields, order, types and separators of a recorded chain', () => {
    expect(shape(chain!.data)).toBe(shape(RECORDED.chain));
  });

  it('include the entry that the worker stores', () => {
    const { price: value, timestamp } = priceOf(price!);
    expect(price!.latest).toEqual({
      key: 'latest:underlying:NIFTY',
      value: `{"price": ${value}, "timestamp": "${timestamp}"}`,
    });
    expect(chain!.latest).toEqual({ key: 'latest:chain:NIFTY:2026-11-26', value: chain!.data });
  });

  it('contain whole prices as Python floats', () => {
    const [still] = simulator({ products: ['NIFTY'], volatility: 0 }).tick();
    expect(still!.data).toContain('"price": 21500.0,');
  });

  it('contain chains that match the price of their tick and their own legs', () => {
    const [price, chain] = simulator({ products: ['SPY'] }).tick();
    const { spot_price, calls, puts, pcr_oi } = chainOf(chain!);
    expect(spot_price).toBe(priceOf(price!).price);
    expect(calls.map((leg) => leg.strike)).toEqual(Array.from({ length: 21 }, (_, i) => 465 + i));
    const openInterest = (legs: readonly OptionLeg[]) =>
      legs.reduce((sum, leg) => sum + leg.open_interest!, 0);
    expect(pcr_oi).toBeCloseTo(openInterest(puts) / openInterest(calls), 4);
  });
});

describe('the rhythm of the feed', () => {
  it('has a price of every product per tick and its chains every fifth tick, staggered as recorded', () => {
    const market = simulator();
    const withChains = Array.from({ length: 10 }, () =>
      chainsOf(market.tick()).map((message) => message.product),
    );
    const round = [['NIFTY', 'TSLA'], ['FINNIFTY', 'QQQ'], ['AAPL'], ['BANKNIFTY', 'SPY'], ['SENSEX']];
    expect(withChains).toEqual([...round, ...round]);
    expect(pricesOf(market.tick()).map((message) => message.product)).toEqual(market.products);
  });

  it('staggers any number of products, also a multiple of five', () => {
    const messages = chainsOf(ticks(simulator({ products: ['A', 'B', 'C', 'D', 'E'] }), 5));
    expect(messages.map((message) => message.product).sort()).toEqual(['A', 'B', 'C', 'D', 'E']);
  });

  it('has one chain per expiry', () => {
    const messages = chainsOf(simulator({ products: ['NIFTY'], expiries: 3 }).tick());
    expect(messages.map((message) => chainOf(message).expiry)).toEqual([
      '2026-11-26',
      '2026-12-03',
      '2026-12-10',
    ]);
  });

  it('has explicit expiries, or moves on by itself after a Thursday', () => {
    let now = NOW;
    const fixed = simulator({ products: ['NIFTY'], expiries: ['2027-01-28'], clock: () => now });
    const rolling = simulator({ products: ['NIFTY'], clock: () => now });
    expect(chainsOf(fixed.tick())[0]!.latest.key).toBe('latest:chain:NIFTY:2027-01-28');
    expect(chainsOf(rolling.tick())[0]!.latest.key).toBe('latest:chain:NIFTY:2026-11-26');
    now += 5 * 86_400_000;
    expect(chainsOf(ticks(rolling, 5))[0]!.latest.key).toBe('latest:chain:NIFTY:2026-12-03');
  });

  it('counts a Thursday as its own expiry', () => {
    expect(nextThursdays(Date.UTC(2026, 10, 26, 23, 59), 2)).toEqual(['2026-11-26', '2026-12-03']);
  });

  it('has strictly increasing times for a product, even if the clock stops or goes back', () => {
    let now = NOW;
    const market = simulator({ products: ['NIFTY'], expiries: 2, clock: () => now });
    const messages = [...ticks(market, 20), ...((now -= 60_000), ticks(market, 20))].map(priceOf);
    const times = messages.flatMap((message) => [message.timestamp, message.processed_at]);
    const micros = times.map((time) => parseTimestamp(time)!);
    for (let i = 1; i < micros.length; i++) expect(micros[i]).toBeGreaterThan(micros[i - 1]!);
    expect(times[0]).toBe('2026-11-22T04:43:39.000000');
  });
});

describe('prices', () => {
  it('repeat with the same seed and differ with another', () => {
    const run = (seed: number) => ticks(simulator({ seed, expiries: 2 }), 7).map((message) => message.data);
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });

  it('do not depend on how many options are quoted again', () => {
    const prices = (quotedShare?: number) =>
      pricesOf(ticks(simulator({ quotedShare }), 7)).map((m) => priceOf(m).price);
    expect(prices(0.1)).toEqual(prices());
  });

  it('of a product depend neither on the other products nor on the size of its chains', () => {
    const spy = (options: SimulatorOptions) =>
      pricesOf(ticks(simulator(options), 12))
        .filter((m) => m.product === 'SPY')
        .map((m) => priceOf(m).price);
    expect(spy({})).toEqual(spy({ products: ['SPY', 'M&M'], strikes: 3 }));
  });

  it('follow a geometric Brownian motion with the requested volatility and no drift', () => {
    const market = simulator({ products: ['NIFTY'], strikes: 1, volatility: 0.001 });
    const prices = pricesOf(ticks(market, 20_000)).map((message) => priceOf(message).price);
    const returns = prices.slice(1).map((price, i) => Math.log(price / prices[i]!));
    const mean = returns.reduce((sum, r) => sum + r, 0) / returns.length;
    const deviation = Math.sqrt(returns.reduce((sum, r) => sum + (r - mean) ** 2, 0) / returns.length);
    expect(deviation).toBeGreaterThan(0.00097);
    expect(deviation).toBeLessThan(0.00103);
    // Four standard errors of the mean.
    expect(Math.abs(mean)).toBeLessThan(4 * (0.001 / Math.sqrt(returns.length)));
    expect(prices.every((price) => price > 0 && Math.abs(price * 100 - Math.round(price * 100)) < 1e-6)).toBe(
      true,
    );
  });

  it('start near the real ones, and at a plausible value for an unknown product', () => {
    const first = pricesOf(simulator({ products: ['NIFTY', 'AAPL', 'M&M'] }).tick()).map(
      (m) => priceOf(m).price,
    );
    for (const [i, start] of [21_500, 185, 1000].entries())
      expect(Math.abs(first[i]! / start - 1)).toBeLessThan(0.01);
  });
});

it('as many options trade late as early', () => {
  const market = simulator({ products: ['NIFTY'] });
  const volumes = chainsOf(ticks(market, 500)).map((message) =>
    chainOf(message).calls.reduce((sum, { volume }) => sum + volume!, 0),
  );
  const traded = (from: number) => volumes[from + 20]! - volumes[from]!;
  expect(traded(79) / traded(0)).toBeGreaterThan(0.5);
  expect(traded(79) / traded(0)).toBeLessThan(2);
});

describe('the size of a chain', () => {
  it('is that of the recording by default', () => {
    const [message] = chainsOf(simulator({ products: ['NIFTY'] }).tick());
    expect(message!.data.length).toBeGreaterThan(14_000);
    expect(message!.data.length).toBeLessThan(14_500);
  });

  it.each([5_000, 50_000, 100_000])('reaches about %i bytes for every product', (chainBytes) => {
    for (const { data } of chainsOf(ticks(simulator({ chainBytes }), 5))) {
      expect(Math.abs(data.length / chainBytes - 1)).toBeLessThan(chainBytes > 10_000 ? 0.02 : 0.08);
    }
  });
});

describe('a scenario', () => {
  it.each(SCENARIOS)(
    '%s has messages that the gateway takes as they are, the same for the same seed',
    (scenario) => {
      const run = (seed: number) =>
        ticks(simulator({ seed, scenario, expiries: 2, strikes: 5 }), 100).map(({ channel, data }) => {
          const message = parseMessage(channel, data, { maxSize: 100_000 });
          if (message.kind === 'chain') expect(message.repairs).toBeUndefined();
          return data;
        });
      const messages = run(1);
      expect(run(1)).toEqual(messages);
      expect(run(2)).not.toEqual(messages);
    },
  );

  it('fast has five times as many ticks, which move as much as their time allows', () => {
    const market = simulator({ scenario: 'fast', products: ['NIFTY'], strikes: 1 });
    expect(market.pace).toBe(5);
    const prices = pricesOf(ticks(market, 20_000)).map((message) => priceOf(message).price);
    const deviation = Math.sqrt(
      prices.slice(1).reduce((sum, price, i) => sum + Math.log(price / prices[i]!) ** 2, 0) / prices.length,
    );
    // Three times the volatility of a normal market, in a fifth of a second.
    const normal = (0.14 * 1.5) / Math.sqrt(252 * 6.5 * 3600);
    expect(deviation / ((3 * normal) / Math.sqrt(5))).toBeCloseTo(1, 1);
  });

  it('halt stops the messages of one product at a time, and the other products go on', () => {
    const market = simulator({ scenario: 'halt', strikes: 1 });
    const silent = Array.from({ length: 600 }, () => {
      const messages = market.tick();
      const here = new Set(messages.map(({ product }) => product));
      return market.products.filter((product) => !here.has(product));
    });
    expect(Math.max(...silent.map(({ length }) => length))).toBe(1);
    expect(silent[0]).toEqual([]);
    const halted = silent.flat();
    expect(new Set(halted).size).toBe(market.products.length);
    for (const product of market.products) {
      const seconds = halted.filter((other) => other === product).length;
      expect(seconds).toBeGreaterThanOrEqual(30);
    }
    const [first] = halted;
    const length = silent.findIndex(([product], i) => i > 6 && product !== first) - 5;
    expect(length).toBeGreaterThanOrEqual(28);
  });

  it('halt does not let options trade during a halt', () => {
    const market = simulator({ scenario: 'halt', products: ['NIFTY'] });
    const volumes = Array.from({ length: 60 }, () => {
      const [chain] = chainsOf(market.tick());
      return chain && chainOf(chain).calls.reduce((sum, { volume }) => sum + volume!, 0);
    });
    const steps = volumes.flatMap((volume, i) => (volume === undefined ? [] : [{ i, volume }]));
    const halt = steps.findIndex(({ i }, n) => n > 0 && i - steps[n - 1]!.i > 5);
    const traded = (n: number) => steps[n]!.volume - steps[n - 1]!.volume;
    expect(halt).toBeGreaterThan(0);
    // The chain after the halt contains only the trades of the ticks in which there was trade.
    expect(traded(halt)).toBeLessThan(3 * traded(halt + 1));
  });

  it('halt ends with a jump of the price', () => {
    const second = (0.14 * 1.5) / Math.sqrt(252 * 6.5 * 3600);
    const jumps = Array.from({ length: 40 }, (_, seed) => {
      const market = simulator({ seed, scenario: 'halt', products: ['NIFTY'], strikes: 1 });
      const prices = ticks(market, 55)
        .filter(({ channel }) => channel === FeedChannel.underlying)
        .map((message) => priceOf(message).price);
      // The first halt begins at the fifth tick.
      return Math.log(prices[4]! / prices[3]!) / second;
    });
    const deviation = Math.sqrt(jumps.reduce((sum, jump) => sum + jump ** 2, 0) / jumps.length);
    // Without a jump, about the root of the 38 seconds of a halt.
    expect(deviation).toBeGreaterThan(15);
  });

  it('can change at any time: prices go on from where they are, and a halt ends', () => {
    const market = simulator({ scenario: 'halt', volatility: 0, products: ['NIFTY', 'SPY'], strikes: 1 });
    const isWhole = () => pricesOf(market.tick()).length === 2;
    for (let tick = 0; isWhole(); tick++) expect(tick).toBeLessThan(10);
    market.play('fast');
    expect(market.scenario).toBe('fast');
    for (let tick = 0; tick < 300; tick++) expect(isWhole()).toBe(true);
    expect(pricesOf(market.tick()).map((message) => priceOf(message).price)).toEqual([21_500, 475]);
    market.play('halt');
    for (let tick = 0; isWhole(); tick++) expect(tick).toBeLessThan(10);
    market.play('normal');
    expect(market.pace).toBe(1);
    expect(isWhole()).toBe(true);
  });

  it('that is chosen again changes nothing', () => {
    const run = (again: boolean) => {
      const market = simulator({ scenario: 'halt', strikes: 1 });
      return Array.from({ length: 100 }, () => {
        if (again) market.play('halt');
        return market.tick().map(({ data }) => data);
      });
    };
    expect(run(true)).toEqual(run(false));
  });
});

it.each<[SimulatorOptions, string]>([
  [{ products: [] }, 'products must not be empty'],
  [{ products: ['NIFTY', 'NIFTY'] }, 'products must not name one twice'],
  [{ products: ['NIF:TY'] }, 'each of products must be 1 to 32 letters'],
  [{ expiries: 0 }, 'expiries must be a whole number from 1 to 52'],
  [{ expiries: ['2026-02-30'] }, 'each of expiries must be a date'],
  [{ strikes: 2.5 }, 'strikes must be a whole number'],
  [{ chainBytes: 200_000 }, 'chainBytes must be a whole number from 2000 to 102400'],
  [{ quotedShare: 1.5 }, 'quotedShare must be a number from 0 to 1'],
  [{ strikes: 3, chainBytes: 5000 }, 'exclude each other'],
  [{ scenario: 'slow' as Scenario }, 'scenario must be one of normal, trend, fast, halt'],
])('refuses %j', (options, problem) => {
  expect(() => simulator(options)).toThrow(problem);
});
