import type { ChainView, History, SocketClient } from '@deltastream/socket-client';
import { Baseline, BaselineStore } from './baseline.js';
import { BaselineFinder, type Timing } from './baseline-finder.js';
import { chainView } from './chain-view.fixture.js';

const EXPIRY = '2026-11-26';
const MINUTE = 60_000;

/** A gateway, and a page with one chain. */
class World implements Timing {
  private time = 0;
  private readonly timers = new Set<{ readonly at: number; readonly task: () => void }>();
  /** The timestamp of the opening that the gateway has kept. */
  opening: string | undefined;
  failing = false;
  newest = '2026-11-25T09:15:00';
  asked = 0;
  changes = 0;
  keepsHistory = true;
  marketStatus: () => void = () => undefined;
  readonly store = new BaselineStore(undefined, undefined);
  finder = this.open();
  private waiting: (() => void)[] | undefined;

  open(store = this.store): BaselineFinder {
    const client = {
      limits: { history_seconds: this.keepsHistory ? 3_600 : 0 },
      on: (_: string, listener: () => void) => {
        this.marketStatus = listener;
        return () => (this.marketStatus = () => undefined);
      },
      history: async () => {
        this.asked++;
        if (this.waiting) await new Promise<void>((resolve) => this.waiting!.push(resolve));
        if (this.failing) throw new Error('HISTORY_UNAVAILABLE');
        return this.page();
      },
      snapshot: () => {
        if (this.failing) return Promise.reject(new Error('no connection'));
        return Promise.resolve({ updates: [chainView({ timestamp: this.newest })] });
      },
    } as unknown as SocketClient;
    return (this.finder = new BaselineFinder(client, store, 'NIFTY', EXPIRY, () => this.changes++, this));
  }

  /** Holds the answers of the history back until the returned function is called. */
  hold(): () => void {
    this.waiting = [];
    return () => {
      for (const resolve of this.waiting ?? []) resolve();
      this.waiting = undefined;
    };
  }

  now(): number {
    return this.time;
  }

  after(ms: number, task: () => void): () => void {
    const timer = { at: this.time + ms, task };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  }

  get pending(): number {
    return this.timers.size;
  }

  async pass(ms: number): Promise<void> {
    for (const end = this.time + ms; this.time < end;) {
      this.time = Math.min(end, this.time + 1_000);
      for (const timer of this.timers) {
        if (timer.at > this.time) continue;
        this.timers.delete(timer);
        timer.task();
      }
      await settled();
    }
  }

  /** A chain arrives, some time after the one before. */
  async chain(timestamp: string, afterMs = 1_000): Promise<void> {
    await this.pass(afterMs);
    this.newest = timestamp;
    this.finder.follow({ timestamp } as ChainView);
    await settled();
  }

  get since(): string | undefined {
    return this.finder.baseline?.timestamp;
  }

  private page(): History {
    const columns = [
      'timestamp',
      'strike',
      'call_open_interest',
      'call_last',
      'put_open_interest',
      'put_last',
    ];
    const updates = this.opening === undefined ? [] : [[this.opening, 100, 1, 2, 3, 4]];
    return { columns, updates } as unknown as History;
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

it('takes the opening that the gateway has kept, and asks for it soon and then once a minute', async () => {
  const world = new World();
  world.opening = '2026-11-25T09:15:00';
  await world.chain('2026-11-25T12:00:00');
  expect([world.since, world.asked, world.changes]).toEqual(['2026-11-25T09:15:00', 1, 1]);
  for (let n = 0; n < 60; n++) await world.chain('2026-11-25T12:00:01');
  expect(world.asked).toBe(13);
  await world.pass(2 * MINUTE);
  const { asked } = world;
  await world.pass(10 * MINUTE);
  expect(world.asked).toBe(asked + 10);
});

it('follows the gateway into the next session, although it was asked too early', async () => {
  const world = new World();
  world.opening = '2026-11-24T09:15:00';
  await world.chain('2026-11-25T09:00:00');
  expect(world.since).toBe('2026-11-24T09:15:00');
  await world.chain('2026-11-25T09:14:59', 10 * MINUTE);
  world.marketStatus();
  // A chain of the moment before is still the newest one of the gateway.
  await world.chain('2026-11-25T09:14:59.8');
  expect(world.since).toBe('2026-11-24T09:15:00');
  world.opening = '2026-11-25T09:15:00';
  await world.chain('2026-11-25T09:15:06', 6_000);
  expect(world.since).toBe('2026-11-25T09:15:00');
});

it('takes the first chain of the day until the gateway has an opening', async () => {
  const world = new World();
  await world.chain('2026-11-25T09:15:00');
  expect(world.since).toBe('2026-11-25T09:15:00');
  await world.chain('2026-11-25T09:15:03', 6_000);
  expect(world.since).toBe('2026-11-25T09:15:00');
  world.opening = '2026-11-25T09:14:00';
  await world.chain('2026-11-25T09:15:20', 6_000);
  expect(world.since).toBe('2026-11-25T09:14:00');
});

it('takes the first chain of each day if the gateway keeps no history', async () => {
  const world = new World();
  world.keepsHistory = false;
  world.open();
  await world.chain('2026-11-25T09:15:00');
  await world.chain('2026-11-25T12:15:00', MINUTE);
  expect([world.since, world.asked]).toEqual(['2026-11-25T09:15:00', 0]);
  await world.chain('2026-11-26T09:15:00');
  expect(world.since).toBe('2026-11-26T09:15:00');
});

it('keeps what it has if the gateway cannot be asked', async () => {
  const world = new World();
  world.opening = '2026-11-25T09:15:00';
  await world.chain('2026-11-25T12:00:00');
  world.failing = true;
  world.marketStatus(); // The page has connected again.
  await world.chain('2026-11-25T12:10:00', 10 * MINUTE);
  expect(world.since).toBe('2026-11-25T09:15:00');
});

it('asks again if it could not, also if no further chain comes', async () => {
  const world = new World();
  world.failing = true;
  await world.chain('2026-11-25T12:00:00');
  expect(world.since).toBeUndefined();
  world.failing = false;
  world.opening = '2026-11-25T09:15:00';
  await world.pass(6_000);
  expect(world.since).toBe('2026-11-25T09:15:00');
});

it('asks again if a session may have begun while it was asking', async () => {
  const world = new World();
  world.opening = '2026-11-24T09:15:00';
  const release = world.hold();
  await world.chain('2026-11-25T09:15:00');
  world.marketStatus();
  release();
  await settled();
  world.opening = '2026-11-25T09:15:00';
  await world.pass(1_000);
  expect(world.since).toBe('2026-11-25T09:15:00');
});

it('works with a storage that throws', async () => {
  const fail = (): never => {
    throw new Error('forbidden');
  };
  const world = new World();
  const store = new BaselineStore(undefined, { getItem: fail } as unknown as Storage);
  world.open(store);
  await world.chain('2026-11-25T12:00:00');
  expect(world.since).toBeUndefined();
  world.opening = '2026-11-25T09:15:00';
  await world.pass(6_000);
  expect(world.since).toBe('2026-11-25T09:15:00');
});

describe('a chain that the reader chooses', () => {
  it('stays until another session begins', async () => {
    const world = new World();
    world.opening = '2026-11-25T22:00:00';
    await world.chain('2026-11-25T23:00:00');
    await world.finder.reset();
    expect(world.since).toBe('2026-11-25T23:00:00');
    await world.chain('2026-11-26T12:00:00', 10 * MINUTE);
    expect(world.since).toBe('2026-11-25T23:00:00');
    world.opening = '2026-11-26T22:00:00';
    world.marketStatus();
    await world.chain('2026-11-26T22:00:01');
    expect(world.since).toBe('2026-11-26T22:00:00');
  });

  it('stays if the gateway loses the opening', async () => {
    const world = new World();
    world.opening = '2026-11-25T09:15:00';
    await world.chain('2026-11-25T12:00:00');
    await world.finder.reset();
    world.opening = undefined;
    await world.chain('2026-11-25T13:00:00', 2 * MINUTE);
    expect(world.since).toBe('2026-11-25T12:00:00');
  });

  it('is the last one of several, also if the gateway answers another question meanwhile', async () => {
    const world = new World();
    world.opening = '2026-11-25T09:15:00';
    const release = world.hold();
    await world.chain('2026-11-25T12:00:00');
    const resets = [world.finder.reset()];
    world.newest = '2026-11-25T12:00:05';
    resets.push(world.finder.reset());
    release();
    await Promise.all(resets);
    await settled();
    expect(world.since).toBe('2026-11-25T12:00:05');
  });

  it('is not taken if the gateway cannot be asked, and can be chosen later', async () => {
    const world = new World();
    world.opening = '2026-11-25T09:15:00';
    await world.chain('2026-11-25T12:00:00');
    world.failing = true;
    await Promise.all([world.finder.reset(), world.finder.reset()]);
    expect(world.since).toBe('2026-11-25T09:15:00');
    world.failing = false;
    await world.finder.reset();
    expect(world.since).toBe('2026-11-25T12:00:00');
  });

  it('is remembered by the tab', async () => {
    const items = new Map<string, string>();
    const tab = { getItem: (key: string) => items.get(key) ?? null, setItem: items.set.bind(items) };
    const store = new BaselineStore(tab as unknown as Storage, undefined);
    const world = new World();
    world.open(store);
    world.opening = '2026-11-25T09:15:00';
    await world.chain('2026-11-25T12:00:00');
    await world.finder.reset();
    world.open(store);
    await world.chain('2026-11-25T13:00:00');
    expect(world.since).toBe('2026-11-25T12:00:00');
    expect(store.chosen('NIFTY', EXPIRY)).toEqual(
      Baseline.of(chainView({ timestamp: '2026-11-25T12:00:00' })),
    );
  });
});

it('changes nothing after it was stopped', async () => {
  const world = new World();
  world.opening = '2026-11-25T09:15:00';
  const release = world.hold();
  await world.chain('2026-11-25T12:00:00');
  const { finder } = world;
  finder.stop();
  expect(world.pending).toBe(0);
  const reset = finder.reset();
  release();
  await reset;
  await settled();
  expect([world.changes, world.pending]).toEqual([0, 0]);
});
