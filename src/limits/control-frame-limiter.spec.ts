import { ManualClock } from '../../test/support/manual-clock.js';
import { FrameRate } from './control-frame-limiter.js';

const OPEN = 1;

function setUp() {
  const clock = new ManualClock();
  const rate = new FrameRate<{ readyState: number; OPEN: number }>({ clock, perSecond: 10, burst: 5 });
  const open = () => ({ readyState: OPEN, OPEN });
  return { clock, rate, open };
}

it('accepts a burst of frames from each WebSocket, and then as many as its rate allows', () => {
  const { clock, rate, open } = setUp();
  const [one, other] = [open(), open()];
  expect(Array.from({ length: 6 }, () => rate.take(one))).toEqual([true, true, true, true, true, false]);
  expect(rate.take(other)).toBe(true);
  clock.advance(200);
  expect([rate.take(one), rate.take(one)]).toEqual([true, false]);
});

it('deletes the buckets of WebSockets that have been silent for long enough', () => {
  const { clock, rate, open } = setUp();
  rate.take(open());
  expect(rate.size).toBe(1);
  clock.advance(1_000);
  expect(rate.size).toBe(0);
});

it('deletes the buckets of closed WebSockets within a second, also if they sent too much', () => {
  const { clock, rate, open } = setUp();
  const flooding = open();
  for (let n = 0; n < 100; n++) rate.take(flooding);
  flooding.readyState = 3;
  clock.advance(1_000);
  expect(rate.size).toBe(0);
});
