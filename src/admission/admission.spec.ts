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

it('counts admitted handshakes towards the connection limit', () => {
  const { state, admission, answers, ask } = setUp();
  const handshakes = Array.from({ length: 6 }, ask);
  expect(answers).toEqual([...Array<string>(5).fill('taken'), 'max_connections']);
  expect(admission.refusal).toBe('max_connections');

  state.connections = 5; // the admitted clients have connected
  for (const handshake of handshakes) admission.over(handshake);
  expect(admission.refusal).toBe('max_connections');
  state.connections = 4;
  expect(admission.refusal).toBeUndefined();
});

it('stops counting a handshake that never became a connection', () => {
  const { admission, ask } = setUp({ maxConnections: 1 });
  const handshake = ask();
  expect(admission.refusal).toBe('max_connections');
  admission.over(handshake);
  expect(admission.refusal).toBeUndefined();
});

it('decides on a waiting handshake by the state when its turn comes', () => {
  const { clock, state, answers, ask } = setUp({ perSecond: 10 });
  ask();
  ask();
  state.overload = 'memory';
  clock.advance(1_000);
  expect(answers).toEqual(['taken', 'memory']);
});

it('does not decide on a handshake that was given up while it waited', () => {
  const { clock, admission, answers, ask } = setUp({ perSecond: 10 });
  ask();
  admission.over(ask());
  clock.advance(1_000);
  expect(answers).toEqual(['taken']);
  expect(admission.queued).toBe(0);
});

it('refuses handshakes that exceed the rate', () => {
  const { answers, ask } = setUp({ perSecond: 1 });
  ask();
  ask();
  ask();
  expect(answers).toEqual(['taken', 'rate']);
});

it('refuses every client once the replica drains, including those that wait', () => {
  const { clock, state, admission, answers, ask } = setUp({ perSecond: 10 });
  ask();
  ask();
  state.overload = 'memory';
  admission.leave();
  ask();
  expect(answers).toEqual(['taken', 'draining', 'draining']);
  expect(clock.pending).toBe(0);
});
