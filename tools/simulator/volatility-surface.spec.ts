import * as fc from 'fast-check';
import { valueStrike } from './black-scholes.js';
import { impliedVolatility, moneyness, smileOf } from './volatility-surface.js';

it('leaves no arbitrage between strikes: calls fall and are convex', () => {
  const surfaces = fc.record({
    longRun: fc.integer({ min: 10, max: 60 }).map((points) => points / 100),
    level: fc.integer({ min: 5, max: 30 }).map((tenths) => tenths / 10),
    days: fc.integer({ min: 1, max: 400 }),
  });
  fc.assert(
    fc.property(surfaces, ({ longRun, level, days }) => {
      const years = days / 365;
      const smile = smileOf(longRun, level, years);
      const call = (strike: number) =>
        valueStrike(1000, strike, impliedVolatility(smile, moneyness(1000, strike, smile)), years).call;
      for (let strike = 700; strike <= 1400; strike += 10) {
        const [low, middle, high] = [call(strike - 10), call(strike), call(strike + 10)];
        // The normal distribution is exact to seven digits.
        expect(middle).toBeLessThan(low + 1e-3);
        expect(low - 2 * middle + high).toBeGreaterThan(-1e-3);
      }
    }),
  );
});

it('is lowest a little above the money', () => {
  const smile = smileOf(0.2, 1, 10 / 365);
  const at = (distance: number) => impliedVolatility(smile, distance);
  expect(at(0)).toBeCloseTo(smile.atTheMoney, 9);
  expect(at(1)).toBeLessThan(at(0));
  expect(at(-2)).toBeGreaterThan(at(0));
  expect(at(5)).toBeGreaterThan(at(2));
  expect(at(-5)).toBeGreaterThan(at(5));
  expect(at(-100)).toBeGreaterThan(at(-8));
  expect(at(-100)).toBeLessThan(3 * at(0));
});

it('rises with the time to expiry in a quiet market, and falls in a fast one', () => {
  const at = (level: number, days: number) => smileOf(0.2, level, days / 365).atTheMoney;
  expect(at(1, 4)).toBeLessThan(at(1, 60));
  expect(at(1.6, 4)).toBeGreaterThan(at(1.6, 60));
  expect(at(1.6, 2000)).toBeCloseTo(0.2, 2);
});
