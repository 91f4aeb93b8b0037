import { FakeClock } from '../../test/support/fake-clock.js';
import { RateSlots } from './rate-slots.js';

let clock: FakeClock;
let due: string[][];
let slots: RateSlots;
beforeEach(() => {
  clock = new FakeClock();
  due = [];
  slots = new RateSlots(clock, 500, (streams) => due.push([...streams]));
});

it('lets the first update of a stream in each interval pass at once', () => {
  clock.advance(130);
  expect(slots.passOrWait('a')).toBe(true);
  expect(slots.passOrWait('b')).toBe(true);
  expect(slots.passOrWait('a')).toBe(false);
  clock.advance(1_000);
  expect(slots.passOrWait('a')).toBe(true);
});

it('lets all streams that wait pass together, when the next interval begins', () => {
  for (const stream of ['a', 'a', 'b', 'b', 'b', 'c']) slots.passOrWait(stream);
  clock.advance(499);
  expect(due).toEqual([]);
  clock.advance(1);
  expect(due).toEqual([['a', 'b']]);
  expect(slots.passOrWait('a')).toBe(false);
  expect(slots.passOrWait('c')).toBe(true);
  clock.advance(500);
  expect(due).toEqual([['a', 'b'], ['a']]);
});

it('lets a stream pass once, if its timer is late', () => {
  slots.passOrWait('a');
  slots.passOrWait('a');
  clock.work(700);
  expect(slots.passOrWait('a')).toBe(true);
  clock.advance(0);
  expect(due).toEqual([[]]);
  expect(slots.passOrWait('a')).toBe(false);
  clock.advance(300);
  expect(due).toEqual([[], ['a']]);
});

it('has no timer while nothing waits', () => {
  slots.passOrWait('a');
  expect(clock.pending).toBe(0);
  slots.passOrWait('a');
  clock.advance(500);
  expect(clock.pending).toBe(0);
});
