import { parseTimestamp } from '../contract/index.js';
import { FeedTimeZone } from './feed-time-zone.js';

const read = (zone: string, text: string) => {
  const micros = parseTimestamp(text, new FeedTimeZone(zone).offsetOf);
  return new Date(micros! / 1_000).toISOString();
};

describe('FeedTimeZone', () => {
  it.each([
    ['Asia/Kolkata', '2026-11-22T10:13:39.333273', '2026-11-22T04:43:39.333Z'],
    ['Asia/Kathmandu', '2026-11-22T10:28:39', '2026-11-22T04:43:39.000Z'],
    ['America/New_York', '2026-11-21T23:43:39', '2026-11-22T04:43:39.000Z'],
    ['America/New_York', '2026-07-01T09:30:00', '2026-07-01T13:30:00.000Z'],
    ['Pacific/Kiritimati', '2026-01-01T00:00:00', '2025-12-31T10:00:00.000Z'],
    ['UTC', '2026-11-22T04:43:39', '2026-11-22T04:43:39.000Z'],
    ['Etc/UTC', '2026-11-22T04:43:39', '2026-11-22T04:43:39.000Z'],
  ])('in %s, %s is %s', (zone, local, utc) => expect(read(zone, local)).toBe(utc));

  it.each([
    ['the last second of summer', '2026-10-25T01:59:59', '2026-10-24T23:59:59.000Z'],
    ['the start of the repeated hour', '2026-10-25T02:00:00', '2026-10-25T00:00:00.000Z'],
    ['the end of the repeated hour', '2026-10-25T02:59:59', '2026-10-25T00:59:59.000Z'],
    ['the first second after the repeated hour', '2026-10-25T03:00:00', '2026-10-25T02:00:00.000Z'],
    ['the last second of winter', '2026-03-29T01:59:59', '2026-03-29T00:59:59.000Z'],
    ['a time in the skipped hour', '2026-03-29T02:30:00', '2026-03-29T01:30:00.000Z'],
    ['the first second of summer', '2026-03-29T03:00:00', '2026-03-29T01:00:00.000Z'],
  ])('converts %s to UTC when clocks change', (_, local, utc) =>
    expect(read('Europe/Berlin', local)).toBe(utc),
  );

  it('does not apply to a time that names its own zone', () => {
    expect(read('Asia/Kolkata', '2026-11-22T04:43:39Z')).toBe('2026-11-22T04:43:39.000Z');
    expect(read('Asia/Kolkata', '2026-11-22T05:43:39+01:00')).toBe('2026-11-22T04:43:39.000Z');
  });

  it('uses the offset of each day, for many days in a row', () => {
    const { offsetOf } = new FeedTimeZone('Europe/Berlin');
    for (let day = 1; day <= 200; day++) {
      const local = Date.UTC(2026, 0, day, 12);
      expect(offsetOf!(local)).toBe(day < 88 ? 3_600_000 : 7_200_000);
    }
  });
});
