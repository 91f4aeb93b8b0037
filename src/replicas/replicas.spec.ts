import { FakeClock } from '../../test/support/fake-clock.js';
import { FakeReplicas } from '../../test/support/fake-replicas.js';
import { ANSWER_MS, UnknownReplicaError } from './replica-calls.js';
import { isReplicaName, replicaName } from './replica-name.js';
import { FORGET_MS } from './roster.js';

let clock: FakeClock;
let replicas: FakeReplicas;

beforeEach(() => {
  clock = new FakeClock();
  replicas = new FakeReplicas(clock);
});

/** Lets the promises of calls settle. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('the roster', () => {
  function start(...names: string[]) {
    const started = names.map((name) => replicas.add(name));
    for (const { roster } of started) {
      roster.onApplicationBootstrap();
      clock.advance(0);
    }
    return started.map(({ roster }) => roster);
  }

  it('names the other replicas on each of them, in whatever order they start', () => {
    const [a, b, c] = start('a', 'b', 'c');
    expect([a!.others, b!.others, c!.others]).toEqual([
      ['b', 'c'],
      ['a', 'c'],
      ['a', 'b'],
    ]);
  });

  it('does not name a replica that has ended', () => {
    const [a, b] = start('a', 'b');
    b!.onApplicationShutdown();
    expect(a!.others).toEqual([]);
    clock.advance(FORGET_MS);
    expect(a!.others).toEqual([]);
  });

  it('forgets a replica that was killed, and not one that is well', () => {
    const [a] = start('a', 'b', 'c');
    replicas.cut('b');
    clock.advance(FORGET_MS - 20_000);
    expect(a!.others).toEqual(['b', 'c']);
    clock.advance(40_000);
    expect(a!.others).toEqual(['c']);
  });

  it('forgets no replica while Redis is away, and asks for the others when it is back', () => {
    const [a] = start('a', 'b', 'c');
    replicas.problem = 'Redis cannot be reached';
    replicas.cut('b');
    replicas.cut('c');
    clock.advance(10 * FORGET_MS);
    expect(a!.others).toEqual(['b', 'c']);
    replicas.restore('b');
    replicas.problem = undefined;
    clock.advance(3_000);
    expect(a!.others).toEqual(['b', 'c']);
    clock.advance(10_000);
    expect(a!.others).toEqual(['b']);
  });

  it('learns the others although its first questions were lost', () => {
    const [a] = start('a');
    const b = replicas.add('b');
    replicas.cut('b');
    b.roster.onApplicationBootstrap();
    clock.advance(500);
    expect(b.roster.others).toEqual([]);
    b.bus.onModuleInit(); // the network works again
    clock.advance(1_000);
    expect([a!.others, b.roster.others]).toEqual([['b'], ['a']]);
  });

  it('does not grow without a bound', () => {
    const { roster } = replicas.add('a');
    for (let n = 0; n < 2_000; n++) roster.heard(`r${n}`);
    expect(roster.others).toHaveLength(1_000);
  });
});

describe('a call', () => {
  function start(...names: string[]) {
    const started = names.map((name) => replicas.add(name));
    for (const { roster } of started) for (const name of names) roster.heard(name);
    for (const [index, { calls, roster, bus }] of started.entries()) {
      jest.spyOn(roster, 'others', 'get').mockReturnValue(names.filter((name) => name !== bus.name));
      calls.provide('double', ({ n }) => ({ n: Number(n) * 2, from: names[index] }));
    }
    return started;
  }

  it('is answered by all replicas, also by the one that calls', async () => {
    const [a] = start('a', 'b', 'c');
    expect(await a!.calls.ask('double', { n: 4 })).toEqual({
      answers: ['a', 'b', 'c'].map((from) => ({ replica: from, answer: { n: 8, from } })),
      missing: [],
      failed: [],
    });
  });

  it('is answered by one replica only, if it names one', async () => {
    const [a, b] = start('a', 'b', 'c');
    for (const to of ['a', 'b']) {
      expect(await a!.calls.ask('double', { n: 1 }, to)).toEqual({
        answers: [{ replica: to, answer: { n: 2, from: to } }],
        missing: [],
        failed: [],
      });
    }
    await expect(b!.calls.ask('double', {}, 'elsewhere')).rejects.toThrow(UnknownReplicaError);
  });

  it('names the replicas that do not answer in time, and takes no answer that comes later', async () => {
    const [a] = start('a', 'b', 'c');
    replicas.cut('b');
    const answers = a!.calls.ask('double', { n: 1 });
    await settle();
    clock.advance(ANSWER_MS);
    expect(await answers).toMatchObject({
      answers: [{ replica: 'a' }, { replica: 'c' }],
      missing: ['b'],
    });
    expect(clock.pending).toBe(0);
  });

  it('says that others may not have been asked while Redis is away', async () => {
    const { calls } = replicas.add('a');
    calls.provide('double', () => ({}));
    replicas.problem = 'Redis cannot be reached';
    expect(await calls.ask('double', {})).toMatchObject({
      answers: [{ replica: 'a' }],
      failed: [{ replica: 'a', problem: expect.stringContaining('Redis cannot be reached') as unknown }],
    });
  });

  it('names the replicas that fail, with the reason', async () => {
    const [a, b, c] = start('a', 'b', 'c');
    b!.calls.provide('double', () => Promise.reject(new Error('no room')));
    c!.calls.provide('double', () => {
      throw new Error('too late');
    });
    a!.calls.provide('other', () => ({}));
    expect(await a!.calls.ask('double', { n: 1 })).toMatchObject({
      answers: [{ replica: 'a' }],
      failed: [
        { replica: 'b', problem: 'no room' },
        { replica: 'c', problem: 'too late' },
      ],
    });
    expect((await a!.calls.ask('other', {})).failed).toMatchObject([
      { problem: "This replica's version has no action other." },
      { replica: 'c' },
    ]);
  });

  it('is not changed by forged, late or repeated answers', async () => {
    const [a] = start('a', 'b');
    replicas.cut('b');
    const answers = a!.calls.ask('double', { n: 1 });
    await settle();
    const { id } = replicas.sent.at(-1)!.body as { id: string };
    replicas.add('test');
    const answer = (from: string, body: object) => replicas.send('test', { kind: 'answer', from, body });
    answer('b', { id: 'another', answer: { n: 0 } });
    answer('stranger', { id, answer: { n: 0 } });
    answer('b', { id, answer: 'text' });
    answer('b', { id, answer: { n: 99 } });
    expect(await answers).toMatchObject({
      answers: [{ replica: 'a' }],
      failed: [{ replica: 'b', problem: 'The answer is not an object.' }],
    });
  });
});

describe('the bus', () => {
  it.each([
    ['no object', 7],
    ['an unknown kind', { kind: 'shutdown', from: 'b', body: {} }],
    ['no sender', { kind: 'hello', body: {} }],
    ['a sender that is no name', { kind: 'hello', from: '../b', body: {} }],
    ['no body', { kind: 'hello', from: 'b' }],
    ['a list as body', { kind: 'hello', from: 'b', body: [] }],
  ])('drops a message with %s', (_, message) => {
    const { roster } = replicas.add('a');
    replicas.add('test');
    replicas.send('test', message);
    expect(roster.others).toEqual([]);
    expect(replicas.faults).toEqual(['replica_message_unknown']);
  });

  it('reports two replicas of one name', () => {
    replicas.add('a');
    replicas.add('test');
    replicas.send('test', { kind: 'hello', from: 'a', body: {} });
    expect(replicas.faults).toEqual(['replica_name_taken']);
  });

  it('survives an error of a listener', () => {
    const { bus } = replicas.add('a');
    bus.on('report', () => {
      throw new Error('a bug');
    });
    replicas.add('test');
    replicas.send('test', { kind: 'report', from: 'b', body: {} });
    expect(replicas.faults).toEqual(['replica_message_failed']);
  });
});

describe('the name of a replica', () => {
  it.each([
    ['of a container', undefined, undefined, { host: 'pod-1', pid: 1, ppid: 0 }, 'pod-1'],
    ['of a process of a machine', undefined, undefined, { host: 'pod-1', pid: 77, ppid: 1 }, 'pod-1-77'],
    ['of a worker of a container', undefined, 3, { host: 'pod-1', pid: 77, ppid: 1 }, 'pod-1-w3'],
    ['of a worker of a machine', undefined, 3, { host: 'pod-1', pid: 77, ppid: 70 }, 'pod-1-70-w3'],
    ['that is configured', 'left', undefined, { host: 'pod-1', pid: 77, ppid: 1 }, 'left'],
    ['that is configured, of a worker', 'left', 3, { host: 'pod-1', pid: 77, ppid: 1 }, 'left-w3'],
    ['of a machine with a strange name', undefined, undefined, { host: '_ä /x', pid: 1, ppid: 0 }, 'x'],
    ['of a machine without a name', undefined, undefined, { host: '', pid: 1, ppid: 0 }, 'replica'],
  ])('%s', (_, configured, worker, process, name) => {
    expect(replicaName(configured, worker, process)).toBe(name);
    expect(isReplicaName(name)).toBe(true);
  });
});
