import { parseTimestamp } from '../../contract/index.js';
import { resumePoint, sinceOf } from './resume-point.js';

describe('resumePoint', () => {
  it.each<[unknown, number | undefined]>([
    ['1795916846725639', 1_795_916_846_725_639],
    ['0', 0],
    [undefined, undefined],
    [null, undefined],
    ['', undefined],
    ['-1', undefined],
    ['1e9', undefined],
    ['12 ', undefined],
    ['abc', undefined],
    ['9999999999999999', undefined],
    ['17959168467256390', undefined],
    [['1', '2'], undefined],
  ])('of %j is %j', (id, point) => {
    expect(resumePoint(id)).toBe(point);
  });
});

describe('sinceOf', () => {
  it.each([0, 1, 999, 1_000, 1_795_916_846_725_639, Number.MAX_SAFE_INTEGER])(
    'keeps the microseconds of %d',
    (micros) => {
      expect(parseTimestamp(sinceOf(micros, true))).toBe(micros);
    },
  );

  it('names the zone, so that the setting FEED_TIME_ZONE does not matter', () => {
    const since = sinceOf(1_795_916_846_725_639, true);
    expect(since).toBe('2026-11-29T01:47:26.725639Z');
    expect(parseTimestamp(since, () => 3_600_000)).toBe(1_795_916_846_725_639);
  });

  it('goes back two seconds if the id may be that of another product, but not before 1970', () => {
    expect(parseTimestamp(sinceOf(1_795_916_846_725_639, false))).toBe(1_795_916_844_725_639);
    expect(sinceOf(5, false)).toBe('1970-01-01T00:00:00.000000Z');
  });
});
