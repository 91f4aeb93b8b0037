import { FakeClock } from '../../test/support/fake-clock.js';
import { RequestQueue } from './request-queue.js';

const microtasks = () => new Promise<void>((resolve) => process.nextTick(resolve));

interface Client {
  readonly name: string;
  readonly address?: string;
}

function setUp({ sliceMs = 5, maxWaiting = 1_000, maxWaitingOfClient = 100 } = {}) {
  const clock = new FakeClock();
  const queue = new RequestQueue<Client>({
    clock,
    ownerOf: ({ name, address = name }) => address,
    sliceMs,
    maxWaiting,
    maxWaitingOfClient,
  });
  const log: string[] = [];
  /** A request of several steps of `ms` each, which pauses between them if its slice is over. */
  const ask = (client: Client, request: string, { ms = 1, steps = 1 } = {}) =>
    queue.run(client, async () => {
      for (let step = 1; step <= steps; step++) {
        const pause = step > 1 ? queue.pause(client) : undefined;
        if (pause) await pause;
        clock.work(ms);
        log.push(steps === 1 ? `${client.name}${request}` : `${client.name}${request}.${step}`);
      }
    });
  /** Runs the rest of this slice, and then one turn of the event loop. */
  const slice = async () => {
    await microtasks();
    const done = log.splice(0);
    clock.turn();
    return done;
  };
  return { clock, queue, log, ask, slice };
}

const [a, b, c] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];

it('runs a request in the turn in which it arrives', () => {
  const { ask, log } = setUp();
  ask(a, '1');
  expect(log).toEqual(['a1']);
});

it('lets other work run after a slice, however many requests arrived in one read', async () => {
  const { ask, slice, queue } = setUp();
  for (let n = 1; n <= 12; n++) ask(a, `${n}`);
  expect(await slice()).toEqual(['a1', 'a2', 'a3', 'a4', 'a5']);
  expect(queue.waiting).toBeGreaterThan(0);
  expect(await slice()).toEqual(['a6', 'a7', 'a8', 'a9', 'a10']);
  expect(await slice()).toEqual(['a11', 'a12']);
  expect(queue.waiting).toBe(0);
});

it('lets addresses take turns, however many clients each of them has', async () => {
  const { ask, slice } = setUp({ sliceMs: 8 });
  const [x, y, z] = ['x', 'y', 'z'].map((name) => ({ name, address: '192.0.2.7' }));
  for (const client of [x!, y!, z!]) for (const request of ['1', '2']) ask(client, request);
  ask(a, '1');
  ask(a, '2');
  expect([...(await slice()), ...(await slice())]).toEqual(['x1', 'y1', 'a1', 'z1', 'a2', 'x2', 'y2', 'z2']);
});

it('lets clients take turns, each with its requests in order', async () => {
  const { ask, slice } = setUp({ sliceMs: 3 });
  for (let n = 1; n <= 6; n++) ask(a, `${n}`);
  ask(b, '1');
  ask(b, '2');
  ask(c, '1');
  expect([...(await slice()), ...(await slice()), ...(await slice())]).toEqual([
    'a1',
    'b1',
    'c1',
    'a2',
    'b2',
    'a3',
    'a4',
    'a5',
    'a6',
  ]);
});

it('pauses a long request when the slice is over, and resumes it before later ones of its client', async () => {
  const { ask, slice } = setUp({ sliceMs: 2 });
  ask(a, '1', { steps: 5 });
  ask(a, '2');
  ask(b, '1');
  expect(await slice()).toEqual(['a1.1', 'a1.2']);
  expect(await slice()).toEqual(['a1.3', 'a1.4']);
  expect(await slice()).toEqual(['b1', 'a1.5']);
  expect(await slice()).toEqual(['a2']);
});

it('delays only the same client if a request waits for something else', async () => {
  const { queue, ask, slice, log } = setUp();
  let answer: () => void = () => undefined;
  queue.run(a, () => new Promise((resolve) => (answer = resolve)));
  ask(a, '2');
  ask(b, '1');
  await slice();
  expect(log).toEqual(['b1']);
  await slice();
  expect(log).toEqual([]);
  answer();
  await microtasks();
  expect(log).toEqual(['a2']);
});

it('drops the waiting requests of a disconnected client, and finishes its paused one', async () => {
  const { queue, ask, slice } = setUp({ sliceMs: 2 });
  ask(a, '1', { steps: 3 });
  ask(a, '2');
  expect(await slice()).toEqual(['a1.1', 'a1.2']);
  queue.forget(a);
  expect(queue.waiting).toBe(0);
  expect(await slice()).toEqual(['a1.3']);
  expect(await slice()).toEqual([]);
});

it('limits the waiting requests of one client and of all, but accepts one of every client', () => {
  const { queue, ask } = setUp({ sliceMs: 1, maxWaiting: 5, maxWaitingOfClient: 3 });
  ask(c, '1'); // the slice is over
  for (let n = 1; n <= 3; n++) ask(a, `${n}`);
  expect(queue.hasRoomFor(a)).toBe(false);
  expect(queue.hasRoomFor(b)).toBe(true);
  for (let n = 1; n <= 2; n++) ask(b, `${n}`);
  expect(queue.waiting).toBe(5);
  expect(queue.hasRoomFor(b)).toBe(false);
  expect(queue.hasRoomFor(c)).toBe(true);
});

it('keeps neither a timer nor client state once all requests are done', async () => {
  const { ask, slice, clock } = setUp();
  ask(a, '1');
  await slice();
  await slice();
  expect(clock.pending).toBe(0);
});
