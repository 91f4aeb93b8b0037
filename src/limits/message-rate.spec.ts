import { ManualClock } from '../../test/support/manual-clock.js';
import { MessageRate } from './message-rate.js';

function setUp({ perSecond = 10, burst = 5 } = {}) {
  const clock = new ManualClock();
  const rate = new MessageRate<{ readyState: string }>({ clock, perSecond, burst });
  const client = { readyState: 'open' };
  const send = (times: number) => Array.from({ length: times }, () => rate.take(client));
  return { clock, rate, client, send };
}

it('takes a burst, refuses another, and calls what comes then abuse', () => {
  const { send } = setUp();
  expect(send(11)).toEqual([...Array<string>(5).fill('taken'), ...Array<string>(5).fill('refused'), 'abuse']);
});

it('takes a refused message when it said it would', () => {
  const { clock, rate, client, send } = setUp();
  send(7);
  const waitMs = rate.retryAfterMs(client);
  expect(waitMs).toBe(200);
  clock.advance(waitMs);
  expect(send(1)).toEqual(['taken']);
});

it('has a time for each of many refused at once, and takes them all where each keeps to its own', () => {
  const { clock, rate, client, send } = setUp();
  const waits = Array.from({ length: 10 }, () => (send(1)[0] === 'taken' ? 0 : rate.retryAfterMs(client)));
  expect(waits).toEqual([0, 0, 0, 0, 0, 100, 200, 300, 400, 500]);
  for (let n = 0; n < 5; n++) {
    clock.advance(100);
    expect(send(1)).toEqual(['taken']);
  }
});

it('takes no more than the rate of one that does not wait, and closes it in the end', () => {
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

it('never tires of a client at its rate, or counts one for another', () => {
  const { clock, rate, send } = setUp();
  for (let n = 0; n < 1_000; n++) {
    clock.advance(100);
    expect(send(1)).toEqual(['taken']);
  }
  send(20);
  expect(rate.take({ readyState: 'open' })).toBe('taken');
});

it('keeps nothing of clients that are silent again, or gone', () => {
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

it('stops', () => {
  const { clock, rate, send } = setUp();
  send(1);
  rate.stop();
  expect(clock.pending).toBe(0);
});
