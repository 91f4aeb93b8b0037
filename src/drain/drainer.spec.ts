import { ManualClock, seededRandom } from '../../test/support/manual-clock.js';
import { Drainer, drainTimes } from './drainer.js';

const WINDOW = 10_000;

describe('drainTimes', () => {
  it.each([1, 7, 300, 10_000])('spreads %d clients evenly over the window, after a lead', (clients) => {
    const times = drainTimes(clients, WINDOW, seededRandom());
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(WINDOW / 20);
    expect(times.at(-1)).toBeLessThan(WINDOW);
    for (let from = 0; from < WINDOW; from += WINDOW / 40) {
      const tenth = times.filter((time) => time >= from && time < from + WINDOW / 10).length;
      expect(tenth).toBeLessThanOrEqual(clients / 9 + 2);
    }
  });

  it('differs from replica to replica', () => {
    expect(drainTimes(10, WINDOW, seededRandom(1))).not.toEqual(drainTimes(10, WINDOW, seededRandom(2)));
  });

  it('closes all clients at once if the window is 0', () => {
    expect(drainTimes(3, 0, seededRandom())).toEqual([0, 0, 0]);
  });
});

function setUp({ windowMs = WINDOW, costMs = 0, leaves = true } = {}) {
  const clock = new ManualClock();
  const start = clock.now();
  const notified = new Map<number, number>();
  const closed = new Map<number, number>();
  const drainer: Drainer<number> = new Drainer<number>({
    clock,
    windowMs,
    graceMs: 1_000,
    random: seededRandom(),
    tell: (client, inMs) => {
      notified.set(client, clock.now() - start + inMs);
      clock.stall(costMs);
    },
    close: (client) => {
      closed.set(client, clock.now() - start);
      clock.stall(costMs);
      if (leaves) drainer.gone(client);
    },
  });
  let ended: number | undefined;
  const run = async (clients: number) => {
    await drainer.run(Array.from({ length: clients }, (_, n) => n));
    ended = clock.now() - start;
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { clock, drainer, notified, closed, run, settle, ended: () => ended };
}

it('ends at once without clients', async () => {
  const { run, clock } = setUp();
  await run(0);
  expect(clock.pending).toBe(0);
});

it('notifies each client of the time at which it will be closed, and closes it then', async () => {
  const { clock, notified, closed, run, settle, ended } = setUp();
  void run(300);
  expect(notified.size).toBe(300);
  expect(closed.size).toBe(0);
  clock.advance(WINDOW);
  await settle();
  expect(closed.size).toBe(300);
  for (const [client, at] of closed) expect(Math.abs(at - notified.get(client)!)).toBeLessThanOrEqual(1);
  expect(ended()).toBeDefined();
  expect(clock.pending).toBe(0);
});

it('closes clients in another order than they connected', () => {
  const { clock, closed, run } = setUp();
  void run(100);
  clock.advance(WINDOW);
  const order = [...closed.keys()];
  expect(order).not.toEqual([...order].sort((a, b) => a - b));
});

it('yields the event loop while it notifies and closes many clients', () => {
  const { clock, notified, closed, run } = setUp({ windowMs: 0, costMs: 3 });
  void run(100);
  expect(notified.size).toBeLessThan(10);
  expect(closed.size).toBeLessThan(10);
  clock.advance(1_000);
  expect(closed.size).toBe(100);
});

it('does not close a client that has disconnected, and ends when the last one has', async () => {
  const { clock, drainer, closed, run, settle, ended } = setUp();
  void run(30);
  for (let client = 0; client < 10; client++) drainer.gone(client);
  clock.advance(WINDOW / 2);
  for (const client of closed.keys()) expect(client).toBeGreaterThanOrEqual(10);
  expect(ended()).toBeUndefined();
  for (let client = 10; client < 30; client++) drainer.gone(client);
  await settle();
  expect(ended()).toBe(WINDOW / 2);
  expect(closed.size).toBeLessThan(20);
  expect(clock.pending).toBe(0);
});

it('closes a client that connects late within the window', () => {
  const { clock, drainer, notified, closed, run } = setUp();
  void run(10);
  clock.advance(5_000);
  drainer.add(99);
  expect(notified.get(99)).toBeGreaterThanOrEqual(5_000);
  clock.advance(5_000);
  expect(closed.size).toBe(11);
  expect(closed.get(99)).toBeLessThanOrEqual(WINDOW);
});

it('does not wait for ever for closed clients that do not disconnect', async () => {
  const { clock, run, settle, ended } = setUp({ leaves: false });
  void run(10);
  clock.advance(WINDOW + 500);
  await settle();
  expect(ended()).toBeUndefined();
  clock.advance(600);
  await settle();
  expect(ended()).toBeDefined();
});
