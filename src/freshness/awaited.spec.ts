import { Awaited } from './awaited.js';

describe('Awaited', () => {
  it('reports an awaited name once', () => {
    const awaited = new Awaited(10, () => true);
    expect([awaited.add('A'), awaited.add('A'), awaited.size]).toEqual([true, true, 1]);
    expect([awaited.take('B'), awaited.take('A', 'A:*'), awaited.take('A')]).toEqual([false, true, false]);
    awaited.add('A:*');
    awaited.add('A:2026-11-26');
    expect([awaited.take('A:2026-11-26', 'A:*'), awaited.size]).toEqual([true, 0]);
  });

  it('removes unwanted names when it is full, and accepts no more if all are wanted', () => {
    const wanted = new Set(['A', 'B']);
    const awaited = new Awaited(2, (name) => wanted.has(name));
    awaited.add('A');
    awaited.add('B');
    expect([awaited.add('C'), awaited.add('A')]).toEqual([false, true]);
    wanted.delete('A');
    expect([awaited.add('C'), awaited.take('A'), awaited.take('B', 'C')]).toEqual([true, false, true]);
  });

  it('checks only a few names per rejected one, and finds an unwanted one in the end', () => {
    let looks = 0;
    const wanted = new Set(Array.from({ length: 1_000 }, (_, n) => `A${n}`));
    const awaited = new Awaited(1_000, (name) => looks++ >= 0 && wanted.has(name));
    for (const name of wanted) awaited.add(name);
    for (let n = 0; n < 100; n++) expect(awaited.add(`B${n}`)).toBe(false);
    expect(looks).toBeLessThanOrEqual(100 * 32);
    wanted.delete('A500');
    let tries = 0;
    while (!awaited.add('C')) expect(++tries).toBeLessThan(100);
    expect([awaited.size, awaited.take('A500'), awaited.take('A0')]).toEqual([1_000, false, true]);
  });
});
