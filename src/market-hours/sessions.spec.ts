import { MarketHours } from './market-hours.js';
import { SpecialDays } from './special-days.js';

const INDIA = 'Asia/Kolkata Mon-Fri 09:15-15:30';
const sessionAt = (hours: string, time: string, special = ''): string => {
  const schedule = MarketHours.parse(hours, SpecialDays.parse(special)).generalSchedule;
  return new Date(schedule.sessionStartAt(Date.parse(time))).toISOString().replace(':00.000Z', 'Z');
};

describe('the session that a time is in', () => {
  // 2026-11-23 is a Monday. India is 5:30 hours ahead of UTC.
  it.each([
    ['2026-11-23T03:45:00Z', '2026-11-23T03:45Z', 'the opening'],
    ['2026-11-23T03:44:59.999Z', '2026-11-20T03:45Z', 'before the opening of Monday: that of Friday'],
    ['2026-11-23T09:00:00Z', '2026-11-23T03:45Z', 'during the session'],
    ['2026-11-23T23:00:00Z', '2026-11-23T03:45Z', 'after it'],
    ['2026-11-22T12:00:00Z', '2026-11-20T03:45Z', 'on Sunday'],
  ])('%s: %s (%s)', (time, expected) => {
    expect(sessionAt(INDIA, time)).toBe(expected);
  });

  it.each([
    [
      'a break begins none',
      'Asia/Tokyo Mon-Fri 09:00-11:30,12:30-15:30',
      '2026-11-23T05:00Z',
      '2026-11-23T00:00Z',
    ],
    [
      'pre-open is not open',
      'UTC Mon-Fri pre:08:00-09:00,09:00-16:00',
      '2026-11-23T08:30Z',
      '2026-11-20T09:00Z',
    ],
    ['it lasts over midnight', 'UTC Sun-Thu 22:00-21:00', '2026-11-24T03:00Z', '2026-11-23T22:00Z'],
    [
      'a market that never closes',
      'Asia/Kolkata Sun-Sat 00:00-24:00',
      '2026-11-24T03:00Z',
      '2026-11-23T18:30Z',
    ],
    ['one that is open for days', 'UTC Mon-Fri 00:00-24:00', '2026-11-25T13:00Z', '2026-11-25T00:00Z'],
    ['one that was open for days', 'UTC Mon-Fri 00:00-24:00', '2026-11-29T13:00Z', '2026-11-27T00:00Z'],
    ['without hours', '', '2026-11-24T03:00Z', '2026-11-24T00:00Z'],
    ['two zones, one opening', `${INDIA}; UTC Mon-Fri 08:00-16:00`, '2026-11-23T08:30Z', '2026-11-23T03:45Z'],
    [
      'two zones, two openings on one day',
      `${INDIA}; UTC Mon-Fri 12:00-16:00`,
      '2026-11-23T12:30Z',
      '2026-11-23T03:45Z',
    ],
    [
      'a zone without an opening',
      `${INDIA}; UTC Mon-Fri pre:01:00-02:00`,
      '2026-11-23T12:30Z',
      '2026-11-23T03:45Z',
    ],
    [
      'after the clocks changed',
      'America/New_York Mon-Fri 09:30-16:00',
      '2026-11-02T15:00Z',
      '2026-11-02T14:30Z',
    ],
    [
      'on the day of the change',
      'America/New_York Sat 09:30-16:00',
      '2026-11-01T12:00Z',
      '2026-10-31T13:30Z',
    ],
  ])('%s', (_, hours, time, expected) => {
    expect(sessionAt(hours, time)).toBe(expected);
  });

  const ALL_DAY = 'UTC Mon-Sun 09:00-17:00; Asia/Tokyo Mon-Sun 01:00-19:00';
  it.each([
    ['2026-11-23T09:00Z', '2026-11-23T00:00Z'],
    ['2026-11-23T16:00Z', '2026-11-23T00:00Z'],
    ['2026-11-23T23:59Z', '2026-11-23T00:00Z'],
    ['2026-11-24T00:00Z', '2026-11-24T00:00Z'],
  ])('two zones of which one is always open: at %s, that of %s', (time, expected) => {
    expect(sessionAt(ALL_DAY, time)).toBe(expected);
  });

  it.each([
    INDIA,
    '',
    ALL_DAY,
    'UTC Sun-Thu 22:00-21:00',
    `${INDIA}; America/New_York Mon-Fri 09:30-16:00; UTC Mon-Fri 08:00-16:30`,
    'Australia/Sydney Mon-Fri 08:00-17:00; Europe/London Mon-Fri 07:00-17:00; America/New_York Mon-Fri 08:00-17:00',
    'America/New_York Sun-Thu 17:00-16:59; Asia/Tokyo Mon,Wed-Thu 09:00-11:30,12:30-24:00',
  ])('all times since the beginning of a session are in it: %s', (hours) => {
    const schedule = MarketHours.parse(hours).generalSchedule;
    for (let hour = 0; hour < 24 * 21; hour++) {
      const time = Date.UTC(2026, 9, 20, hour, 7);
      const start = schedule.sessionStartAt(time);
      expect(start).toBeLessThanOrEqual(time);
      for (const at of [start, start + 1, (start + time) / 2])
        expect(schedule.sessionStartAt(at)).toBe(start);
    }
  });

  it('knows holidays, days with other hours, and that a halt begins none', () => {
    expect(sessionAt(INDIA, '2026-11-24T06:00Z', '2026-11-24 Asia/Kolkata')).toBe('2026-11-23T03:45Z');
    const evening = '2026-11-24 Asia/Kolkata 18:00-19:15';
    expect(sessionAt(INDIA, '2026-11-24T13:00Z', evening)).toBe('2026-11-24T12:30Z');
    expect(sessionAt(INDIA, '2026-11-24T06:00Z', 'halt Asia/Kolkata')).toBe('2026-11-24T03:45Z');
  });

  it('begins one each midnight if the market has not opened for a week', () => {
    const closed = ['16', '17', '18', '19', '20', '23', '24'].map((day) => `2026-11-${day} UTC`).join('; ');
    expect(sessionAt('UTC Mon-Fri 09:00-16:00', '2026-11-24T13:00Z', closed)).toBe('2026-11-24T00:00Z');
  });
});
