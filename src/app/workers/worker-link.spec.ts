import { FakeClock } from '../../../test/support/fake-clock.js';
import type { ToPrimary, ToWorker } from './messages.js';
import { WorkerLink } from './worker-link.js';

function setUp() {
  const clock = new FakeClock();
  const sent: ToPrimary[] = [];
  let receive!: (message: ToWorker) => void;
  let lost!: () => void;
  const link = new WorkerLink(
    {
      worker: 2,
      send: (message) => void sent.push(message),
      listen: (received, lose) => ([receive, lost] = [received, lose]),
    },
    clock,
  );
  let stops = 0;
  link.open(() => void stops++);
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { clock, sent, link, settle, receive, lost, stops: () => stops };
}

it('stops once, however often it is told', () => {
  const { link, receive, lost, stops } = setUp();
  receive({ kind: 'stop', othersServe: true });
  expect(link.othersServe).toBe(true);
  receive({ kind: 'stop', othersServe: false });
  lost();
  expect(stops()).toBe(1);
  expect(link.othersServe).toBe(false);
});

it('stops if the primary is gone', () => {
  const { lost, stops } = setUp();
  lost();
  expect(stops()).toBe(1);
});

it('answers pings and requests for reports, and one that fails as missing', async () => {
  const { sent, link, receive, settle } = setUp();
  link.provide('metrics', () => Promise.resolve('numbers'));
  link.provide('health', () => Promise.reject(new Error('no')));
  receive({ kind: 'ping' });
  receive({ kind: 'report', id: 1, of: 'metrics' });
  receive({ kind: 'report', id: 2, of: 'health' });
  await settle();
  expect(sent).toEqual([
    { kind: 'pong' },
    { kind: 'reported', id: 1, report: 'numbers' },
    { kind: 'reported', id: 2, report: undefined },
  ]);
});

it('adds its own report to those of the others', async () => {
  const { sent, link, receive, settle } = setUp();
  link.provide('metrics', () => Promise.resolve('mine'));
  const collected = link.collect('metrics');
  await settle();
  const { id } = sent[0] as { id: number };
  const worker = (number: number, report?: string) =>
    ({ worker: number, pid: number, state: 'serving', report }) as const;
  const rest = { restarts: { exited: 0, hung: 0 }, startedAt: 5, logLinesDropped: 0 };
  receive({ kind: 'answer', id, collected: { ...rest, workers: [worker(1, 'its'), worker(2)] } });
  expect(await collected).toEqual({ ...rest, workers: [worker(1, 'its'), worker(2, 'mine')] });
});

it('fails if the primary does not answer', async () => {
  const { link, clock } = setUp();
  const collected = link.collect('metrics');
  clock.advance(5_000);
  await expect(collected).rejects.toThrow('The primary process did not answer');
  expect(clock.pending).toBe(0);
});
