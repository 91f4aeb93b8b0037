import type { MarketMessage } from './market-simulator.js';
import { MarketSimulator } from './market-simulator.js';
import { collect } from './fake-messages.js';
import { FakeTimer } from './fake-timer.js';
import { publishFeed } from './feed-message.js';
import { simulatedFeed } from './simulated-feed.js';

const TICK: MarketMessage = {
  channel: 'enriched:underlying',
  product: 'NIFTY',
  data: '{}',
  latest: { key: 'latest:underlying:NIFTY', value: '{}' },
};

/** Runs until `endMs` have passed, and spends `workMs` on each tick. */
async function run(
  ticksPerSecond: number,
  endMs: number,
  timer: FakeTimer,
  work: (tick: number) => void = () => {},
) {
  const stop = new AbortController();
  const end = timer.now() + endMs;
  let tick = 0;
  const sleep = timer.sleep.bind(timer);
  timer.sleep = async (ms, signal) => {
    await sleep(ms, signal);
    if (timer.now() >= end) stop.abort();
  };
  let skippedTicks = 0;
  const simulator = {
    tick: () => {
      work(++tick);
      // A loop that never sleeps must fail here instead of hanging.
      if (timer.now() >= 2 * end) stop.abort();
      return [TICK];
    },
  };
  const onSkipped = (ticks: number) => (skippedTicks += ticks);
  const feed = simulatedFeed(simulator, { ticksPerSecond, signal: stop.signal, onSkipped, timer });
  const messages = await publishFeed(feed, { publish: () => undefined });
  return { ticks: tick, messages, skippedTicks };
}

describe('simulatedFeed', () => {
  it('ticks at the rate, with the first tick at once', async () => {
    const timer = new FakeTimer();
    expect(await run(2, 3000, timer)).toEqual({ ticks: 6, messages: 6, skippedTicks: 0 });
    expect(timer.sleeps).toEqual([500, 500, 500, 500, 500, 500]);
  });

  it('keeps 400 ticks a second although every timer fires 4 ms late', async () => {
    const totals = await run(400, 10_000, new FakeTimer(4));
    expect(totals.skippedTicks).toBe(0);
    expect(Math.abs(totals.ticks - 4000)).toBeLessThanOrEqual(3);
  });

  it('skips ticks instead of sending a burst after a long pause', async () => {
    const timer = new FakeTimer();
    const totals = await run(100, 10_000, timer, (tick) => tick === 50 && timer.spend(5000));
    expect(Math.abs(totals.skippedTicks - 400)).toBeLessThanOrEqual(2);
    expect(Math.abs(totals.ticks - 600)).toBeLessThanOrEqual(2);
  });

  it('yields to the event loop while it catches up', async () => {
    const timer = new FakeTimer();
    await run(1000, 2000, timer, () => timer.spend(2));
    expect(timer.sleeps.filter((ms) => ms === 0).length).toBeGreaterThan(100);
  });

  it('gives each message the time at which its tick is due', async () => {
    const stop = new AbortController();
    const simulator = { tick: () => [TICK, TICK] };
    const options = { ticksPerSecond: 4, signal: stop.signal, timer: new FakeTimer(9) };
    const times: number[] = [];
    for await (const { at } of simulatedFeed(simulator, options)) {
      times.push(at);
      if (times.length === 6) stop.abort();
    }
    expect(times).toEqual([0, 0, 250, 250, 500, 500]);
  });

  it('ticks faster as soon as the market does', async () => {
    const stop = new AbortController();
    let ticks = 0;
    const simulator = {
      tick: () => (++ticks === 8 && stop.abort(), [TICK]),
      get pace() {
        return ticks > 2 ? 5 : 1;
      },
    };
    const options = { ticksPerSecond: 2, signal: stop.signal, timer: new FakeTimer(9) };
    const times = (await collect(simulatedFeed(simulator, options))).map(({ at }) => at);
    expect(times).toEqual([0, 500, 1000, 1100, 1200, 1300, 1400, 1500]);
  });

  it('writes the entry of a message before it publishes the message, and waits for a slow publisher', async () => {
    const stop = new AbortController();
    const simulator = new MarketSimulator({ products: ['NIFTY', 'AAPL'], seed: 1, expiries: ['2026-11-26'] });
    const seen: string[] = [];
    const publish = async (channel: string): Promise<void> => {
      await Promise.resolve();
      seen.push(channel);
      if (seen.length === 6) stop.abort();
    };
    const options = { ticksPerSecond: 10, signal: stop.signal, timer: new FakeTimer() };
    const feed = simulatedFeed(simulator, options);
    expect(await publishFeed(feed, { publish }, ({ key }) => void seen.push(key))).toBe(3);
    expect(seen).toEqual([
      'latest:underlying:NIFTY',
      'enriched:underlying',
      'latest:chain:NIFTY:2026-11-26',
      'enriched:option_chain',
      'latest:underlying:AAPL',
      'enriched:underlying',
    ]);
  });
});
