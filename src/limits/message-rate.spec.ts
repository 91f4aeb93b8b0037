import { ManualClock } from '../../test/support/manual-clock.js';
import { MessageRate } from './message-rate.js';

function setUp({ perSecond = 10, burst = 5 } = {}) {
  const clock = new ManualClock();
  const rate = new MessageRate<{ readyState: string }>({ clock, perSecond, burst });
  const client = { readyState: 'open' };
  const send = (times: number) => Array.from({ length: times }, () => rate.take(client));
  return { clock, rate, client, send };
}

it('accepts a burst, rejects another one, and reports further messages as abuse', () => {
  const { send } = setUp();
  expect(send(11)).toEqual([...Array<string>(5).fill('taken'), ...Array<string>(5).fill('refused'), 'abuse']);
});

it('accepts a rejected message after the announced time', () => {
  const { clock, rate, client, send } = setUp();
  send(7);
  const waitMs = rate.retryAfterMs(client);
  expect(waitMs).toBe(200);
  clock.advance(waitMs);
  expect(send(1)).toEqual(['taken']);
});

it('announces a different time for each rejected message, and accepts each at its time', () => {
  const { clock, rate, client, send } = setUp();
  const waits = Array.from({ length: 10 }, () => (send(1)[0] === 'taken' ? 0 : rate.retryAfterMs(client)));
  expect(waits).toEqual([0, 0, 0, 0, 0, 100, 200, 300, 400, 500]);
  for (let n = 0; n < 5; n++) {
    clock.advance(100);
    expect(send(1)).toEqual(['taken']);
  }
});

it('accepts only the rate from a client that does not wait, and reports abuse in the end', () => {
  const { clock, send } = setUp();
  send(5);
  const verdicts = [];
  for (let n = 0; n < 10; n++) {
    clock.advance(100);
    verdicts.push(...send(2));
  }
  expect(verdicts.filter((verdict) => verdict === 'taken')).toHaveLength(10);
  expect(verdicts.indexOf('abuse')).toBe(11);
});

it('accepts a client at its rate for ever, and counts clients separately', () => {
  const { clock, rate, send } = setUp();
  for (let n = 0; n < 1_000; n++) {
    clock.advance(100);
    expect(send(1)).toEqual(['taken']);
  }
  send(20);
  expect(rate.take({ readyState: 'open' })).toBe('taken');
});

it('deletes the buckets of clients that are silent again or closed', () => {
  const { clock, rate, client, send } = setUp();
  send(1);
  rate.take({ readyState: 'open' });
  expect(rate.size).toBe(2);
  clock.advance(1_000);
  expect([rate.size, clock.pending]).toEqual([0, 0]);

  send(50);
  clock.advance(1_000);
  expect(rate.size).toBe(1);
  client.readyState = 'closed';
  clock.advance(1_000);
  expect([rate.size, clock.pending]).toEqual([0, 0]);
});

it('has no timer after it is stopped', () => {
  const { clock, rate, send } = setUp();
  send(1);
  rate.stop();
  expect(clock.pending).toBe(0);
});
