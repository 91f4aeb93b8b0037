import { ConcurrencyLimit } from './concurrency-limit.js';

/** Tasks that end when the test says so. */
function setUp(limit: ConcurrencyLimit) {
  const ends: ((error?: Error) => void)[] = [];
  let running = 0;
  let most = 0;
  const run = () =>
    limit.run(async () => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve())));
      running--;
    });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { ends, run, turn, most: () => most };
}

it('runs a limited number of tasks, queues a limited number, and does not run the rest', async () => {
  const { ends, run, turn, most } = setUp(new ConcurrencyLimit(2, 3));
  const tasks = Array.from({ length: 6 }, run);
  expect(tasks.map((task) => task !== undefined)).toEqual([true, true, true, true, true, false]);
  for (let ended = 0; ended < 5; ended++) {
    await turn();
    ends[ended]!();
  }
  await Promise.all(tasks.flatMap((task) => task ?? []));
  expect(ends).toHaveLength(5);
  expect(most()).toBe(2);
});

it('gives a free slot to a waiting task, not to one that arrives at that moment', async () => {
  const { ends, run, turn, most } = setUp(new ConcurrencyLimit(1, 10));
  const first = run()!;
  const second = run();
  ends[0]!();
  await first;
  const third = run();
  await turn();
  expect(most()).toBe(1);
  ends[1]!();
  await second;
  await turn();
  ends[2]!();
  await third;
});

it('continues after a task has failed', async () => {
  const { ends, run, turn } = setUp(new ConcurrencyLimit(1, 1));
  const failing = run()!;
  const next = run()!;
  ends[0]!(new Error('away'));
  await expect(failing).rejects.toThrow('away');
  await turn();
  ends[1]!();
  await expect(next).resolves.toBeUndefined();
});
