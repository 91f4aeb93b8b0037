import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { FeedChannel } from '../../src/feed/channels.js';
import { analyse, maxPain } from './chain-summary.js';
import type { Leg } from './option-chain.js';

const RECORDING = join(__dirname, '../../test/fixtures/deltastream-enriched-60s.jsonl.gz');

type RecordedChain = { readonly spot_price: number; readonly calls: Leg[]; readonly puts: Leg[] };

function recordedChains(): RecordedChain[] {
  return gunzipSync(readFileSync(RECORDING))
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { channel: string; data: string })
    .filter(({ channel }) => channel === FeedChannel.optionChain)
    .map(({ data }) => JSON.parse(data) as RecordedChain);
}

const MODEL: Leg = {
  symbol: 'X',
  product: 'X',
  strike: 100,
  expiry: '2026-11-26',
  option_type: 'CALL',
  ...{ bid: 1, ask: 1, last: 1, volume: 1, open_interest: 1 },
  ...{ delta: 0.5, gamma: 0.1, vega: 1, theta: -1, iv: 0.2 },
  timestamp: 'T',
};

function leg(strike: number, interest: number, last = 1, volume = 1): Leg {
  return { ...MODEL, strike, open_interest: interest, last, volume };
}

describe('analyse', () => {
  const calls = [leg(100, 1000, 12, 10), leg(110, 3000, 5, 20), leg(120, 2000, 2, 30)];
  const puts = [leg(100, 4000, 1, 40), leg(110, 500, 4, 50), leg(120, 1500, 11, 60)];

  it('computes every figure from the legs', () => {
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

  it('computes the figures of the platform for every recorded chain', () => {
    const chains = recordedChains();
    expect(chains).toHaveLength(95);
    for (const chain of chains) {
      expect(chain).toMatchObject(analyse(chain.spot_price, chain.calls, chain.puts));
    }
  });

  it('has ratios also for calls without open interest and volume', () => {
    expect(analyse(108, [leg(100, 0, 1, 0)], [leg(100, 5, 1, 5)])).toMatchObject({
      pcr_oi: 0,
      pcr_volume: 0,
    });
  });
});

describe('maxPain', () => {
  it('is the lower strike if two pay the same', () => {
    const held = [leg(100, 5), leg(110, 5)];
    expect(maxPain(held, held)).toBe(100);
  });

  it('finds the strike that pays buyers least', () => {
    const interest = fc.nat({ max: 100_000 });
    const strikes = fc.array(fc.tuple(interest, interest), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(strikes, fc.constantFrom(1, 2.5, 50), (interests, step) => {
        const calls = interests.map(([call], i) => leg(1000 + i * step, call));
        const puts = interests.map(([, put], i) => leg(1000 + i * step, put));
        const paidAt = (at: number) =>
          calls.reduce((sum, { strike, open_interest: oi }) => sum + Math.max(0, at - strike) * oi, 0) +
          puts.reduce((sum, { strike, open_interest: oi }) => sum + Math.max(0, strike - at) * oi, 0);
        const least = Math.min(...calls.map(({ strike }) => paidAt(strike)));
        const expected = calls.find(({ strike }) => paidAt(strike) === least)!.strike;
        expect(maxPain(calls, puts)).toBe(expected);
      }),
    );
  });
});
