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

it('takes the next message when it said it would', () => {
  const { clock, rate, client, send } = setUp();
  send(7);
  const waitMs = rate.retryAfterMs(client);
  expect(waitMs).toBe(300);
  clock.advance(waitMs);
  expect(send(2)).toEqual(['taken', 'refused']);
});

it('refuses for longer whoever does not wait', () => {
  const { clock, rate, client, send } = setUp();
  send(7);
  clock.advance(100);
  expect(send(1)).toEqual(['refused']);
  expect(rate.retryAfterMs(client)).toBe(300);
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
