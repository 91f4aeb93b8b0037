/**
 * A time in ISO 8601. Without a zone it is UTC. The fraction has up to nine digits, of which
 * the first six count for the order of updates.
 * @pattern ^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})?$
 */
export type Timestamp = string;

const ISO = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:?\d{2})?$/;

/** The largest UTC offset of any time zone, minutes. */
const MAX_OFFSET_MINUTES = 14 * 60;

/**
 * Returns how far the local time of a zone is ahead of UTC when its clock shows `localMs` (as if
 * that were UTC), ms.
 */
export type LocalOffset = (localMs: number) => number;

/**
 * Parses a timestamp of the feed to microseconds since the epoch. Returns `undefined` if it is
 * invalid; {@link timestampProblem} says why.
 *
 * The producers of the platform are written in Python, whose `datetime.isoformat()` writes no zone
 * (the time is UTC). It writes six fraction digits, or none if they are zero. `Date.parse` would
 * read a missing zone as local time and cut the fraction to milliseconds, which cannot order two
 * updates of a busy product. A number holds the microseconds of this century exactly, because they
 * are below 2^53.
 * @param offsetOf the offset of times that name no zone; UTC if left out
 */
export function parseTimestamp(value: unknown, offsetOf?: LocalOffset): number | undefined {
  const read = readTimestamp(value, offsetOf);
  return typeof read === 'number' ? read : undefined;
}

/** Whether a value is a valid timestamp of the feed. */
export function isTimestamp(value: unknown): value is string {
  return timestampProblem(value) === undefined;
}

/**
 * Returns what is wrong with a timestamp, as the second half of a sentence; `undefined` if it is
 * valid.
 */
export function timestampProblem(value: unknown): string | undefined {
  const read = readTimestamp(value, undefined);
  return typeof read === 'string' ? read : undefined;
}

/** Returns the time in microseconds since the epoch, or a text that says what is wrong with it. */
function readTimestamp(value: unknown, offsetOf: LocalOffset | undefined): number | string {
  const match = typeof value === 'string' ? ISO.exec(value) : null;
  if (!match) return 'is not an ISO 8601 time';
  const [, year, month, day, hour, minute, second, fraction = '', zone] = match;
  // In Python, datetime.min is in year 1, and a time parsed without a date is in 1900. Date.UTC
  // reads the years 0 to 99 as 1900 to 1999.
  if (+year! < 1970) return 'is before 1970';
  const ms = Date.UTC(+year!, +month! - 1, +day!, +hour!, +minute!, +second!);
  const date = new Date(ms);
  // Date.UTC does not reject invalid dates: it turns 31 April into 1 May, and month 13 into the
  // next year.
  if (
    date.getUTCMonth() !== +month! - 1 ||
    date.getUTCDate() !== +day! ||
    date.getUTCHours() !== +hour! ||
    +minute! > 59 ||
    +second! > 59
  ) {
    return 'is not a date and time that exists';
  }
  const offsetMs = zone === undefined ? (offsetOf?.(ms) ?? 0) : zoneOffsetMs(zone);
  if (offsetMs === undefined) return 'has a UTC offset beyond 14:00, which no time zone has';
  return (ms - offsetMs) * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'));
}

function zoneOffsetMs(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(-2));
  const total = Number(zone.slice(1, 3)) * 60 + minutes;
  if (minutes > 59 || total > MAX_OFFSET_MINUTES) return undefined;
  return (zone.startsWith('-') ? -total : total) * 60_000;
}

/** Returns the UTC date (`YYYY-MM-DD`) of a time in microseconds since the epoch. */
export function utcDate(micros: number): string {
  return new Date(micros / 1000).toISOString().slice(0, 10);
}
