import { MarketHours, MarketHoursError, MARKET_HOURS_EXAMPLE } from './market-hours.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const openFor = (text: string, time: string, product = 'NIFTY') =>
  MarketHours.parse(text).scheduleOf(product).openForMs(Date.parse(time));

describe('MarketHours', () => {
  const INDIA = 'Asia/Kolkata Mon-Fri 09:15-15:30';
  const NEW_YORK = 'America/New_York Mon-Fri 09:30-16:00';

  it('is always open if no hours are set', () => {
    expect(openFor('', '2026-11-22T00:00:00Z')).toBe(Infinity);
    expect(openFor(' ', '2026-11-22T00:00:00Z')).toBe(Infinity);
  });

  it.each<[string, number | undefined, string]>([
    ['2026-11-23T03:44:59.999Z', undefined, 'Monday 09:14:59'],
    ['2026-11-23T03:45:00.000Z', 0, 'Monday 09:15'],
    ['2026-11-23T03:45:10.250Z', 10_250, 'ten seconds later'],
    ['2026-11-23T09:59:59.999Z', 6 * HOUR + 15 * MINUTE - 1, 'Monday 15:29:59'],
    ['2026-11-23T10:00:00.000Z', undefined, 'Monday 15:30'],
    ['2026-11-21T05:00:00.000Z', undefined, 'Saturday'],
    ['2026-11-22T19:00:00.000Z', undefined, 'Monday 00:30 there, Sunday in UTC'],
  ])('%s is open for %p (%s)', (time, expected, _) => {
    expect(openFor(INDIA, time)).toBe(expected);
  });

  it.each<[string, number | undefined, string]>([
    ['2026-03-06T14:30:00Z', 0, 'Friday before the clocks change, UTC-5'],
    ['2026-03-09T13:29:59Z', undefined, 'Monday after, UTC-4'],
    ['2026-03-09T13:30:00Z', 0, 'Monday after, UTC-4'],
    ['2026-10-30T13:30:00Z', 0, 'Friday before they change back'],
    ['2026-11-02T13:30:00Z', undefined, 'Monday after'],
    ['2026-11-02T14:30:00Z', 0, 'Monday after'],
  ])('follows local time when the clocks change: %s is open for %p (%s)', (time, expected, _) => {
    expect(openFor(NEW_YORK, time)).toBe(expected);
  });

  it('has separate schedules for named products, and the general one for all others', () => {
    const text = `${INDIA}; AAPL, M&M =${NEW_YORK}`;
    const indianMorning = '2026-11-23T04:45:00Z';
    const newYorkMorning = '2026-11-23T15:30:00Z';
    expect(openFor(text, indianMorning)).toBe(HOUR);
    expect(openFor(text, newYorkMorning)).toBeUndefined();
    for (const product of ['AAPL', 'M&M']) {
      expect(openFor(text, indianMorning, product)).toBeUndefined();
      expect(openFor(text, newYorkMorning, product)).toBe(HOUR);
    }
    expect(openFor(`AAPL=${NEW_YORK}`, indianMorning)).toBe(Infinity);
  });

  it('ends the next day if the end is before the beginning', () => {
    const text = 'UTC Sun-Thu 22:00-21:00';
    expect(openFor(text, '2026-11-22T22:00:00Z')).toBe(0); // Sunday
    expect(openFor(text, '2026-11-23T20:59:59Z')).toBe(23 * HOUR - SECOND);
    expect(openFor(text, '2026-11-23T21:00:00Z')).toBeUndefined();
    expect(openFor(text, '2026-11-27T20:00:00Z')).toBe(22 * HOUR); // Friday, begun on Thursday
    expect(openFor(text, '2026-11-27T22:00:00Z')).toBeUndefined();
  });

  it('is open for 24 hours if the end equals the beginning', () => {
    const text = 'UTC Mon,Sat 17:00-17:00';
    expect(openFor(text, '2026-11-23T16:59:59Z')).toBeUndefined(); // Monday
    expect(openFor(text, '2026-11-23T17:00:00Z')).toBe(0);
    expect(openFor(text, '2026-11-24T16:59:59Z')).toBe(24 * HOUR - SECOND);
    expect(openFor(text, '2026-11-24T17:00:00Z')).toBeUndefined();
    expect(openFor(text, '2026-11-22T16:59:59Z')).toBe(24 * HOUR - SECOND); // Sunday, began last week
  });

  it.each<[string, string, number]>([
    ['UTC Mon-Fri 00:00-24:00', '2026-11-25T00:00:00Z', 48 * HOUR], // Wednesday
    ['UTC Sun-Thu 17:00-17:00', '2026-11-24T17:00:00Z', 48 * HOUR], // Tuesday
    ['UTC Sat-Sun 00:00-24:00', '2026-11-22T01:00:00Z', 25 * HOUR], // Sunday
    ['UTC Mon 09:00-12:00,12:00-15:00,11:00-14:00', '2026-11-23T14:30:00Z', 5.5 * HOUR],
    ['UTC Mon 09:00-15:00,10:00-11:00', '2026-11-23T14:00:00Z', 5 * HOUR],
    ['UTC Mon-Sun 00:00-24:00', '2026-11-25T00:00:00Z', Infinity],
    ['America/New_York Mon-Sun 17:00-17:00', '2026-11-01T21:30:00Z', Infinity], // clocks change
    ['UTC Sun-Fri 22:00-22:00; UTC Sat 22:00-23:00', '2026-11-28T22:30:00Z', 144.5 * HOUR], // Saturday
    ['UTC Mon 09:00-12:00; Asia/Kolkata Mon 17:00-20:00', '2026-11-23T14:00:00Z', 5 * HOUR], // 11:30-14:30 UTC
    ['UTC Mon 09:00-12:00; Asia/Kolkata Mon 17:30-20:00', '2026-11-23T14:00:00Z', 5 * HOUR], // from 12:00
    ['UTC Mon 09:00-12:00; Asia/Kolkata Mon 17:31-20:00', '2026-11-23T14:01:00Z', 2 * HOUR], // from 12:01
  ])('counts windows that touch or overlap as one: %s at %s', (text, time, expected) => {
    expect(openFor(text, time)).toBe(expected);
  });

  it('is always open if the windows of several zones together cover the whole day', () => {
    const text = 'UTC Mon-Sun 00:00-12:00; Asia/Tokyo Mon-Sun 20:00-09:00'; // 11:00 to 24:00 in UTC
    expect(openFor(text, '2026-11-25T00:00:00Z')).toBeGreaterThanOrEqual(7 * 24 * HOUR);
    expect(openFor(`UTC Mon-Sun 00:00-24:00; ${INDIA}`, '2026-11-25T00:00:00Z')).toBe(Infinity);
  });

  it('combines the entries of a product, and those for all products', () => {
    const text =
      'UTC Mon-Thu 08:00-20:00; A,B=UTC Mon 10:00-11:00; UTC Fri 08:00-16:00; A=UTC Fri 12:00-13:00';
    const monday = '2026-11-23T10:30:00Z';
    const friday = '2026-11-27T12:30:00Z';
    expect(['N', 'A', 'B'].map((product) => openFor(text, monday, product))).toEqual([
      2.5 * HOUR,
      0.5 * HOUR,
      0.5 * HOUR,
    ]);
    expect(['N', 'A', 'B'].map((product) => openFor(text, friday, product))).toEqual([
      4.5 * HOUR,
      0.5 * HOUR,
      undefined,
    ]);
    expect(openFor(text, '2026-11-27T16:00:00Z')).toBeUndefined();
  });

  it('has one schedule for all products without hours of their own', () => {
    const hours = MarketHours.parse('A,B=UTC Mon 09:00-10:00; A,B,C=UTC Tue 09:00-10:00');
    expect(hours.scheduleOf('A')).not.toBe(hours.scheduleOf('B'));
    expect(hours.scheduleOf('D')).toBe(hours.scheduleOf('E'));
  });

  it('accepts several periods and days', () => {
    const text = 'Asia/Tokyo Mon,Wed-Thu 09:00-11:30,12:30-24:00';
    expect(openFor(text, '2026-11-23T02:00:00Z')).toBe(2 * HOUR); // Monday 11:00
    expect(openFor(text, '2026-11-23T03:00:00Z')).toBeUndefined(); // 12:00
    expect(openFor(text, '2026-11-23T14:59:59Z')).toBe(11.5 * HOUR - SECOND); // 23:59:59
    expect(openFor(text, '2026-11-24T02:00:00Z')).toBeUndefined(); // Tuesday
    expect(openFor(text, '2026-11-26T02:00:00Z')).toBe(2 * HOUR); // Thursday
  });

  it('accepts a range of days that wraps around the week', () => {
    const days = ['22', '23', '24', '25', '26', '27', '28'].map((day) => `2026-11-${day}T12:00:00Z`); // from a Sunday
    expect(days.map((time) => openFor('UTC fri-MON 12:00-13:00', time) === 0)).toEqual([
      true,
      true,
      false,
      false,
      false,
      true,
      true,
    ]);
  });

  it('names its zones, each once', () => {
    expect(MarketHours.parse('').zones).toEqual([]);
    expect(MarketHours.parse(`${INDIA}; A=${NEW_YORK}; B=${INDIA}`).zones).toEqual([
      'Asia/Kolkata',
      'America/New_York',
    ]);
  });

  it('reads its own example', () => {
    expect(openFor(MARKET_HOURS_EXAMPLE, '2026-11-23T03:45:00Z')).toBe(0);
    expect(openFor(MARKET_HOURS_EXAMPLE, '2026-11-23T14:30:00Z', 'TSLA')).toBe(0);
  });

  it.each([
    ['Asia/Nowhere Mon-Fri 09:15-15:30', '"Asia/Nowhere" is not a time zone'],
    ['BST Mon-Fri 08:00-16:30', '"BST" is an abbreviation: write Europe/London'],
    ['AAPL=EST Mon-Fri 09:30-16:00', '"EST" is an abbreviation: write America/New_York'],
    ['Mon-Fri 09:15-15:30', '"Mon-Fri 09:15-15:30" is not a time zone, days and times'],
    ['UTC Mon-Fri', '"UTC Mon-Fri" is not a time zone, days and times'],
    ['UTC Mon-Fri , ', '"UTC Mon-Fri ," is not a time zone, days and times'],
    ['UTC Mon-Fry 09:15-15:30', '"Mon-Fry" is not a day or days'],
    ['UTC Mon-Tue-Wed 09:15-15:30', '"Mon-Tue-Wed" is not a day or days'],
    ['UTC Mon 9:15-15:30', '"9:15-15:30" is not a time such as 09:15-15:30'],
    ['UTC Mon 09:60-15:30', '"09:60-15:30" is not a time'],
    ['UTC Mon 24:00-01:00', '"24:00-01:00" is not a time'],
    ['UTC Mon 09:00-24:01', '"09:00-24:01" is not a time'],
    ['UTC Mon 24:00-24:00', '"24:00-24:00" is not a time'],
    ['A B=UTC Mon 09:00-10:00', '"A B" is not a symbol'],
    ['=UTC Mon 09:00-10:00', '"" is not a symbol'],
    [' ; ', '" ; " has no entry'],
  ])('rejects %p with a reason', (text, reason) => {
    expect(() => MarketHours.parse(text)).toThrow(MarketHoursError);
    expect(() => MarketHours.parse(text)).toThrow(reason);
  });

  it('shortens a long text in the error message', () => {
    expect(() => MarketHours.parse('x'.repeat(5_000))).toThrow(`"${'x'.repeat(40)}..." is not`);
  });
});
