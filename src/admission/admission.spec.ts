import { ManualClock } from '../../test/support/manual-clock.js';
import { Admission } from './admission.js';
import { HandshakeRate } from './handshake-rate.js';
import type { OverloadReason } from './overload-limiter.js';
import type { NotReadyReason } from './handshake-rejection.js';

function setUp({ perSecond = 1_000, maxConnections = 5 } = {}) {
  const clock = new ManualClock();
  const state = { connections: 0, overload: undefined as OverloadReason | undefined };
  const admission = new Admission<object>({
    maxConnections,
    rate: new HandshakeRate({ clock, perSecond, maxWaitMs: 1_000 }),
    connections: () => state.connections,
    overload: () => state.overload,
  });
  const answers: (NotReadyReason | 'taken')[] = [];
  const ask = () => {
    const handshake = {};
    admission.ask(handshake, (refusal) => answers.push(refusal ?? 'taken'));
    return handshake;
  };
  return { clock, state, admission, answers, ask };
}

it('counts those on their way in to the cap', () => {
  const { state, admission, answers, ask } = setUp();
  const handshakes = Array.from({ length: 6 }, ask);
  expect(answers).toEqual([...Array<string>(5).fill('taken'), 'max_connections']);
  expect(admission.refusal).toBe('max_connections');

  state.connections = 5; // they have come
  for (const handshake of handshakes) admission.over(handshake);
  expect(admission.refusal).toBe('max_connections');
  state.connections = 4;
  expect(admission.refusal).toBeUndefined();
});

it('forgets one that never came', () => {
  const { admission, ask } = setUp({ maxConnections: 1 });
  const handshake = ask();
  expect(admission.refusal).toBe('max_connections');
  admission.over(handshake);
  expect(admission.refusal).toBeUndefined();
});

it('judges one that waited by what is true when its turn comes', () => {
  const { clock, state, answers, ask } = setUp({ perSecond: 10 });
  ask();
  ask();
  state.overload = 'memory';
  clock.advance(1_000);
  expect(answers).toEqual(['taken', 'memory']);
});

it('does not decide on one that was given up while it waited', () => {
  const { clock, admission, answers, ask } = setUp({ perSecond: 10 });
  ask();
  admission.over(ask());
  clock.advance(1_000);
  expect(answers).toEqual(['taken']);
  expect(admission.queued).toBe(0);
});

it('refuses those beyond the rate', () => {
  const { answers, ask } = setUp({ perSecond: 1 });
  ask();
  ask();
  ask();
  expect(answers).toEqual(['taken', 'rate']);
});

it('takes nobody once it leaves, not even those that wait', () => {
  const { clock, state, admission, answers, ask } = setUp({ perSecond: 10 });
  ask();
  ask();
  state.overload = 'memory';
  admission.leave();
  ask();
  expect(answers).toEqual(['taken', 'draining', 'draining']);
  expect(clock.pending).toBe(0);
});
