import { Baseline } from './baseline.js';
import { chainView } from './chain-view.fixture.js';
import { COLUMNS } from './columns.js';
import { ladderOf, nearest, valueOf } from './ladder.js';

const column = (id: string) => COLUMNS.find((each) => each.id === id)!;

describe('ladderOf', () => {
  it('marks the money, max pain, the walls of open interest and the longest bar', () => {
    expect(ladderOf(chainView())).toMatchObject({
      atm: 1,
      maxPain: 2,
      firstAbove: 2,
      largestOi: 70,
      walls: { calls: 1, puts: 2 },
    });
  });

  it('takes the strike at the money that the platform names', () => {
    expect(ladderOf(chainView({ atm_strike: 110 })).atm).toBe(2);
    expect(ladderOf(chainView({ atm_strike: 94 })).atm).toBe(0);
    expect(ladderOf(chainView({ atm_strike: null })).atm).toBe(1);
  });

  it('has no max pain if the view does not have its strike', () => {
    expect(ladderOf(chainView({ max_pain_strike: 500 })).maxPain).toBe(-1);
  });

  it('needs no strikes, and no open interest', () => {
    const none = { last: [] };
    expect(ladderOf(chainView({ strikes: [], calls: none, puts: none }))).toMatchObject({
      atm: -1,
      maxPain: -1,
      firstAbove: 0,
      largestOi: 0,
      walls: { calls: -1, puts: -1 },
    });
  });

  it('has every strike below a price above all of them', () => {
    expect(ladderOf(chainView({ spot_price: 1_000 })).firstAbove).toBe(3);
  });
});

describe('valueOf', () => {
  const ladder = ladderOf(chainView());

  it('is what the feed sent, or null', () => {
    expect(valueOf(ladder, 'calls', 0, column('last'), undefined)).toBe(12.5);
    expect(valueOf(ladder, 'calls', 2, column('last'), undefined)).toBeNull();
    expect(valueOf(ladder, 'calls', 0, column('vega'), undefined)).toBeNull();
  });

  it('of a change is relative to the baseline', () => {
    const before = chainView({
      calls: { last: [10, 5.25, 1], open_interest: [4, 50, 1] },
      puts: { last: [null, null, 1], open_interest: [null, 30, 1] },
    });
    const baseline = Baseline.of(before);
    const changes = (side: 'calls' | 'puts', id: string) =>
      [0, 1, 2].map((index) => valueOf(ladder, side, index, column(id), baseline));
    expect(changes('calls', 'oi_change')).toEqual([6, -10, null]);
    expect(changes('calls', 'change')).toEqual([2.5, 0, null]);
    expect(changes('puts', 'oi_change')).toEqual([null, 0, 69]);
    expect(changes('puts', 'change')).toEqual([null, null, 10]);
  });

  it('of a change is null without a baseline', () => {
    expect(valueOf(ladder, 'calls', 0, column('oi_change'), undefined)).toBeNull();
  });
});

it('the nearest strike is the lower one of two', () => {
  expect(nearest([90, 100, 110], 105)).toBe(1);
  expect(nearest([], 105)).toBe(-1);
});
