/**
 * What people mean by the abbreviations that they use, which `Intl` reads differently or not at
 * all.
 */
const MEANT: Readonly<Record<string, string>> = {
  AEDT: 'Australia/Sydney',
  AEST: 'Australia/Sydney',
  BST: 'Europe/London',
  CDT: 'America/Chicago',
  CEST: 'Europe/Paris',
  CET: 'Europe/Paris',
  CST: 'America/Chicago or Asia/Shanghai',
  EDT: 'America/New_York',
  EEST: 'Europe/Athens',
  EET: 'Europe/Athens',
  EST: 'America/New_York',
  GMT: 'UTC or Europe/London',
  HKT: 'Asia/Hong_Kong',
  IST: 'Asia/Kolkata, Europe/Dublin or Asia/Jerusalem',
  JST: 'Asia/Tokyo',
  KST: 'Asia/Seoul',
  MDT: 'America/Denver',
  MSK: 'Europe/Moscow',
  MST: 'America/Denver',
  PDT: 'America/Los_Angeles',
  PRC: 'Asia/Shanghai',
  PST: 'America/Los_Angeles',
  ROC: 'Asia/Taipei',
  ROK: 'Asia/Seoul',
  SGT: 'Asia/Singapore',
  UCT: 'UTC',
};
/** Every zone that `Intl` knows by three letters is an abbreviation. */
const ABBREVIATION = /^[A-Z]{3}$/;

/**
 * What is wrong with the name of a time zone, as the second half of a sentence; `undefined` if
 * nothing is. `Intl` accepts abbreviations, but not as people mean them: its BST is the time of
 * Dhaka, and its EST has no summer time.
 */
export function timeZoneProblem(zone: string): string | undefined {
  const name = zone.toUpperCase();
  const meant = MEANT[name];
  if (meant !== undefined) return `is an abbreviation: write ${meant}`;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone });
  } catch {
    return 'is not a time zone';
  }
  return ABBREVIATION.test(name) && name !== 'UTC'
    ? 'is an abbreviation: write an IANA name such as Europe/London'
    : undefined;
}

/** The name of a zone with its offset at a time, such as `Asia/Kolkata (+05:30)`. */
export function describeTimeZone(zone: string, wallMs: number): string {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  const offset = format.formatToParts(wallMs).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  return `${zone} (${offset.replace('GMT', '') || '+00:00'})`;
}
