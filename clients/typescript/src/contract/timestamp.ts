// Copied from the service by scripts/copy-contract.mjs: change it there.
/**
 * ISO 8601; one without a zone is UTC. With up to nine digits of a second, of which the order of updates looks at six.
 * @pattern ^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})?$
 */
export type Timestamp = string;

const ISO = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:?\d{2})?$/;

/** No time zone is further from UTC than this, in minutes. */
const MAX_OFFSET_MINUTES = 14 * 60;

/** Returns by how much the local time of a zone is ahead of UTC, ms, when its clock shows `localMs` (as if that were UTC). */
export type LocalOffset = (localMs: number) => number;

/**
 * Reads a feed timestamp to microseconds since the epoch. Returns `undefined` if it is not a valid one;
 * {@link timestampProblem} says why.
 *
 * The platform's producers are Python: `datetime.isoformat()` writes no zone (the time is UTC), six fraction digits,
 * or none at all when they are zero. `Date.parse` would take the missing zone for local time and cut the
 * fraction to milliseconds, in which two updates of a busy product cannot be told apart.
 * A microsecond count of our century is below 2^53, so a number holds it exactly.
 * @param offsetOf the zone of times that name none; UTC if left out
 */
export function parseTimestamp(value: unknown, offsetOf?: LocalOffset): number | undefined {
  const read = readTimestamp(value, offsetOf);
  return typeof read === 'number' ? read : undefined;
}

/** Says what is wrong with a timestamp, as the second half of a sentence; `undefined` if nothing is. */
export function timestampProblem(value: unknown): string | undefined {
  const read = readTimestamp(value, undefined);
  return typeof read === 'string' ? read : undefined;
}

/** The time, or what is wrong with it. */
function readTimestamp(value: unknown, offsetOf: LocalOffset | undefined): number | string {
  const match = typeof value === 'string' ? ISO.exec(value) : null;
  if (!match) return 'is not an ISO 8601 time';
  const [, year, month, day, hour, minute, second, fraction = '', zone] = match;
  // Python's datetime.min is of year 1, and a time without a date of 1900; Date.UTC reads 0 to 99 as 1900 to 1999.
  if (+year! < 1970) return 'is before 1970';
  const ms = Date.UTC(+year!, +month! - 1, +day!, +hour!, +minute!, +second!);
  const date = new Date(ms);
  // Date.UTC rolls 31 April over to 1 May, and month 13 to the next year, instead of refusing them.
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

/** The UTC calendar date (`YYYY-MM-DD`) of a time in microseconds since the epoch. */
export function utcDate(micros: number): string {
  return new Date(micros / 1000).toISOString().slice(0, 10);
}
