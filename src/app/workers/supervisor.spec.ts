import { FakeClock } from '../../../test/support/fake-clock.js';
import type { ToPrimary, ToWorker } from './messages.js';
import { COLLECT_MS } from './report-collector.js';
import { MAX_UNANSWERED_PINGS, PING_EVERY_MS, Supervisor, type WorkerListener } from './supervisor.js';

/** A worker that does only what the test says. */
class FakeWorker {
  readonly received: ToWorker[] = [];
  killed = false;
  gone = false;
  listener!: WorkerListener;

  constructor(readonly id: number) {}

  readonly pid = 100;

  send(message: ToWorker): void {
    this.received.push(message);
  }

  kill(): void {
    this.killed = true;
  }

  says(message: ToPrimary): void {
    this.listener.message(message);
  }

  ends(code: number | null = 0, signal: string | null = null): void {
    this.gone = true;
    this.listener.ended({ code, signal });
  }

  /** The kinds of the messages it got, without pings. */
  get orders(): string[] {
    return this.received.map(({ kind }) => kind).filter((kind) => kind !== 'ping');
  }
}

function setUp(count = 2) {
  const clock = new FakeClock();
  const workers: FakeWorker[] = [];
  const failures: string[] = [];
  const logged: string[] = [];
  const log = (_: object, message: string) => void logged.push(message);
  const supervisor = new Supervisor({
    count,
    clock,
    log: { info: log, warn: log },
    startedAt: 5,
    logLinesDropped: () => 7,
    failed: (problem) => failures.push(problem),
    fork: (listen) => {
      const worker = new FakeWorker(workers.length + 1);
      workers.push(worker);
      worker.listener = listen(worker);
    },
  });
  const running = () => workers.filter(({ gone }) => !gone).map(({ id }) => id);
  return { clock, workers, failures, logged, supervisor, running };
}

/** Both workers serve. */
function started() {
  const all = setUp();
  all.supervisor.start();
  all.workers[0]!.says({ kind: 'serving' });
  all.workers[1]!.says({ kind: 'serving' });
  return all;
}

describe('the start', () => {
  it('starts the others once the first worker serves', () => {
    const { supervisor, workers, logged } = setUp(3);
    supervisor.start();
    expect(workers).toHaveLength(1);
    workers[0]!.says({ kind: 'serving' });
    expect(workers).toHaveLength(3);
    expect(logged).not.toContain('workers_serving');
    for (const worker of workers.slice(1)) worker.says({ kind: 'serving' });
    expect(logged).toContain('workers_serving');
  });

  it('ends with the error of the first worker, once', () => {
    const { supervisor, workers, failures } = setUp();
    supervisor.start();
    workers[0]!.says({ kind: 'failed', problem: 'PORT is "1".' });
    workers[0]!.ends(1);
    expect(failures).toEqual(['PORT is "1".']);
    expect(workers).toHaveLength(1);
  });

  it('ends if the first worker dies without a reason', () => {
    const { supervisor, workers, failures } = setUp();
    supervisor.start();
    workers[0]!.ends(null, 'SIGKILL');
    expect(failures).toEqual(['a worker ended with SIGKILL before it listened.']);
  });

  it('retries if a later worker cannot start', () => {
    const { supervisor, workers, failures, clock } = setUp();
    supervisor.start();
    workers[0]!.says({ kind: 'serving' });
    workers[1]!.says({ kind: 'failed', problem: 'no' });
    workers[1]!.ends(1);
    expect(failures).toEqual([]);
    clock.advance(1_000);
    expect(workers).toHaveLength(3);
  });
});

describe('a worker that dies', () => {
  it('is replaced after a delay that grows with each death', () => {
    const { workers, clock, running } = started();
    const waits: number[] = [];
    for (let n = 0; n < 5; n++) {
      const before = workers.length;
      workers.at(-1)!.ends(null, 'SIGKILL');
      const from = clock.now();
      while (workers.length === before) clock.advance(1);
      waits.push(clock.now() - from);
      workers.at(-1)!.says({ kind: 'serving' });
    }
    expect(waits[0]).toBeLessThanOrEqual(200);
    expect(waits[4]).toBeGreaterThanOrEqual(1_000);
    expect(running()).toHaveLength(2);
  });

  it('is replaced soon again if it had served for long', () => {
    const { workers, clock } = started();
    for (let n = 0; n < 5; n++) {
      for (let minutes = 0; minutes < 13; minutes++) {
        clock.advance(PING_EVERY_MS);
        for (const worker of workers) if (!worker.gone) worker.says({ kind: 'pong' });
      }
      const before = workers.length;
      workers.at(-1)!.ends(1);
      clock.advance(200);
      expect(workers).toHaveLength(before + 1);
      workers.at(-1)!.says({ kind: 'serving' });
    }
  });

  it('is counted in the metrics', () => {
    const { workers } = started();
    workers[1]!.ends(1);
    workers[0]!.says({ kind: 'ask', id: 5, of: 'metrics' });
    expect(workers[0]!.received.at(-1)).toMatchObject({
      kind: 'answer',
      id: 5,
      collected: { restarts: { exited: 1, hung: 0 }, startedAt: 5, logLinesDropped: 7 },
    });
  });
});

describe('what workers have counted', () => {
  const report = (value: number) => [
    { name: 'n', help: '', type: 'counter', aggregator: 'sum', values: [{ value, labels: { of: 'x' } }] },
    { name: 'g', help: '', type: 'gauge', aggregator: 'sum', values: [{ value, labels: {} }] },
  ];
  const counted = (worker: FakeWorker) => {
    const { collected } = worker.received.at(-1) as Extract<ToWorker, { kind: 'answer' }>;
    return collected.counts?.map(({ name, values }) => [name, values[0]!.value]);
  };

  it('stays in the sum when they end, and while they do not answer', () => {
    const { workers, clock } = started();
    const [asker, other] = workers as [FakeWorker, FakeWorker];
    const ask = () => asker.says({ kind: 'ask', id: 1, of: 'metrics' });
    ask();
    other.says({ kind: 'reported', id: 1, report: report(7) });
    expect(counted(asker)).toEqual([]);
    ask();
    clock.advance(COLLECT_MS);
    expect(counted(asker)).toEqual([['n', 7]]);
    other.ends(1);
    clock.advance(1_000);
    workers[2]!.says({ kind: 'serving' });
    workers[2]!.says({ kind: 'metrics', report: report(3) });
    workers[2]!.ends(0);
    ask();
    expect(counted(asker)).toEqual([['n', 10]]);
    ask();
    expect(counted(asker)).toEqual([['n', 10]]);
  });
});

describe('a worker that hangs', () => {
  it('is killed, replaced and counted', () => {
    const { workers, clock, running } = started();
    const healthy = workers[0]!;
    for (let n = 0; n <= MAX_UNANSWERED_PINGS; n++) {
      expect(workers[1]!.killed).toBe(false);
      clock.advance(PING_EVERY_MS);
      healthy.says({ kind: 'pong' });
    }
    expect(workers[1]!.killed).toBe(true);
    expect(healthy.killed).toBe(false);
    workers[1]!.ends(null, 'SIGKILL');
    clock.advance(200);
    expect(running()).toEqual([1, 3]);
    healthy.says({ kind: 'ask', id: 1, of: 'metrics' });
    expect(healthy.received.at(-1)).toMatchObject({ collected: { restarts: { exited: 0, hung: 1 } } });
  });

  it('does not delay the answer for long, and is listed without a report', () => {
    const { workers, clock } = started();
    workers[0]!.says({ kind: 'ask', id: 1, of: 'health' });
    expect(workers[1]!.received.at(-1)).toMatchObject({ kind: 'report', of: 'health' });
    expect(workers[0]!.orders).toEqual([]);
    clock.advance(750);
    const [answer] = workers[0]!.received.filter(({ kind }) => kind === 'answer');
    expect(answer).toMatchObject({
      collected: { workers: [{ worker: 1 }, { worker: 2, report: undefined }] },
    });
    expect(clock.pending).toBe(1); // the next ping
  });
});

describe('reports', () => {
  it('are answered as soon as the others have sent theirs', () => {
    const { workers } = started();
    workers[0]!.says({ kind: 'ask', id: 9, of: 'metrics' });
    const asked = workers[1]!.received.at(-1) as { id: number };
    workers[1]!.says({ kind: 'reported', id: asked.id, report: 'mine' });
    expect(workers[0]!.received.at(-1)).toMatchObject({
      id: 9,
      collected: { workers: [{ state: 'serving' }, { worker: 2, report: 'mine' }] },
    });
  });

  it('are answered at once if the other worker dies, and not asked of one that owes many', () => {
    const { workers } = started();
    for (let id = 0; id < 20; id++) workers[0]!.says({ kind: 'ask', id, of: 'metrics' });
    expect(workers[1]!.orders).toHaveLength(16);
    expect(workers[0]!.orders).toHaveLength(4);
    workers[1]!.ends(1);
    expect(workers[0]!.orders).toHaveLength(20);
  });
});

describe('a roll', () => {
  it('replaces one worker after the other, each once its replacement serves', () => {
    const { supervisor, workers, logged, running } = started();
    supervisor.roll();
    expect(running()).toEqual([1, 2, 3]);
    expect(workers[0]!.orders).toEqual([]);
    workers[2]!.says({ kind: 'serving' });
    expect(workers[0]!.received.at(-1)).toEqual({ kind: 'stop', othersServe: true });
    expect(running()).toEqual([1, 2, 3]);
    workers[0]!.ends();
    expect(running()).toEqual([2, 3, 4]);
    workers[3]!.says({ kind: 'serving' });
    workers[1]!.ends();
    expect(running()).toEqual([3, 4]);
    expect(logged.filter((event) => event === 'workers_rolled')).toHaveLength(1);
    expect(logged).not.toContain('worker_died');
  });

  it('runs once more if it is requested again, however often', () => {
    const { supervisor, workers, logged, running } = started();
    for (let n = 0; n < 4; n++) supervisor.roll();
    for (let next = 2; next < 6; next++) {
      workers[next]!.says({ kind: 'serving' });
      workers[next - 2]!.ends();
    }
    expect(running()).toEqual([5, 6]);
    expect(logged.filter((event) => event === 'workers_rolled')).toHaveLength(2);
  });

  it('stops if a new worker cannot start, and keeps the old ones', () => {
    const { supervisor, workers, logged, running, clock } = started();
    supervisor.roll();
    workers[2]!.says({ kind: 'failed', problem: 'no' });
    workers[2]!.ends(1);
    clock.advance(4_000);
    expect(running()).toEqual([1, 2]);
    expect(logged).toContain('workers_not_rolled');
    expect(workers[0]!.orders).toEqual([]);
  });

  it.each([
    ['before its replacement serves', false],
    ['while it drains', true],
  ])('has as many workers as before if the old one dies %s', (_, drains) => {
    const { supervisor, workers, running, clock } = started();
    supervisor.roll();
    if (drains) workers[2]!.says({ kind: 'serving' });
    workers[0]!.ends(null, 'SIGKILL');
    if (!drains) workers[2]!.says({ kind: 'serving' });
    expect(running()).toEqual([2, 3, 4]);
    workers[3]!.says({ kind: 'serving' });
    workers[1]!.ends();
    clock.advance(4_000);
    expect(running()).toEqual([3, 4]);
  });

  it('has as many workers as before if the new one dies while the old one drains', () => {
    const { supervisor, workers, running, clock } = started();
    supervisor.roll();
    workers[2]!.says({ kind: 'serving' });
    workers[2]!.ends(null, 'SIGKILL');
    workers[0]!.ends();
    clock.advance(200);
    for (let next = 3; next < workers.length; next++) {
      workers[next]!.says({ kind: 'serving' });
      for (const worker of workers) if (!worker.gone && worker.orders.includes('stop')) worker.ends();
    }
    expect(running()).toHaveLength(2);
  });

  it('waits until all workers have started', () => {
    const { supervisor, workers, running } = setUp();
    supervisor.start();
    supervisor.roll();
    workers[0]!.says({ kind: 'serving' });
    expect(running()).toEqual([1, 2]);
    workers[1]!.says({ kind: 'serving' });
    expect(running()).toEqual([1, 2, 3]);
  });
});

describe('the stop', () => {
  it('drains all workers together, also those that start, and resolves when all have ended', async () => {
    const { supervisor, workers, clock } = started();
    supervisor.roll();
    const stopped = supervisor.stop();
    for (const worker of workers) {
      expect(worker.received.at(-1)).toEqual({ kind: 'stop', othersServe: false });
    }
    workers[2]!.says({ kind: 'serving' }); // the message crossed the order
    for (const worker of workers) worker.ends();
    await stopped;
    expect(workers).toHaveLength(3);
    expect(clock.pending).toBe(0);
  });

  it('starts no replacement that was due', async () => {
    const { supervisor, workers, clock } = started();
    workers[1]!.ends(1);
    const stopped = supervisor.stop();
    workers[0]!.ends();
    await stopped;
    clock.advance(10_000);
    expect(workers).toHaveLength(2);
  });

  it('kills every worker at once if it must', () => {
    const { supervisor, workers } = started();
    supervisor.kill();
    expect(workers.map(({ killed }) => killed)).toEqual([true, true]);
  });
});
