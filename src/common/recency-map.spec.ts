import fc from 'fast-check';
import { RecencyMap } from './recency-map.js';

type Action = readonly ['set' | 'delete' | 'clear', number];

const actions = fc.array(
  fc.tuple(fc.constantFrom('set', 'set', 'set', 'set', 'delete', 'clear'), fc.integer({ min: 0, max: 5 })),
  { size: 'large' },
);

/** The usual way, whose order is the right one. */
function setLast(map: Map<number, number>, key: number, value: number): void {
  map.delete(key);
  map.set(key, value);
}

it('has the order of a Map whose keys are deleted and set again', () => {
  fc.assert(
    fc.property(actions, (list) => {
      const expected = new Map<number, number>();
      const map = new RecencyMap<number, number>();
      (list as Action[]).forEach(([action, key], n) => {
        if (action === 'set') {
          setLast(expected, key, n);
          map.set(key, n);
        } else if (action === 'delete') {
          expect(map.delete(key)).toBe(expected.delete(key));
        } else {
          expected.clear();
          map.clear();
        }
        expect([...map.keys()]).toEqual([...expected.keys()]);
        expect([...map.values()]).toEqual([...expected.values()]);
        expect([map.size, map.firstKey]).toEqual([expected.size, [...expected.keys()][0]]);
        expect(map.get(key)).toBe(expected.get(key));
      });
    }),
  );
});

it('lets a loop delete the current key', () => {
  const map = new RecencyMap<number, number>();
  for (const key of [1, 2, 3]) map.set(key, key);
  const seen: number[] = [];
  for (const value of map.values()) {
    seen.push(value);
    if (value !== 2) map.delete(value);
  }
  expect([seen, [...map.keys()]]).toEqual([[1, 2, 3], [2]]);
});
