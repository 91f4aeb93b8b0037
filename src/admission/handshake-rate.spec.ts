import { ManualClock } from '../../test/support/manual-clock.js';
import { HandshakeRate } from './handshake-rate.js';

function setUp(perSecond = 100, maxWaitMs = 1_000) {
  const clock = new ManualClock();
  const rate = new HandshakeRate({ clock, perSecond, maxWaitMs });
  const decisions: boolean[] = [];
  const take = (times = 1) =>
    Array.from({ length: times }, () => rate.take((passed) => decisions.push(passed)));
  const counts = () => ({
    passed: decisions.filter(Boolean).length,
    refused: decisions.filter((passed) => !passed).length,
    waiting: rate.size,
  });
  return { clock, rate, take, counts };
}

it('admits a burst, queues as many as one second admits, and refuses the rest at once', () => {
  const { take, counts } = setUp();
  take(150);
  expect(counts()).toEqual({ passed: 10, refused: 40, waiting: 100 });
});

it('admits waiting handshakes at its rate, in the order of the queue', () => {
  const { clock, rate, take, counts } = setUp();
  take(10);
  const order: number[] = [];
  for (let n = 0; n < 100; n++) rate.take(() => order.push(n));
  clock.advance(500);
  expect(order.length).toBeGreaterThanOrEqual(49);
  expect(order.length).toBeLessThanOrEqual(51);
  clock.advance(520);
  expect(order).toEqual(Array.from({ length: 100 }, (_, n) => n));
  expect(counts().waiting).toBe(0);
  expect(clock.pending).toBe(0);
});

it('does not let a new handshake overtake those that wait', () => {
  const { clock, take, counts } = setUp();
  take(11);
  clock.stall(500); // tokens are available, but the timer is late
  take(1);
  expect(counts()).toEqual({ passed: 10, refused: 0, waiting: 2 });
  clock.advance(1);
  expect(counts()).toEqual({ passed: 12, refused: 0, waiting: 0 });
});

it('saves no more than one burst during a quiet period, however long it is', () => {
  const { clock, take, counts } = setUp();
  clock.advance(3_600_000);
  take(20);
  expect(counts()).toMatchObject({ passed: 10, waiting: 10 });
});

it('gives the turn of a cancelled handshake to the next one', () => {
  const { clock, take, counts } = setUp();
  const tickets = take(12);
  tickets[10]!.cancel();
  clock.advance(10);
  expect(counts()).toEqual({ passed: 11, refused: 0, waiting: 0 });
  tickets[10]!.cancel();
  tickets[0]!.cancel();
});

it('refuses all waiting handshakes on request', () => {
  const { clock, rate, take, counts } = setUp();
  take(50);
  rate.refuseWaiting();
  expect(counts()).toEqual({ passed: 10, refused: 40, waiting: 0 });
  expect(clock.pending).toBe(0);
});

it('works at a rate of one per second', () => {
  const { clock, take, counts } = setUp(1);
  take(3);
  expect(counts()).toEqual({ passed: 1, refused: 1, waiting: 1 });
  clock.advance(1_000);
  expect(counts()).toEqual({ passed: 2, refused: 1, waiting: 0 });
});
