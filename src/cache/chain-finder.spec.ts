import { ManualClock } from '../../test/support/manual-clock.js';
import { waitFor } from '../../test/support/wait.js';
import { ChainFinder } from './chain-finder.js';

const SPY = ['latest:chain:SPY:2026-12-08', 'latest:chain:SPY:2026-12-01'];

function setUp() {
  const clock = new ManualClock();
  const stopping = new AbortController();
  const world = {
    clock,
    stopping,
    stored: ['latest:chain:SPY', ...SPY, 'latest:chain:QQQ:2026-12-01'],
    /** Ms that each scan takes. */
    scanMs: 0,
    /** If set, each scan waits for it. */
    gate: undefined as Promise<void> | undefined,
    broken: false,
    scans: [] as [readonly string[], number][],
    delivered: [] as (readonly string[])[],
    refused: 0,
    errors: [] as unknown[],
  };
  const store = {
    async *scan(prefixes: readonly string[], most: number) {
      world.scans.push([prefixes, most]);
      await world.gate;
      yield world.stored.slice(0, 2);
      clock.advance(world.scanMs);
      if (world.broken) throw new Error('away');
      yield world.stored.slice(1);
    },
  };
  const finder = new ChainFinder({
    clock,
    store,
    maxExamined: 500,
    signal: stopping.signal,
    deliver: (keys) => Promise.resolve(void world.delivered.push(keys)),
    onSearch: () => undefined,
    onRefused: () => world.refused++,
    onError: (error) => world.errors.push(error),
  });
  return { finder, world };
}

/** A promise that can be resolved from outside. */
function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

describe('ChainFinder', () => {
  it('finds all chains of a product with one bounded scan, nearest expiry first, each once', async () => {
    const { finder, world } = setUp();
    await finder.find('SPY');
    expect(world.scans).toEqual([[['latest:chain:'], 500]]);
    expect(world.delivered).toEqual([[...SPY].sort()]);
  });

  it('shares a scan among all who ask before it and during it', async () => {
    const { finder, world } = setUp();
    const { open, opened } = gate();
    world.gate = opened;
    const asked = [finder.find('SPY'), finder.find('NONE')];
    asked.push(finder.find('QQQ'), finder.find('SPY'));
    open();
    await Promise.all(asked);
    expect(world.scans).toHaveLength(1);
    expect(world.delivered).toEqual([[...SPY].sort(), ['latest:chain:QQQ:2026-12-01']]);
  });

  it('serves who asks during the rest from the keys of the scan', async () => {
    const { finder, world } = setUp();
    await finder.find('SPY');
    await Promise.all([finder.find('QQQ'), finder.find('QQQ')]);
    expect(world.scans).toHaveLength(1);
    expect(world.delivered.slice(1)).toEqual([['latest:chain:QQQ:2026-12-01']]);
  });

  it('scans again only after the rest, for the products that were not found', async () => {
    const { finder, world } = setUp();
    await finder.find('NEW');
    await finder.find('NEW'); // does not wait
    world.stored.push('latest:chain:NEW:2026-12-01');
    world.clock.advance(29_999);
    await new Promise(setImmediate);
    expect(world.scans).toHaveLength(1);
    world.clock.advance(1);
    await waitFor(() => world.delivered.length > 0);
    expect(world.scans).toHaveLength(2);
    expect(world.delivered).toEqual([['latest:chain:NEW:2026-12-01']]);
  });

  it('does not scan if nothing is asked for', async () => {
    const { finder, world } = setUp();
    await finder.find('SPY');
    world.clock.advance(100_000);
    await new Promise(setImmediate);
    expect(world.scans).toHaveLength(1);
    // What the scan found is too old now.
    await finder.find('QQQ');
    expect(world.scans).toHaveLength(2);
  });

  it('rests a hundred times as long as a slow scan took', async () => {
    const { finder, world } = setUp();
    world.scanMs = 900;
    await finder.find('NEW');
    await finder.find('NEW');
    world.clock.advance(89_999);
    await new Promise(setImmediate);
    expect(world.scans).toHaveLength(1);
    world.clock.advance(1);
    await waitFor(() => world.scans.length === 2);
  });

  it('keeps no one waiting for more than a second', async () => {
    const { finder, world } = setUp();
    const { open, opened } = gate();
    world.gate = opened;
    let isOver = false;
    const asked = finder.find('SPY').then(() => (isOver = true));
    world.clock.advance(999);
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    world.clock.advance(1);
    await asked;
    open();
    await waitFor(() => world.delivered.length === 1); // all the same
  });

  it('scans at once after an outage', async () => {
    const { finder, world } = setUp();
    await finder.find('NEW');
    world.stored.push('latest:chain:NEW:2026-12-01');
    finder.endRest();
    await new Promise(setImmediate);
    await finder.find('NEW');
    expect(world.delivered).toEqual([['latest:chain:NEW:2026-12-01']]);
  });

  it('uses what a scan found before it failed, and reports the error', async () => {
    const { finder, world } = setUp();
    world.broken = true;
    await finder.find('SPY');
    expect(world.errors).toEqual([new Error('away')]);
    expect(world.delivered).toEqual([[SPY[0]]]);
  });

  it('searches again after a failed scan for those who asked', async () => {
    const { finder, world } = setUp();
    world.broken = true;
    await finder.find('QQQ');
    expect(world.delivered).toEqual([]);
    world.broken = false;
    world.clock.advance(30_000);
    await new Promise(setImmediate);
    await waitFor(() => world.scans.length === 2);
    await waitFor(() => world.delivered.length === 1);
    expect(world.delivered).toEqual([['latest:chain:QQQ:2026-12-01']]);
    world.clock.advance(30_000);
    await new Promise(setImmediate);
    expect(world.scans).toHaveLength(2);
  });

  it('lets a thousand products wait, and refuses others', async () => {
    const { finder, world } = setUp();
    await finder.find('NONE');
    for (let n = 0; n < 1_010; n++) await finder.find(`NONE${n}`);
    expect(world.refused).toBe(10);
    await finder.find('NONE1');
    expect(world.refused).toBe(10);
  });

  it('ends when the service stops, and leaves no timer behind', async () => {
    const { finder, world } = setUp();
    await finder.find('SPY');
    await finder.find('NEW');
    expect(world.clock.pending).toBe(1);
    world.stopping.abort();
    await new Promise(setImmediate);
    expect(world.clock.pending).toBe(0);
    expect(world.scans).toHaveLength(1);
  });
});
