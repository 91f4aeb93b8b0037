import { instrumentOf } from './instruments.js';
import { analyse, type Leg, maxPain, OptionBook, strikeLadder } from './option-chain.js';
import { Random } from './random.js';

const NOW = Date.UTC(2026, 10, 22, 4, 43);

function book(product = 'NIFTY'): OptionBook {
  return new OptionBook(product, '2026-11-26', instrumentOf(product), new Random(7));
}

function leg(strike: number, interest: number, last = 1, volume = 1): Leg {
  const [model] = book().quote(strike, 1, NOW, 'T').calls;
  return { ...model!, strike, open_interest: interest, last, volume };
}

describe('strikeLadder', () => {
  it('puts the strike nearest to the price in the middle', () => {
    expect(strikeLadder(21_502.24, 50, 5)).toEqual([21_400, 21_450, 21_500, 21_550, 21_600]);
  });

  it('never reaches zero, however long it is', () => {
    expect(strikeLadder(12, 5, 6)).toEqual([5, 10, 15, 20, 25, 30]);
  });
});

describe('OptionBook', () => {
  it('names options as the platform does', () => {
    const { calls, puts } = book().quote(21_000, 1, NOW, 'T');
    expect(calls[0]).toMatchObject({ symbol: 'NIFTY20261126C21000', option_type: 'CALL', strike: 21_000 });
    expect(puts[0]).toMatchObject({ symbol: 'NIFTY20261126P21000', option_type: 'PUT', strike: 21_000 });
  });

  it('quotes plausible prices and greeks', () => {
    const { calls, puts } = book().quote(21_502.24, 21, NOW, 'T');
    for (const [i, call] of calls.entries()) {
      const put = puts[i]!;
      for (const { bid, last, ask } of [call, put]) {
        expect(bid).toBeLessThanOrEqual(last);
        expect(ask).toBeGreaterThanOrEqual(last);
        expect(last).toBeGreaterThanOrEqual(0.05);
      }
      expect(call.delta - put.delta).toBeCloseTo(1, 3);
      expect(call.last - put.last).toBeCloseTo(21_502.24 - call.strike, 0);
      expect(call.iv).toBeGreaterThan(0.05);
      expect(call.theta).toBeLessThanOrEqual(0);
      if (i > 0) expect(call.last).toBeLessThan(calls[i - 1]!.last);
    }
  });

  it('stays finite on and after the day of expiry', () => {
    const { calls, puts } = book().quote(21_500, 21, Date.UTC(2026, 11, 24), 'T');
    const numbers = [...calls, ...puts]
      .flatMap((each) => Object.values(each))
      .filter((v) => typeof v === 'number');
    expect(numbers.every(Number.isFinite)).toBe(true);
  });

  it('moves only the options that traded, about the given share of them', () => {
    const options = new OptionBook('NIFTY', '2026-11-26', instrumentOf('NIFTY'), new Random(7), 0.2);
    const chain = (n: number) => {
      const { calls, puts } = options.quote(21_500 + n / 10, 21, NOW, `T${n}`);
      return [...calls, ...puts];
    };
    let before = chain(0);
    let traded = 0;
    for (let n = 1; n <= 100; n++) {
      const after = chain(n);
      for (const [i, leg] of after.entries()) {
        if (leg.timestamp === `T${n}`) traded++;
        else expect(leg).toEqual(before[i]);
      }
      before = after;
    }
    expect(traded / 4200).toBeCloseTo(0.2, 1);
  });

  it('opens with every option, even if none trades', () => {
    const options = new OptionBook('NIFTY', '2026-11-26', instrumentOf('NIFTY'), new Random(7), 0);
    const first = options.quote(21_500, 3, NOW, 'T1');
    expect(first.calls).toHaveLength(3);
    expect(options.quote(21_510, 3, NOW, 'T2')).toEqual(first);
  });

  it('keeps open interest and volume from chain to chain', () => {
    const options = book();
    const [before] = options.quote(21_500, 1, NOW, 'T').calls;
    const [after] = options.quote(21_500, 1, NOW, 'T').calls;
    expect(after!.volume).toBeGreaterThanOrEqual(before!.volume);
    expect(Math.abs(after!.open_interest - before!.open_interest)).toBeLessThanOrEqual(500);
  });
});

describe('analyse', () => {
  const calls = [leg(100, 1000, 12, 10), leg(110, 3000, 5, 20), leg(120, 2000, 2, 30)];
  const puts = [leg(100, 4000, 1, 40), leg(110, 500, 4, 50), leg(120, 1500, 11, 60)];

  it('computes the same figures as the worker', () => {
    expect(analyse(108, calls, puts)).toEqual({
      pcr_oi: 1,
      pcr_volume: 2.5,
      atm_strike: 110,
      atm_straddle_price: 9,
      max_pain_strike: 110,
      total_call_oi: 6000,
      total_put_oi: 6000,
      call_buildup_otm: 5000,
      put_buildup_otm: 4000,
    });
  });

  it('finds the strike that pays buyers least', () => {
    // At 100: puts pay 10*500 + 20*1500 = 35,000. At 110: calls 10,000, puts 15,000. At 120: calls
    // 20,000 + 30,000.
    expect(maxPain(calls, puts)).toBe(110);
  });
});
