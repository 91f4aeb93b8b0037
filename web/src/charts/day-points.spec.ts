import { DayPoints } from './day-points.js';

const values = (n: number) => ({ pcrOi: n, pcrVolume: n, straddle: n });

function points(times: readonly number[], most?: number): DayPoints {
  const made = new DayPoints(most);
  for (const time of times) made.add(time, values(time));
  return made;
}

it('keeps the last values of each second', () => {
  expect(points([1, 1.2, 1.9, 2, 3.5]).data.slice(0, 2)).toEqual([
    [1.9, 2, 3.5],
    [1.9, 2, 3.5],
  ]);
});

it('doubles the intervals when there are too many points, and keeps the whole day', () => {
  const day = points(
    Array.from({ length: 20_000 }, (_, n) => n),
    1_000,
  );
  expect(day.count).toBeLessThanOrEqual(1_000);
  expect(day.count).toBeGreaterThan(400);
  const [times] = day.data;
  expect(times[0]).toBeLessThan(64);
  expect(times.at(-1)).toBe(19_999);
  expect([...times].sort((a, b) => a - b)).toEqual(times);
});

it('interrupts the lines at a gap', () => {
  const day = points([1, 2]);
  day.addGap(5);
  day.add(5, values(5));
  expect(day.data[1]).toEqual([1, 2, null, 5]);
  expect(new DayPoints().count).toBe(0);
});

it('has no gap before the first point', () => {
  const day = new DayPoints();
  day.addGap(1);
  expect(day.count).toBe(0);
});

it('removes later points if the clock of the feed was set back', () => {
  expect(points([10, 20, 30, 15, 16]).data[0]).toEqual([10, 15, 16]);
});

it('never exceeds its limit, even if there are many gaps', () => {
  const day = new DayPoints(100);
  for (let n = 0; n < 1_000; n++) {
    day.addGap(n);
    day.add(n, values(n));
  }
  expect(day.count).toBeLessThanOrEqual(100);
  expect(day.data[0].at(-1)).toBe(999);
});
