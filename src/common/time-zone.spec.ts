import { describeTimeZone, timeZoneProblem } from './time-zone.js';

it.each(['UTC', 'utc', 'Etc/UTC', 'Asia/Kolkata', 'Europe/Berlin', 'Singapore', 'Cuba', 'EST5EDT'])(
  'accepts %s',
  (zone) => expect(timeZoneProblem(zone)).toBeUndefined(),
);

it.each(['Asia/Nowhere', '', 'IST+5', 'undefined'])('%p is not a time zone', (zone) => {
  expect(timeZoneProblem(zone)).toBe('is not a time zone');
});

it.each([
  ['BST', 'Europe/London'],
  ['bst', 'Europe/London'],
  ['EST', 'America/New_York'],
  ['EDT', 'America/New_York'],
  ['IST', 'Asia/Kolkata, Europe/Dublin or Asia/Jerusalem'],
  ['GMT', 'UTC or Europe/London'],
  ['CEST', 'Europe/Paris'],
])('refuses the abbreviation %s, and names %s', (zone, meant) => {
  expect(timeZoneProblem(zone)).toBe(`is an abbreviation: write ${meant}`);
});

it.each(['ACT', 'ECT', 'HST', 'SST', 'wet'])('refuses %s, which Intl would accept', (zone) => {
  expect(() => new Intl.DateTimeFormat('en', { timeZone: zone })).not.toThrow();
  expect(timeZoneProblem(zone)).toBe('is an abbreviation: write an IANA name such as Europe/London');
});

it('describes a zone with its offset at a time', () => {
  const [winter, summer] = ['2026-01-05T12:00:00Z', '2026-07-06T12:00:00Z'].map(Date.parse) as [
    number,
    number,
  ];
  expect(describeTimeZone('Asia/Kolkata', winter)).toBe('Asia/Kolkata (+05:30)');
  expect(describeTimeZone('Europe/London', winter)).toBe('Europe/London (+00:00)');
  expect(describeTimeZone('Europe/London', summer)).toBe('Europe/London (+01:00)');
  expect(describeTimeZone('America/New_York', summer)).toBe('America/New_York (-04:00)');
});
