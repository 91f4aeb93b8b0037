import * as fc from 'fast-check';
import { MAX_STRIKES, StrikeGrid } from './strike-grid.js';

const edges = (strikes: readonly number[]) => [strikes[0], strikes.at(-1), strikes.length];

describe('StrikeGrid', () => {
  it('opens with the strike nearest to the price in the middle', () => {
    expect(new StrikeGrid(50, 5).at(21_502.24)).toEqual([21_400, 21_450, 21_500, 21_550, 21_600]);
  });

  it('never reaches zero, however long it is', () => {
    const grid = new StrikeGrid(5, 6);
    expect(grid.at(12)).toEqual([5, 10, 15, 20, 25, 30]);
    expect(grid.at(0.01)).toEqual([5, 10, 15, 20, 25, 30]);
  });

  it('stays the same while the money is at least five strikes from its edges', () => {
    const grid = new StrikeGrid(50, 41);
    const opening = grid.at(21_500);
    expect(edges(opening)).toEqual([20_500, 22_500, 41]);
    for (const spot of [21_526, 22_250, 20_750]) expect(grid.at(spot)).toBe(opening);
  });

  it('is extended at the edge that the money comes close to, and keeps its other strikes', () => {
    const grid = new StrikeGrid(50, 41);
    grid.at(21_500);
    expect(edges(grid.at(22_300))).toEqual([20_500, 22_550, 42]);
    expect(edges(grid.at(20_700))).toEqual([20_450, 22_550, 43]);
    expect(edges(grid.at(23_000))).toEqual([20_450, 23_250, 57]);
  });

  it('begins around the money again when it is opened again', () => {
    const grid = new StrikeGrid(50, 5);
    grid.at(21_500);
    grid.reopen();
    expect(grid.at(30_000)).toEqual([29_900, 29_950, 30_000, 30_050, 30_100]);
  });

  it('contains the money and only gains strikes, up to the most that are listed', () => {
    const spots = fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(spots, fc.integer({ min: 1, max: MAX_STRIKES }), (prices, count) => {
        const grid = new StrikeGrid(50, count);
        let before: readonly number[] = [];
        for (const spot of prices) {
          const strikes = grid.at(spot);
          expect(strikes).toContain(Math.max(1, Math.round(spot / 50)) * 50);
          expect(strikes.length).toBeLessThanOrEqual(MAX_STRIKES);
          expect(strikes.every((strike, i) => i === 0 || strike === strikes[i - 1]! + 50)).toBe(true);
          if (strikes.length < MAX_STRIKES && before.length > 0) {
            expect(strikes[0]).toBeLessThanOrEqual(before[0]!);
            expect(strikes.at(-1)).toBeGreaterThanOrEqual(before.at(-1)!);
          }
          before = strikes;
        }
      }),
      { numRuns: 50 },
    );
  });
});
