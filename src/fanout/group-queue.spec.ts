import type { ClientGroup } from './fanout-client.js';
import { Group } from './group.js';
import { GroupQueue } from './group-queue.js';

const group = (key: string): ClientGroup => new Group(key, [key]);

function taken(queue: GroupQueue): string[] {
  const due = queue.take();
  const keys = due.groups.slice(0, due.count).map((one) => one!.key);
  queue.done();
  return keys;
}

describe('GroupQueue', () => {
  it('has each group once, in the order of its first frame', () => {
    const queue = new GroupQueue();
    const [a, b] = [group('a'), group('b')];
    for (const one of [a, b, a]) queue.add(one);
    expect(queue.size).toBe(2);
    expect(taken(queue)).toEqual(['a', 'b']);
    expect([queue.size, taken(queue)]).toEqual([0, []]);
  });

  it('leaves out a group that was removed, and has it once if it was added again', () => {
    const queue = new GroupQueue();
    const [a, b, c] = [group('a'), group('b'), group('c')];
    for (const one of [a, b, c]) queue.add(one);
    queue.remove(a);
    queue.remove(b);
    queue.add(b);
    expect(queue.size).toBe(2);
    expect(taken(queue)).toEqual(['b', 'c']);
  });

  it('keeps what is added during a flush for the next one', () => {
    const queue = new GroupQueue();
    const [a, b] = [group('a'), group('b')];
    queue.add(a);
    queue.take();
    queue.add(a);
    queue.add(b);
    queue.done();
    expect(taken(queue)).toEqual(['a', 'b']);
  });

  it('keeps nothing of groups that are written without a flush', () => {
    const queue = new GroupQueue();
    for (let n = 0; n < 1_000; n++) {
      const one = group('a');
      queue.add(one);
      queue.remove(one);
    }
    const { waiting } = queue as unknown as {
      readonly waiting: { readonly groups: unknown[]; count: number };
    };
    expect([waiting.count, waiting.groups.filter(Boolean)]).toEqual([0, []]);
  });
});
