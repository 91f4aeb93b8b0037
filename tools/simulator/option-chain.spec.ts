import * as fc from 'fast-check';
import { valueStrike } from './black-scholes.js';
import { DEFAULT_PRODUCTS, instrumentOf, yearsToExpiry } from './instruments.js';
import { type Leg, type MarketState, OptionBook } from './option-chain.js';
import { Random } from './random.js';
import { CONDITIONS } from './scenarios.js';
import { StrikeGrid } from './strike-grid.js';

const NOW = Date.UTC(2026, 10, 22, 4, 43);
const EXPIRY = '2026-11-26';
/** The seconds between two chains. */
const SECONDS = 5;

function book({
  product = 'NIFTY',
  seed = 7,
  quotedShare = 1,
  expiry = EXPIRY,
  strikes = 21,
} = {}): OptionBook {
  const instrument = instrumentOf(product);
  const grid = new StrikeGrid(instrument.strikeStep, strikes);
  return new OptionBook(product, expiry, instrument, grid, new Random(seed), quotedShare);
}

const at = (spot: number, volatilityLevel = 1): MarketState => ({
  spot,
  volatilityLevel,
  conditions: CONDITIONS.normal,
});

/** Chains of a book whose price makes the given moves, as shares of it, one chain for each. */
function chainsOf(
  product: string,
  seed: number,
  moves: readonly number[],
  { strikes = 21, expiry = EXPIRY, conditions = CONDITIONS.normal } = {},
): { spot: number; calls: Leg[]; puts: Leg[] }[] {
  const options = book({ product, seed, expiry, strikes });
  let spot = instrumentOf(product).startPrice;
  return moves.map((move, i) => {
    spot = Math.round(spot * (1 + move) * 100) / 100;
    const state = { spot, volatilityLevel: 1, conditions };
    return { spot, ...options.quote(state, SECONDS, NOW + i * 1000 * SECONDS, `T${i}`) };
  });
}

/** Some market: a product, a seed, and moves of its price from chain to chain of up to 1 %. */
const markets = fc.record({
  product: fc.constantFrom(...DEFAULT_PRODUCTS, 'M&M'),
  seed: fc.nat(),
  moves: fc.array(
    fc.integer({ min: -100, max: 100 }).map((points) => points / 10_000),
    {
      minLength: 2,
      maxLength: 12,
    },
  ),
  settings: fc.record({
    strikes: fc.constantFrom(1, 5, 21, 101),
    expiry: fc.constantFrom('2026-11-22', EXPIRY, '2026-12-03', '2027-11-18'),
    conditions: fc.constantFrom(CONDITIONS.normal, CONDITIONS.fast),
  }),
});

/** Cheaper than `expect`, for millions of legs. */
function check(holds: boolean, leg: Leg, rule: string): void {
  if (!holds) throw new Error(`not ${rule}: ${JSON.stringify(leg)}`);
}

const middle = ({ bid, ask }: Leg) => (bid + ask) / 2;

describe('prices and Greeks', () => {
  it('keep put-call parity at every strike, within the tick of each quote', () => {
    fc.assert(
      fc.property(markets, ({ product, seed, moves, settings }) => {
        const tick = 1 / instrumentOf(product).ticksPerUnit;
        for (const { spot, calls, puts } of chainsOf(product, seed, moves, settings)) {
          for (const [i, call] of calls.entries()) {
            const parity = middle(call) - middle(puts[i]!) - (spot - call.strike);
            check(Math.abs(parity) <= tick + 1e-6, call, `within ${tick} of parity, but ${parity}`);
          }
        }
      }),
    );
  });

  it('have deltas of a call and its put that differ by 1, gamma, vega and theta with the right signs', () => {
    fc.assert(
      fc.property(markets, ({ product, seed, moves, settings }) => {
        for (const { calls, puts } of chainsOf(product, seed, moves, settings)) {
          for (const [i, call] of calls.entries()) {
            const put = puts[i]!;
            check(Math.abs(call.delta - put.delta - 1) < 1e-9, call, 'a delta that differs by 1');
            check(call.delta >= 0 && call.delta <= 1, call, 'a delta from 0 to 1');
            if (i > 0) check(call.delta <= calls[i - 1]!.delta, call, 'a delta that falls');
            for (const leg of [call, put]) {
              check(leg.gamma >= 0 && leg.vega >= 0 && leg.theta <= 0, leg, 'the right signs');
              check(leg.iv > 0.05 && leg.iv < 5, leg, 'a volatility');
            }
            const { gamma, vega, theta, iv } = call;
            const same = put.gamma === gamma && put.vega === vega && put.theta === theta && put.iv === iv;
            check(same, put, 'the Greeks of its call');
          }
        }
      }),
    );
  });

  it('follow from the published volatility, and are differences of the price', () => {
    const [{ spot, calls } = { spot: 0, calls: [] }] = chainsOf('NIFTY', 1, [0.001]);
    const years = yearsToExpiry(EXPIRY, NOW);
    for (const { strike, iv, delta, gamma, vega, theta, bid, ask } of calls) {
      const call = (s: number, v: number, t: number) => valueStrike(s, strike, v, t).call;
      const value = call(spot, iv, years);
      expect(value).toBeGreaterThanOrEqual(bid - 1e-9);
      expect(value).toBeLessThanOrEqual(ask + 1e-9);
      expect(delta).toBeCloseTo((call(spot + 1, iv, years) - call(spot - 1, iv, years)) / 2, 3);
      const bump = 20;
      const curvature = call(spot + bump, iv, years) - 2 * value + call(spot - bump, iv, years);
      expect(gamma).toBeCloseTo(curvature / bump ** 2, 4);
      expect(vega).toBeCloseTo((call(spot, iv + 0.005, years) - call(spot, iv - 0.005, years)) / 1, 1);
      // A tenth of a day, because theta itself changes within days of the expiry.
      expect(theta).toBeCloseTo((call(spot, iv, years - 0.1 / 365) - value) * 10, 0);
    }
  });

  it('stay finite on and after the day of expiry', () => {
    const { calls, puts } = book().quote(at(21_500), SECONDS, Date.UTC(2026, 11, 24), 'T');
    const numbers = [...calls, ...puts]
      .flatMap((each) => Object.values(each))
      .filter((v) => typeof v === 'number');
    expect(numbers.every(Number.isFinite)).toBe(true);
  });
});

describe('quotes', () => {
  it('contain the last price, on the grid of the exchange', () => {
    fc.assert(
      fc.property(markets, ({ product, seed, moves, settings }) => {
        const { ticksPerUnit } = instrumentOf(product);
        for (const { calls, puts } of chainsOf(product, seed, moves, settings)) {
          for (const leg of [...calls, ...puts]) {
            const { bid, last, ask } = leg;
            check(0 <= bid && bid <= last && last <= ask && bid < ask && last > 0, leg, 'in order');
            for (const price of [bid, last, ask]) {
              const ticks = price * ticksPerUnit;
              check(Math.abs(ticks - Math.round(ticks)) < 1e-6, leg, 'on the grid');
            }
          }
        }
      }),
    );
  });

  it('become wider away from the money: in points in the money, and in shares of the price out of it', () => {
    for (const product of ['NIFTY', 'SPY', 'TSLA']) {
      const [{ calls, puts } = { calls: [], puts: [] }] = chainsOf(product, 1, [0]);
      const points = ({ bid, ask }: Leg) => ask - bid;
      const share = (leg: Leg) => points(leg) / middle(leg);
      const [low, atm, high] = [0, 10, 20];
      expect(points(calls[low]!)).toBeGreaterThan(5 * points(calls[atm]!));
      expect(points(puts[high]!)).toBeGreaterThan(5 * points(puts[atm]!));
      expect(share(calls[high]!)).toBeGreaterThan(5 * share(calls[atm]!));
      expect(share(puts[low]!)).toBeGreaterThan(5 * share(puts[atm]!));
    }
  });

  it('are wider in a fast market', () => {
    const spread = (conditions = CONDITIONS.normal) => {
      const [{ calls } = { calls: [] }] = chainsOf('NIFTY', 1, [0], { conditions });
      return calls[10]!.ask - calls[10]!.bid;
    };
    expect(spread(CONDITIONS.fast)).toBeGreaterThan(1.5 * spread());
  });
});

describe('trades', () => {
  it('move last price, volume and open interest together, and volume only up', () => {
    fc.assert(
      fc.property(markets, ({ product, seed, moves, settings }) => {
        const known = new Map<string, Leg>();
        for (const { calls, puts } of chainsOf(product, seed, moves, settings)) {
          for (const leg of [...calls, ...puts]) {
            const before = known.get(leg.symbol);
            known.set(leg.symbol, leg);
            check(leg.open_interest >= 0, leg, 'held');
            if (!before) continue;
            const traded = leg.volume - before.volume;
            const opened = Math.abs(leg.open_interest - before.open_interest);
            check(traded >= 0, leg, 'rising in volume');
            check(opened <= traded, leg, 'opened by trades');
            check(traded > 0 || leg.last === before.last, leg, 'at its last price');
          }
        }
      }),
    );
  });

  it('are rare far from the money, and few are needed to make the open interest move', () => {
    const moves = Array.from({ length: 200 }, (_, i) => (i % 2 ? 0.0002 : -0.0002));
    const chains = chainsOf('AAPL', 3, moves);
    const trades = (type: 'calls' | 'puts', row: number) =>
      chains.filter((chain, i) => i > 0 && chain[type][row]!.volume > chains[i - 1]![type][row]!.volume)
        .length;
    expect(trades('calls', 10)).toBeGreaterThan(190);
    expect(trades('puts', 10)).toBeGreaterThan(190);
    for (const type of ['calls', 'puts'] as const)
      for (const row of [0, 20]) expect(trades(type, row)).toBeLessThan(20);
    const interest = chains.map(({ calls }) => calls[10]!.open_interest);
    expect(new Set(interest).size).toBeGreaterThan(100);
  });

  it('are all that changes the open interest of a chain: the money changes no strike', () => {
    const moves = Array.from({ length: 40 }, (_, i) => (i % 20 < 10 ? 0.001 : -0.001));
    const chains = chainsOf('NIFTY', 1, moves);
    const strikes = ({ calls }: { readonly calls: readonly Leg[] }) => calls.map(({ strike }) => strike);
    expect(new Set(chains.map(({ spot }) => Math.round(spot / 50))).size).toBeGreaterThan(3);
    for (const chain of chains) expect(strikes(chain)).toEqual(strikes(chains[0]!));
  });

  it('list the strikes around the first price of a new day', () => {
    const options = book({ strikes: 5 });
    const strikes = (spot: number, hours: number) =>
      options.quote(at(spot), 0, NOW + hours * 3_600_000, 'T').calls.map(({ strike }) => strike);
    expect(strikes(21_500, 0)).toEqual([21_400, 21_450, 21_500, 21_550, 21_600]);
    expect(strikes(21_700, 1)).toHaveLength(8);
    expect(strikes(21_700, 20)).toEqual([21_600, 21_650, 21_700, 21_750, 21_800]);
  });

  it('begin with a volume of 0 on a new day', () => {
    const options = book();
    const volume = (hours: number) => {
      const { calls } = options.quote(at(21_500), 0, NOW + hours * 3_600_000, 'T');
      return calls.reduce((sum, leg) => sum + leg.volume, 0);
    };
    expect(volume(0)).toBeGreaterThan(100_000);
    expect(volume(10)).toBeGreaterThan(100_000);
    const fresh = volume(20);
    expect(fresh).toBeLessThan(2000);
    // The clock was set back: that does not end the day again.
    expect(volume(10)).toBeGreaterThanOrEqual(fresh);
  });

  it('are found where most contracts are open: out of the money, and at round strikes', () => {
    const [{ spot, calls, puts } = { spot: 0, calls: [], puts: [] }] = chainsOf('NIFTY', 1, [0]);
    const total = (legs: readonly Leg[]) => legs.reduce((sum, leg) => sum + leg.open_interest, 0);
    const above = (leg: Leg) => leg.strike > spot;
    const below = (leg: Leg) => leg.strike < spot;
    expect(total(calls.filter(above))).toBeGreaterThan(1.5 * total(calls.filter(below)));
    expect(total(puts.filter(below))).toBeGreaterThan(1.5 * total(puts.filter(above)));
  });
});

describe('the volatility', () => {
  it('has a smile with a skew, and a term structure', () => {
    const smile = (expiry: string, level: number) => {
      const { calls } = book({ seed: 1, expiry, strikes: 61 }).quote(at(21_500, level), SECONDS, NOW, 'T');
      return [calls[0]!.iv, calls[30]!.iv, calls[60]!.iv] as const;
    };
    const [low, middle, high] = smile(EXPIRY, 1);
    expect(low).toBeGreaterThan(1.2 * middle);
    expect(high).toBeGreaterThan(1.01 * middle);
    expect(low).toBeGreaterThan(high);
    expect(smile('2026-12-31', 1)[1]).toBeGreaterThan(middle);
    expect(smile('2026-12-31', 1.6)[1]).toBeLessThan(smile(EXPIRY, 1.6)[1]);
  });
});

describe('OptionBook', () => {
  it('names options as the platform does', () => {
    const { calls, puts } = book({ strikes: 1 }).quote(at(21_000), SECONDS, NOW, 'T');
    expect(calls[0]).toMatchObject({ symbol: 'NIFTY20261126C21000', option_type: 'CALL', strike: 21_000 });
    expect(puts[0]).toMatchObject({ symbol: 'NIFTY20261126P21000', option_type: 'PUT', strike: 21_000 });
  });

  it('moves only the options that are quoted again, about the given share of them', () => {
    const options = book({ quotedShare: 0.2 });
    const chain = (n: number) => {
      const { calls, puts } = options.quote(at(21_500 + n / 10), SECONDS, NOW, `T${n}`);
      return [...calls, ...puts];
    };
    let before = chain(0);
    let quoted = 0;
    for (let n = 1; n <= 100; n++) {
      const after = chain(n);
      for (const [i, leg] of after.entries()) {
        if (leg.timestamp === `T${n}`) quoted++;
        else expect(leg).toEqual(before[i]);
      }
      before = after;
    }
    expect(quoted / 4200).toBeCloseTo(0.2, 1);
  });

  it('opens with every option, even if none is quoted again', () => {
    const options = book({ quotedShare: 0, strikes: 3 });
    const first = options.quote(at(21_500), SECONDS, NOW, 'T1');
    expect(first.calls).toHaveLength(3);
    expect(options.quote(at(21_510), SECONDS, NOW, 'T2')).toEqual(first);
  });

  it('forgets strikes outside the chain when there are thousands', () => {
    const options = book({ strikes: 500 });
    for (let spot = 21_500; spot < 21_500 + 50 * 2500; spot += 50 * 500) {
      options.quote(at(spot), SECONDS, NOW, 'T');
    }
    expect((options as unknown as { strikes: Map<number, unknown> }).strikes.size).toBeLessThanOrEqual(2000);
  });
});
