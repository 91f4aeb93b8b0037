import { MarketHours } from './market-hours.js';
import { SpecialDays, SPECIAL_DAYS_EXAMPLE } from './special-days.js';
import { MarketHoursError } from './time-windows.js';

const INDIA = 'Asia/Kolkata Mon-Fri pre:09:00-09:15,09:15-15:30';
const NEW_YORK = 'America/New_York Mon-Fri 09:30-16:00';
const MINUTE = 60_000;

function stateAt(hours: string, special: string, time: string, product = 'NIFTY') {
  const schedule = MarketHours.parse(hours, SpecialDays.parse(special)).scheduleOf(product);
  const { phase, untilMs } = schedule.stateAt(Date.parse(time));
  return [phase, untilMs === undefined ? null : new Date(untilMs).toISOString()];
}

it.each([
  ['2026-11-23T03:29:59Z', 'closed', '2026-11-23T03:30:00.000Z'],
  ['2026-11-23T03:30:00Z', 'pre', '2026-11-23T03:45:00.000Z'],
  ['2026-11-23T03:45:00Z', 'open', '2026-11-23T10:00:00.000Z'],
  ['2026-11-23T10:00:00Z', 'closed', '2026-11-24T03:30:00.000Z'],
  ['2026-11-27T10:00:00Z', 'closed', '2026-11-30T03:30:00.000Z'], // over the weekend
])('at %s the market is %s until %s', (time, phase, until) => {
  expect(stateAt(INDIA, '', time)).toEqual([phase, until]);
});

it('knows no end of a market that is always open', () => {
  expect(stateAt('', '', '2026-11-23T03:45:00Z')).toEqual(['open', null]);
  expect(stateAt('UTC Mon-Sun 00:00-24:00', '', '2026-11-23T03:45:00Z')).toEqual(['open', null]);
});

it('finds the opening after the clocks have changed', () => {
  expect(stateAt(NEW_YORK, '', '2026-03-06T22:00:00Z')).toEqual(['closed', '2026-03-09T13:30:00.000Z']);
  expect(stateAt(NEW_YORK, '', '2026-10-30T21:00:00Z')).toEqual(['closed', '2026-11-02T14:30:00.000Z']);
});

it('is closed on holidays, and open at other times on days with other hours', () => {
  const special = `
    # two holidays in a row
    2026-11-24 Asia/Kolkata
    2026-11-25 *
    2026-11-26 Asia/Kolkata 18:00-19:15   # one evening
    2026-11-24 America/New_York 10:00-11:00
  `;
  expect(stateAt(INDIA, special, '2026-11-23T10:00:00Z')).toEqual(['closed', '2026-11-26T12:30:00.000Z']);
  expect(stateAt(INDIA, special, '2026-11-26T12:30:00Z')).toEqual(['open', '2026-11-26T13:45:00.000Z']);
  expect(stateAt(INDIA, special, '2026-11-26T13:45:00Z')).toEqual(['closed', '2026-11-27T03:30:00.000Z']);
  const schedule = MarketHours.parse(INDIA, SpecialDays.parse(special)).scheduleOf('NIFTY');
  expect(schedule.openForMs(Date.parse('2026-11-24T05:00:00Z'))).toBeUndefined();
  expect(schedule.openForMs(Date.parse('2026-11-26T12:31:00Z'))).toBe(MINUTE);
});

it('lets an entry for products win over one for a zone, and that over one for everything', () => {
  const hours = `${INDIA}; GOLD=Asia/Kolkata Mon-Fri 09:00-23:30`;
  const special = '2026-11-24 *; 2026-11-24 Asia/Kolkata 10:00-11:00; 2026-11-24 GOLD 17:00-23:30';
  const time = '2026-11-24T05:00:00Z'; // 10:30
  expect(stateAt(hours, special, time)).toEqual(['open', '2026-11-24T05:30:00.000Z']);
  expect(stateAt(hours, special, time, 'GOLD')).toEqual(['closed', '2026-11-24T11:30:00.000Z']);
});

it.each([
  ['halt *', 'halted', 'halted'],
  ['halt Asia/Kolkata', 'halted', 'open'],
  ['halt AAPL', 'open', 'halted'],
])('%s halts what it names, and expects no prices of it', (special, india, apple) => {
  const hours = MarketHours.parse(`${INDIA}; AAPL=UTC Mon-Sun 00:00-24:00`, SpecialDays.parse(special));
  const at = Date.parse('2026-11-24T05:00:00Z');
  for (const [product, phase] of [
    ['NIFTY', india],
    ['AAPL', apple],
  ] as const) {
    const schedule = hours.scheduleOf(product);
    expect(schedule.stateAt(at).phase).toBe(phase);
    expect(schedule.openForMs(at) === undefined).toBe(phase === 'halted');
  }
});

it('expects no prices before the opening', () => {
  expect(
    MarketHours.parse(INDIA).scheduleOf('NIFTY').openForMs(Date.parse('2026-11-24T03:40:00Z')),
  ).toBeUndefined();
});

it('applies changed special days to the same schedules', () => {
  const hours = MarketHours.parse(INDIA);
  const schedule = hours.scheduleOf('NIFTY');
  const at = Date.parse('2026-11-24T05:00:00Z');
  expect(schedule.stateAt(at).phase).toBe('open');
  hours.useSpecialDaysOf(MarketHours.parse(INDIA, SpecialDays.parse('2026-11-24 *')));
  expect(schedule.stateAt(at).phase).toBe('closed');
  hours.useSpecialDaysOf(MarketHours.parse(INDIA));
  expect(schedule.stateAt(at).phase).toBe('open');
});

it('agrees with itself: until its end, a phase does not change', () => {
  const hours = `${INDIA}; ${NEW_YORK}; UTC Sun 21:00-23:00`;
  const special = '2026-11-24 Asia/Kolkata; 2026-11-27 America/New_York 09:30-13:00';
  const schedule = MarketHours.parse(hours, SpecialDays.parse(special)).scheduleOf('X');
  let at = Date.parse('2026-11-20T00:00:00Z');
  for (let n = 0; n < 40; n++) {
    const { phase, untilMs = 0 } = schedule.stateAt(at);
    expect(untilMs).toBeGreaterThan(at);
    for (let tenth = 0; tenth < 10; tenth++) {
      expect(schedule.stateAt(at + (tenth * (untilMs - at)) / 10).phase).toBe(phase);
    }
    expect(schedule.stateAt(untilMs - 1).phase).toBe(phase);
    expect(schedule.stateAt(untilMs).phase).not.toBe(phase);
    at = untilMs;
  }
});

it('reads its own example', () => {
  expect(() => SpecialDays.parse(SPECIAL_DAYS_EXAMPLE)).not.toThrow();
});

it.each([
  ['2026-02-30 *', '"2026-02-30" is not a date YYYY-MM-DD'],
  ['tomorrow *', '"tomorrow" is not a date'],
  ['2026-12-25', '"2026-12-25" is not a date, a market and times, or a halt'],
  ['halt', '"halt" is not a date, a market and times, or a halt'],
  ['halt NIFTY now', '"halt NIFTY now" is not a date'],
  ['2026-12-25 * 9-10', '"9-10" is not a time such as 09:15-15:30'],
  ['2026-12-25 A/B/C', '"A/B/C" is not a time zone'],
  ['2026-12-25 A,,%', '"%" is not *, a time zone or symbols'],
])('rejects %p with a reason', (text, reason) => {
  expect(() => SpecialDays.parse(text)).toThrow(MarketHoursError);
  expect(() => SpecialDays.parse(text)).toThrow(reason);
});
