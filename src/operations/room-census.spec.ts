import { ManualClock } from '../../test/support/manual-clock.js';
import { systemClock } from '../common/clock.js';
import { MAX_NAMED_ROOMS, RoomCensus } from './room-census.js';

/** One product room for each size, and a private room for each client. */
function rooms(sizes: readonly number[], clients = 0): Map<string, { size: number }> {
  return new Map([
    ...sizes.map((size, n) => [`product:P${n}`, { size }] as const),
    ...Array.from({ length: clients }, (_, n) => [`socket-${n}`, { size: 1 }] as const),
  ]);
}

it('names every room except the private rooms of clients', async () => {
  const census = new RoomCensus(
    () => new Map([...rooms([1, 3], 5), ['general', { size: 5 }]]),
    new ManualClock(),
  );
  expect(await census.take()).toEqual({
    named: [
      ['product:P0', 1],
      ['product:P1', 3],
      ['general', 5],
    ],
    leftOut: 0,
    byKind: {
      general: { rooms: 1, members: 5 },
      product: { rooms: 2, members: 4 },
      chain: { rooms: 0, members: 0 },
      portfolio: { rooms: 0, members: 0 },
      admin: { rooms: 0, members: 0 },
    },
  });
});

it('names the largest of 100,000 rooms, counts all of them, and pauses for other work', async () => {
  const sizes = Array.from({ length: 100_000 }, (_, n) => ((n * 7_919) % 100_000) + 1);
  const census = new RoomCensus(() => rooms(sizes), systemClock);
  let turns = 0;
  const watch = (): void => {
    turns++;
    watching = setImmediate(watch);
  };
  let watching = setImmediate(watch);
  const { named, leftOut, byKind } = await census.take();
  clearImmediate(watching);
  expect(turns).toBeGreaterThanOrEqual(15);
  expect(named.map(([, size]) => size)).toEqual(
    Array.from({ length: MAX_NAMED_ROOMS }, (_, n) => 100_000 - n),
  );
  expect(leftOut).toBe(100_000 - MAX_NAMED_ROOMS);
  expect(byKind.product).toEqual({ rooms: 100_000, members: sizes.reduce((sum, size) => sum + size) });
});

it('counts many rooms once for all requests within a second', async () => {
  const clock = new ManualClock();
  let counts = 0;
  const census = new RoomCensus(() => (counts++, rooms([], 20_000)), {
    now: () => clock.now(),
    soon: systemClock.soon,
  });
  await Promise.all(Array.from({ length: 100 }, () => census.take()));
  clock.advance(999);
  await census.take();
  expect(counts).toBe(1);
  clock.advance(1);
  await census.take();
  expect(counts).toBe(2);
});

it('is always up to date if there are few rooms', async () => {
  const known = rooms([1]);
  const census = new RoomCensus(() => known, new ManualClock());
  await census.take();
  known.set('product:NEW', { size: 1 });
  expect((await census.take()).named).toHaveLength(2);
});

it('counts again after a count that failed', async () => {
  let fails = true;
  const census = new RoomCensus(() => {
    if (fails) throw new Error('no rooms');
    return rooms([1]);
  }, new ManualClock());
  await expect(census.take()).rejects.toThrow('no rooms');
  fails = false;
  expect((await census.take()).named).toHaveLength(1);
});
