import { offsetText, ZoneWatch } from './zone-watch.js';

const MINUTE = 60_000;
const INDIA = 330 * MINUTE;

const told = (aheads: readonly number[]) => {
  const watch = new ZoneWatch();
  return aheads.map((ahead) => watch.observe(ahead)).filter((offset) => offset !== undefined);
};
const times = (count: number, ahead: number) => Array.from({ length: count }, () => ahead);

describe('ZoneWatch', () => {
  it.each([INDIA, 345 * MINUTE, -5 * 60 * MINUTE, 15 * MINUTE])(
    'reports times that differ by the offset of a time zone: %d ms',
    (offset) => {
      expect(told(times(19, offset - 40))).toEqual([]);
      expect(told(times(21, offset - 40))).toEqual([offset, offset]);
    },
  );

  it.each([
    ['right', 0],
    ['a little late', -3_000],
    ['late by seven minutes', -7 * MINUTE],
    ['from a replayed recording', -365 * 24 * 60 * MINUTE],
  ])('reports nothing for times that are %s', (_, ahead) => expect(told(times(100, ahead))).toEqual([]));

  it('reports nothing for single messages that are late by a quarter of an hour', () => {
    const mixed = Array.from({ length: 200 }, (_, n) => (n % 10 === 0 ? 0 : -15 * MINUTE));
    expect(told(mixed)).toEqual([]);
    expect(told(times(200, 0).map((_, n) => (n % 2 ? INDIA : -INDIA)))).toEqual([]);
  });

  it('formats an offset in the usual notation', () => {
    expect([INDIA, -5 * 60 * MINUTE, 15 * MINUTE].map(offsetText)).toEqual(['+05:30', '-05:00', '+00:15']);
  });
});
