import { EventEmitter } from 'node:events';
import { ProcessEnd } from './process-end.js';
import { systemClock } from '../common/clock.js';

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];

  exit(code: number): void {
    this.exits.push(code);
  }
}

function setUp(deadlineMs = 60_000) {
  const process = new FakeProcess();
  const logged: string[] = [];
  const note = (_: unknown, message?: string) => void logged.push(message ?? '');
  const end = new ProcessEnd(
    { info: note, error: note, fatal: note } as never,
    deadlineMs,
    process,
    systemClock,
  );
  let closed!: () => void;
  let failed!: (error: Error) => void;
  let closings = 0;
  const gateway = {
    close: () => {
      closings++;
      return new Promise<void>((resolve, reject) => ([closed, failed] = [resolve, reject]));
    },
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    process,
    end,
    gateway,
    logged,
    settle,
    closings: () => closings,
    closed: () => closed(),
    failed: (error: Error) => failed(error),
  };
}

it.each(['SIGTERM', 'SIGINT'])('exits with 0 on %s after the gateway has closed', async (signal) => {
  const { process, end, gateway, closed, settle } = setUp();
  end.serve(gateway);
  process.emit(signal);
  await settle();
  expect(process.exits).toEqual([]);
  closed();
  await settle();
  expect(process.exits).toEqual([0]);
});

it.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
])('exits at once on a second signal, %s, whichever signal came first', (second, code) => {
  const { process, end, gateway, closings } = setUp();
  end.serve(gateway);
  process.emit('SIGTERM');
  process.emit(second);
  expect(process.exits).toEqual([code]);
  expect(closings()).toBe(1);
});

it.each(['uncaughtException', 'unhandledRejection'])(
  'closes the gateway on %s, and exits with 1',
  async (event) => {
    const { process, end, gateway, logged, closed, closings, settle } = setUp();
    end.serve(gateway);
    process.emit(event, new Error('bug'));
    process.emit(event, new Error('another bug'));
    expect(logged).toEqual(['uncaught_error', 'uncaught_error']);
    expect(closings()).toBe(1);
    closed();
    await settle();
    expect(process.exits).toEqual([1]);
  },
);

it('exits with 1 if an error occurs after a signal', async () => {
  const { process, end, gateway, closed, settle } = setUp();
  end.serve(gateway);
  process.emit('SIGTERM');
  process.emit('uncaughtException', new Error('bug'));
  closed();
  await settle();
  expect(process.exits).toEqual([1]);
});

it('does not exit at once on the first signal if an error has already started the shutdown', async () => {
  const { process, end, gateway, closed, settle } = setUp();
  end.serve(gateway);
  process.emit('uncaughtException', new Error('bug'));
  process.emit('SIGTERM');
  expect(process.exits).toEqual([]);
  closed();
  await settle();
  expect(process.exits).toEqual([1]);
});

it.each([
  ['uncaughtException', 1],
  ['SIGTERM', 0],
])('exits at once on %s before there is a gateway to close', (event, code) => {
  const { process } = setUp();
  process.emit(event, new Error('bug'));
  expect(process.exits).toEqual([code]);
});

it('exits with 1 if closing fails or does not finish', async () => {
  const failing = setUp();
  failing.end.serve(failing.gateway);
  failing.process.emit('SIGTERM');
  failing.failed(new Error('no'));
  await failing.settle();
  expect(failing.process.exits).toEqual([1]);

  const hanging = setUp(1);
  hanging.end.serve(hanging.gateway);
  hanging.process.emit('SIGTERM');
  await new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (hanging.process.exits.length === 0) return;
      clearInterval(look);
      resolve();
    }, 5);
  });
  expect(hanging.process.exits).toEqual([1]);
  expect(hanging.logged).toContain('socket_gateway_stop_timed_out');
});
