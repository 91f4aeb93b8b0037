import { instrumentOf } from './instruments.js';
import { Random } from './random.js';
import { type Conditions, CONDITIONS } from './scenarios.js';
import { UnderlyingProcess } from './underlying-process.js';

function processOf(product: string, seed: number): UnderlyingProcess {
  const market = new Random(seed);
  return new UnderlyingProcess(instrumentOf(product), market.fork(product), market);
}

/** Log returns of each second. */
function returns(process: UnderlyingProcess, seconds: number, conditions: Conditions): number[] {
  return Array.from({ length: seconds }, () => {
    const before = process.price;
    process.advance(1, conditions);
    return Math.log(process.price / before);
  });
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const deviation = (values: readonly number[]) =>
  Math.sqrt(sum(values.map((value) => value ** 2)) / values.length);

function correlation(a: readonly number[], b: readonly number[]): number {
  return sum(a.map((value, i) => value * b[i]!)) / (a.length * deviation(a) * deviation(b));
}

it('moves products of a region together, and others by themselves', () => {
  const of = (product: string) => returns(processOf(product, 5), 4000, CONDITIONS.normal);
  const nifty = of('NIFTY');
  expect(correlation(nifty, of('BANKNIFTY'))).toBeCloseTo(0.7, 1);
  expect(Math.abs(correlation(nifty, of('SPY')))).toBeLessThan(0.06);
  expect(Math.abs(correlation(nifty, of('M&M')))).toBeLessThan(0.06);
});

it('follows a trend in one direction for the whole market, up to about 3 %', () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const runs = ['NIFTY', 'AAPL', 'M&M'].map((product) => {
      const process = processOf(product, seed);
      const early = sum(returns(process, 600, CONDITIONS.trend));
      return { early, late: early + sum(returns(process, 20_000, CONDITIONS.trend)) };
    });
    const direction = Math.sign(runs[0]!.early);
    for (const { early, late } of runs) {
      expect(early * direction).toBeGreaterThan(0.004);
      expect(late * direction).toBeGreaterThan(0.015);
      expect(late * direction).toBeLessThan(0.07);
    }
  }
});

it('moves three times as much in a fast market, and implies more', () => {
  const process = processOf('NIFTY', 5);
  const normal = deviation(returns(process, 2000, CONDITIONS.normal));
  const quiet = process.volatilityLevel;
  expect(quiet).toBeGreaterThan(0.9);
  expect(quiet).toBeLessThan(1.1);
  expect(deviation(returns(process, 2000, CONDITIONS.fast)) / normal).toBeCloseTo(3, 0);
  expect(process.volatilityLevel).toBeGreaterThan(1.4);
  returns(process, 600, CONDITIONS.normal);
  expect(process.volatilityLevel).toBeLessThan(1.1);
});

it('implies more when the price falls', () => {
  const process = processOf('NIFTY', 5);
  const [prices, levels]: [number[], number[]] = [[], []];
  for (let i = 0; i < 2000; i++) {
    const { price, volatilityLevel } = process;
    process.advance(1, CONDITIONS.normal);
    prices.push(Math.log(process.price / price));
    levels.push(Math.log(process.volatilityLevel / volatilityLevel));
  }
  expect(correlation(prices, levels)).toBeLessThan(-0.5);
});

it('has the same volatility at any rate', () => {
  const process = processOf('NIFTY', 5);
  const seconds = Array.from({ length: 500 }, () => {
    const before = process.price;
    for (let i = 0; i < 50; i++) process.advance(1 / 50, CONDITIONS.normal);
    return Math.log(process.price / before);
  });
  const whole = deviation(returns(processOf('NIFTY', 6), 500, CONDITIONS.normal));
  expect(deviation(seconds) / whole).toBeGreaterThan(0.85);
  expect(deviation(seconds) / whole).toBeLessThan(1.15);
});

it('jumps when trading resumes', () => {
  const gaps = Array.from({ length: 50 }, (_, seed) => {
    const process = processOf('NIFTY', seed);
    const before = process.price;
    process.reopen();
    return Math.log(process.price / before);
  });
  expect(deviation(gaps)).toBeGreaterThan(0.002);
});
