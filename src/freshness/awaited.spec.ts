import { Awaited } from './awaited.js';

describe('Awaited', () => {
  it('tells once that what was waited for has come', () => {
    const awaited = new Awaited(10, () => true);
    expect([awaited.add('A'), awaited.add('A'), awaited.size]).toEqual([true, true, 1]);
    expect([awaited.take('B'), awaited.take('A', 'A:*'), awaited.take('A')]).toEqual([false, true, false]);
    awaited.add('A:*');
    awaited.add('A:2026-11-26');
    expect([awaited.take('A:2026-11-26', 'A:*'), awaited.size]).toEqual([true, 0]);
  });

  it('with too many drops those that no client waits for, and takes no more if all are waited for', () => {
    const wanted = new Set(['A', 'B']);
    const awaited = new Awaited(2, (name) => wanted.has(name));
    awaited.add('A');
    awaited.add('B');
    expect([awaited.add('C'), awaited.add('A')]).toEqual([false, true]);
    wanted.delete('A');
    expect([awaited.add('C'), awaited.take('A'), awaited.take('B', 'C')]).toEqual([true, false, true]);
  });
});
