import { ManualClock } from '../../test/support/manual-clock.js';
import { WorkRate } from './work-rate.js';

function setUp({ perSecond = 100, burst = 1_000 } = {}) {
  const clock = new ManualClock();
  const rate = new WorkRate<{ readyState: string }>({ clock, perSecond, burst });
  const client = { readyState: 'open' };
  const spend = (units: number) => rate.spend(client, units);
  return { clock, rate, client, spend };
}

it('accepts a burst of work, in one request or in many', () => {
  for (const units of [1, 10, 100, 1_000]) {
    const { spend } = setUp();
    for (let n = 0; n < 1_000 / units; n++) expect(spend(units)).toBe(0);
    expect(spend(units)).toBeGreaterThan(0);
  }
});

it('rejects work beyond the limit, and accepts it after the announced time', () => {
  const { clock, spend } = setUp();
  spend(1_000);
  const waits = [spend(100), spend(100), spend(50)];
  expect(waits).toEqual([1_000, 2_000, 2_500]);
  clock.advance(1_000);
  expect(spend(100)).toBe(0);
  clock.advance(1_000);
  expect(spend(100)).toBe(0);
  clock.advance(500);
  expect(spend(50)).toBe(0);
});

it('accepts a request that costs more than a burst if the client has used nothing yet', () => {
  const { clock, spend } = setUp();
  expect(spend(5_000)).toBe(0);
  expect(spend(5_000)).toBe(10_000);
  clock.advance(10_000);
  expect(spend(5_000)).toBe(0);
});

it('never announces a wait longer than two bursts take, however many requests were rejected', () => {
  const { spend } = setUp();
  for (let n = 0; n < 1_000; n++) expect(spend(900)).toBeLessThanOrEqual(20_000);
});

it('has no timer after it is stopped', () => {
  const { clock, rate, spend } = setUp();
  spend(1);
  rate.stop();
  expect(clock.pending).toBe(0);
});

it('charges for work that was done, so that later requests wait, but not for ever', () => {
  const { clock, rate, client, spend } = setUp();
  rate.charge(client, 1_000);
  expect(spend(100)).toBe(1_000);
  for (let n = 0; n < 50; n++) rate.charge(client, 5_000);
  clock.advance(20_000);
  expect(spend(100)).toBe(0);
});
