import { UnsentBytes } from './unsent-bytes.js';

it('refuses what exceeds the limit of a caller or of all, and lets one response always pass', () => {
  const unsent = new UnsentBytes({ maxPerCaller: 100, maxTotal: 250 });
  expect(unsent.refusal('a', 400)).toBeUndefined();
  unsent.add('a', 90);
  expect(unsent.refusal('a', 10)).toBeUndefined();
  expect(unsent.refusal('a', 11)).toBe('caller');
  unsent.add('b', 100);
  expect(unsent.refusal('c', 60)).toBeUndefined();
  expect(unsent.refusal('c', 61)).toBe('total');
  unsent.remove('a', 90);
  expect(unsent.refusal('a', 150)).toBeUndefined();
  unsent.remove('b', 100);
  expect(unsent.total).toBe(0);
  expect(unsent.refusal('c', 1_000)).toBeUndefined();
});
