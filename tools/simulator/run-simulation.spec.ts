import type { MarketMessage } from './market-simulator.js';
import { MarketSimulator } from './market-simulator.js';
import { FakeTimer } from './fake-timer.js';
import { runSimulation } from './run-simulation.js';

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
  return runSimulation(
    {
      tick: () => {
        work(++tick);
        // A loop that never sleeps must fail here instead of hanging.
        if (timer.now() >= 2 * end) stop.abort();
        return [TICK];
      },
    },
    { publish: () => undefined },
    { ticksPerSecond, signal: stop.signal, timer },
  );
}

describe('runSimulation', () => {
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

  it('passes a tick to onTick before it publishes it, in order, and waits for a slow publisher', async () => {
    const stop = new AbortController();
    const simulator = new MarketSimulator({ products: ['NIFTY', 'AAPL'], seed: 1 });
    const seen: string[] = [];
    const publish = async (channel: string): Promise<void> => {
      await Promise.resolve();
      seen.push(channel);
      if (seen.length === 4) stop.abort();
    };
    const totals = await runSimulation(
      simulator,
      { publish },
      {
        ticksPerSecond: 10,
        signal: stop.signal,
        timer: new FakeTimer(),
        onTick: (messages) => void seen.push(`tick of ${messages.length}`),
      },
    );
    expect(seen).toEqual([
      'tick of 3',
      'enriched:underlying',
      'enriched:option_chain',
      'enriched:underlying',
    ]);
    expect(totals).toEqual({ ticks: 1, messages: 3, skippedTicks: 0 });
  });
});
