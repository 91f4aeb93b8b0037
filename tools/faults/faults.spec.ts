import * as fc from 'fast-check';
import { parseTimestamp } from '../../src/contract/timestamp.js';
import { collect, fakePrice, fakePrices, feedOf } from '../simulator/fake-messages.js';
import { FakeTimer } from '../simulator/fake-timer.js';
import type { FeedMessage, Stage } from '../simulator/feed-message.js';
import { MarketSimulator } from '../simulator/market-simulator.js';
import { Random } from '../simulator/random.js';
import { simulatedFeed } from '../simulator/simulated-feed.js';
import { closedMarket } from './closed-market.js';
import { type FaultOptions, withFaults } from './fault-options.js';
import { gaps } from './gaps.js';
import { redeliver } from './redeliver.js';
import { reorder } from './reorder.js';
import { setBackClock } from './set-back-clock.js';

const run = (stage: Stage, messages: readonly FeedMessage[]) => collect(stage(feedOf(messages)));
const timesOf = (messages: readonly FeedMessage[]) => messages.map(({ at }) => at);
const pricesOf = (messages: readonly FeedMessage[]) =>
  messages.map(({ data }) => (JSON.parse(data) as { price: number }).price);
const ofProduct = (messages: readonly FeedMessage[], product: string) =>
  messages.filter((message) => message.product === product);

/** Not from the platform's worker: no fault may touch it. */
const FOREIGN: FeedMessage = { at: 0, channel: 'other', data: 'not {json' };

describe('closedMarket', () => {
  it('publishes nothing while the market is closed, again and again', async () => {
    const open = await run(closedMarket({ openMs: 2000, closedMs: 3000 }), fakePrices(['NIFTY'], 10, 1000));
    expect(timesOf(open)).toEqual([0, 1000, 5000, 6000]);
  });
});

describe('gaps', () => {
  const stage = () => gaps({ everyMs: 10_000, forMs: 4000 }, new Random(7));
  const messages = fakePrices(['NIFTY', 'AAPL'], 1000, 500);

  it('leaves out each product for a while, and not all products at once', async () => {
    const left = await run(stage(), messages);
    const shown = (product: string) => timesOf(ofProduct(left, product));
    const pauses = (times: readonly number[]) =>
      times
        .slice(1)
        .map((at, i) => at - times[i]!)
        .filter((step) => step > 500);
    for (const product of ['NIFTY', 'AAPL']) {
      const lengths = pauses(shown(product));
      // 500 s hold about 36 rounds of 14 s.
      expect(lengths.length).toBeGreaterThan(25);
      expect(lengths.length).toBeLessThan(50);
      expect(Math.min(...lengths)).toBeGreaterThan(2000);
      expect(Math.max(...lengths)).toBeLessThanOrEqual(7000);
    }
    expect(shown('NIFTY')).not.toEqual(shown('AAPL'));
  });

  it('of a product do not depend on the other products', async () => {
    const both = ofProduct(await run(stage(), messages), 'NIFTY');
    expect(both).toEqual(await run(stage(), ofProduct(messages, 'NIFTY')));
  });
});

describe('setBackClock', () => {
  it('moves the times of all later messages back, in the message and in its entry of latest', async () => {
    const before = fakePrices(['NIFTY'], 3, 1000);
    const after = await run(setBackClock({ afterMs: 1000, byMs: 90_000.5 }), before);
    expect(after[0]).toEqual(before[0]);
    const micros = (text: string) => parseTimestamp((JSON.parse(text) as { timestamp: string }).timestamp)!;
    for (const i of [1, 2]) {
      expect(micros(before[i]!.data) - micros(after[i]!.data)).toBe(90_000_500);
      expect(micros(after[i]!.latest!.value)).toBe(micros(after[i]!.data));
      expect(after[i]).toMatchObject({ at: before[i]!.at, product: 'NIFTY' });
    }
  });
});

describe('reorder', () => {
  it('lets the next message of the same product overtake, and loses none', async () => {
    const messages = fakePrices(['NIFTY', 'AAPL'], 6, 1000);
    const out = await run(reorder(1, new Random(1)), messages);
    expect(pricesOf(ofProduct(out, 'NIFTY'))).toEqual([1000, 0, 3000, 2000, 5000, 4000]);
    expect(out).toHaveLength(messages.length);
    expect(timesOf(out)).toEqual([...timesOf(out)].sort((a, b) => a - b));
  });

  it('yields at the end what nothing has overtaken', async () => {
    const [nifty, aapl] = [fakePrice('NIFTY', 1), fakePrice('AAPL', 2)];
    expect(await run(reorder(1, new Random(1)), [nifty, aapl])).toEqual([{ ...nifty, at: 2 }, aapl]);
  });

  it('holds back about the share', async () => {
    const out = pricesOf(await run(reorder(0.2, new Random(1)), fakePrices(['NIFTY'], 5000, 1)));
    const late = out.filter((price, i) => i > 0 && price < out[i - 1]!);
    // A message that overtakes is not held back itself, so the share is 0.2 / 1.2.
    expect(late.length / out.length).toBeCloseTo(0.2 / 1.2, 1);
  });
});

describe('redeliver', () => {
  it('delivers about the share a second time, at once or a little later, and changes no order', async () => {
    const messages = fakePrices(['NIFTY', 'AAPL'], 3000, 1);
    const out = ofProduct(await run(redeliver(0.3, new Random(1)), messages), 'NIFTY');
    const seen = new Map<number, number>();
    const distances: number[] = [];
    let newest = -1;
    for (const price of pricesOf(out)) {
      seen.set(price, (seen.get(price) ?? 0) + 1);
      if (seen.get(price) === 1) expect(price).toBe(++newest);
      else distances.push(newest - price);
    }
    expect(newest).toBe(2999);
    expect(Math.max(...seen.values())).toBe(2);
    expect(distances.length / 3000).toBeCloseTo(0.3, 1);
    expect([...new Set(distances)].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe('faults', () => {
  it('do not touch messages that are not from the worker', async () => {
    const all = withFaults({ gaps: { everyMs: 1, forMs: 1 }, reorder: 1, redeliver: 1 }, 1);
    expect(await run(all, [FOREIGN, FOREIGN])).toEqual([FOREIGN, FOREIGN]);
  });

  it('that are not chosen cost nothing: the source itself is published', () => {
    const source = feedOf<FeedMessage>([]);
    expect(withFaults({}, 1)(source)).toBe(source);
  });

  const duration = fc.integer({ min: 100, max: 5000 });
  // Not fc.double, most of whose numbers are next to 0.
  const share = fc.integer({ min: 0, max: 10 }).map((tenths) => tenths / 10);
  const faults: fc.Arbitrary<FaultOptions> = fc.record(
    {
      closed: fc.record({ openMs: duration, closedMs: duration }),
      gaps: fc.record({ everyMs: duration, forMs: duration }),
      setBack: fc.record({ afterMs: duration, byMs: duration }),
      reorder: share,
      redeliver: share,
    },
    { requiredKeys: [] },
  );

  /** What a feed publishes in ten seconds. */
  async function published(options: FaultOptions, seed: number, quotedShare: number): Promise<FeedMessage[]> {
    const timer = new FakeTimer();
    const stop = new AbortController();
    const simulator = new MarketSimulator({
      products: ['NIFTY', 'AAPL'],
      strikes: 3,
      seed,
      quotedShare,
      clock: () => Date.UTC(2026, 10, 22) + timer.now(),
    });
    let ticks = 0;
    const ten = { tick: () => (++ticks === 20 && stop.abort(), simulator.tick()) };
    const feed = simulatedFeed(ten, { ticksPerSecond: 2, timer, signal: stop.signal });
    return collect(withFaults(options, seed)(feed));
  }

  it('and prices are the same for the same seed, whatever is combined', async () => {
    await fc.assert(
      fc.asyncProperty(faults, fc.nat(), share, async (options, seed, traded) => {
        const messages = await published(options, seed, traded);
        expect(messages).toEqual(await published(options, seed, traded));
        const times = timesOf(messages);
        expect(times).toEqual([...times].sort((a, b) => a - b));
      }),
      { numRuns: 50 },
    );
  });

  it('differ with another seed', async () => {
    const options: FaultOptions = { gaps: { everyMs: 1000, forMs: 1000 }, reorder: 0.5, redeliver: 0.5 };
    const one = pricesOf(
      ofProduct(await run(withFaults(options, 1), fakePrices(['NIFTY'], 99, 100)), 'NIFTY'),
    );
    const two = pricesOf(
      ofProduct(await run(withFaults(options, 2), fakePrices(['NIFTY'], 99, 100)), 'NIFTY'),
    );
    expect(one).not.toEqual(two);
  });
});
