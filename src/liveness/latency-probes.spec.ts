import { ManualClock } from '../../test/support/manual-clock.js';
import { LatencyProbes, PROBE_EXPIRES_MS } from './latency-probes.js';

/** A client as the fan-out engine sees it. */
class Receiver {
  group: object | undefined = { name: 'general' };
  cursor = 0;
  replies = 0;
}

const clock = new ManualClock();
/** What `random` returns. With 0, the first message after a visit is followed by a probe. */
let random: () => number;
let sent: { client: object; id: string }[];
let probes: LatencyProbes<object>;
let client: object;
let receiver: Receiver;

beforeEach(() => {
  random = () => 0;
  sent = [];
  probes = new LatencyProbes({
    clock,
    random: () => random(),
    makeId: () => `probe-${sent.length + 1}`,
    send: (to, id) => {
      receiver.replies++;
      sent.push({ client: to, id });
    },
  });
  client = {};
  receiver = new Receiver();
});

afterEach(() => {
  probes.stop();
  expect(clock.pending).toBe(0);
});

/** Sends messages to the client, and waits until it has been visited. */
function deliver(messages: number): void {
  receiver.cursor += messages;
  clock.advance(1_000);
}

it('has no timer without clients, and none after the last one has left', () => {
  expect(clock.pending).toBe(0);
  probes.add(client, receiver);
  expect([clock.pending, probes.size]).toEqual([1, 1]);
  probes.remove(client);
  probes.remove(client);
  clock.advance(1_000);
  expect([clock.pending, probes.size]).toEqual([0, 0]);
});

it('sends no probe to a client that gets no messages', () => {
  probes.add(client, receiver);
  clock.advance(60_000);
  expect(sent).toEqual([]);
});

it('measures the time from the probe to its answer, once', () => {
  probes.add(client, receiver);
  deliver(1);
  expect(sent).toEqual([{ client, id: 'probe-1' }]);
  clock.advance(40);
  const { result, ...rest } = probes.echo(client, 'probe-1');
  expect(result).toBe('answered');
  expect((rest as { ms: number }).ms).toBeGreaterThanOrEqual(40);
  expect(probes.echo(client, 'probe-1')).toEqual({ result: 'duplicate' });
});

it('does not follow a probe with a probe, and counts messages to this client only', () => {
  probes.add(client, receiver);
  deliver(1);
  probes.echo(client, 'probe-1');
  deliver(0);
  expect(sent).toHaveLength(1);
  receiver.replies++;
  deliver(0);
  expect(sent).toHaveLength(2);
});

it('does not take the position in another group for messages', () => {
  probes.add(client, receiver);
  receiver.group = { name: 'product:NIFTY' };
  deliver(5_000);
  receiver.group = undefined;
  deliver(5_000);
  receiver.group = { name: 'chain:NIFTY' };
  deliver(5_000);
  expect(sent).toEqual([]);
  deliver(1);
  expect(sent).toHaveLength(1);
});

it('sends one probe for 1,000 messages on average, and at most one a second', () => {
  const values = [0.5, 0.1, 0.9, 0.3, 0.7, 0.2, 0.6, 0.05, 0.95, 0.8];
  let drawn = 0;
  let left = 0;
  random = () => {
    const value = values[drawn++ % values.length]!;
    if (drawn > 1) left += 1 + Math.floor(Math.log(1 - value) / Math.log(0.999));
    return value;
  };
  probes.add(client, receiver);
  for (let second = 0; second < 2_000; second++) {
    deliver(20);
    const last = sent.at(-1);
    if (last) probes.echo(client, last.id);
  }
  // As many as the drawn distances fit into the messages.
  expect(left).toBeGreaterThanOrEqual(40_000);
  expect(sent.length).toBeGreaterThan(30);
  expect(sent.length).toBeLessThan(50);
  const before = sent.length;
  deliver(1_000_000);
  expect(sent).toHaveLength(before + 1);
});

it('has one probe of a client at a time, which expires', () => {
  probes.add(client, receiver);
  deliver(1);
  deliver(10_000);
  deliver(10_000);
  expect(sent).toHaveLength(1);
  clock.advance(PROBE_EXPIRES_MS);
  deliver(10_000);
  expect(sent.map(({ id }) => id)).toEqual(['probe-1', 'probe-2']);
  expect(probes.echo(client, 'probe-1')).toEqual({ result: 'late' });
  expect(probes.echo(client, 'probe-2').result).toBe('answered');
});

it('does not measure an answer after the probe has expired', () => {
  probes.add(client, receiver);
  deliver(1);
  clock.advance(PROBE_EXPIRES_MS);
  expect(probes.echo(client, 'probe-1')).toEqual({ result: 'late' });
  expect(probes.echo(client, 'probe-1')).toEqual({ result: 'late' });
});

it.each([undefined, null, 7, {}, ['probe-1'], true])('an echo with the id %j is malformed', (id) => {
  probes.add(client, receiver);
  deliver(1);
  expect(probes.echo(client, id)).toEqual({ result: 'malformed' });
  expect(probes.echo(client, 'probe-1').result).toBe('answered');
});

it('accepts only the probe of this client', () => {
  const other = {};
  probes.add(client, receiver);
  probes.add(other, new Receiver());
  deliver(1);
  expect(probes.echo(other, 'probe-1')).toEqual({ result: 'unknown' });
  expect(probes.echo({}, 'probe-1')).toEqual({ result: 'unknown' });
  expect(probes.echo(client, 'probe-2')).toEqual({ result: 'unknown' });
  probes.remove(client);
  expect(probes.echo(client, 'probe-1')).toEqual({ result: 'unknown' });
});

it('keeps nothing of clients that have left, and adds none after the stop', () => {
  const other = {};
  probes.add(other, receiver);
  probes.add(client, receiver);
  probes.add(client, receiver);
  probes.remove(client);
  deliver(1_000);
  expect(sent.map((probe) => probe.client)).toEqual([other]);
  expect(probes.size).toBe(1);
  probes.stop();
  probes.add(client, receiver);
  expect(probes.size).toBe(1);
});
