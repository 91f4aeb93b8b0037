import type { ChainView, History, SocketClient } from '@deltastream/socket-client';
import { Baseline, BaselineStore } from './baseline.js';
import { BaselineFinder } from './baseline-finder.js';
import { chainView } from './chain-view.fixture.js';

const EXPIRY = '2026-11-26';
const MINUTE = 60_000;

/** A gateway, and a page with one chain. */
class World {
  time = 0;
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
    return (this.finder = new BaselineFinder(
      client,
      store,
      'NIFTY',
      EXPIRY,
      () => this.changes++,
      () => this.time,
    ));
  }

  /** Holds the answers of the history back until the returned function is called. */
  hold(): () => void {
    this.waiting = [];
    return () => {
      for (const resolve of this.waiting ?? []) resolve();
      this.waiting = undefined;
    };
  }

  /** A chain arrives, some time after the one before. */
  async chain(timestamp: string, afterMs = 1_000): Promise<void> {
    this.time += afterMs;
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

it('takes the opening that the gateway has kept, and asks for it once a minute', async () => {
  const world = new World();
  world.opening = '2026-11-25T09:15:00';
  await world.chain('2026-11-25T12:00:00');
  expect([world.since, world.changes]).toEqual(['2026-11-25T09:15:00', 1]);
  await world.chain('2026-11-25T12:03:00', 3 * MINUTE);
  expect(world.asked).toBe(2);
  for (let n = 0; n < 59; n++) await world.chain('2026-11-25T12:03:01');
  expect(world.asked).toBe(2);
  await world.chain('2026-11-25T12:04:01');
  expect(world.asked).toBe(3);
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

it('asks for nothing if the gateway keeps no history, and begins anew with each day', async () => {
  const world = new World();
  world.keepsHistory = false;
  world.open();
  await world.chain('2026-11-25T09:15:00');
  await world.chain('2026-11-25T12:15:00', MINUTE);
  expect([world.since, world.asked]).toEqual(['2026-11-25T09:15:00', 0]);
  await world.chain('2026-11-26T09:15:00', MINUTE);
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

it('asks again if it could not', async () => {
  const world = new World();
  world.failing = true;
  await world.chain('2026-11-25T12:00:00');
  expect(world.since).toBeUndefined();
  world.failing = false;
  world.opening = '2026-11-25T09:15:00';
  await world.chain('2026-11-25T12:00:06', 6_000);
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
  const reset = finder.reset();
  release();
  await reset;
  await settled();
  expect(world.changes).toBe(0);
});
