// Copied from the service by scripts/copy-contract.mjs: change it there.
/**
 * ISO 8601; one without a zone is UTC. With up to nine digits of a second, of which the order of updates looks at six.
 * @pattern ^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})?$
 */
export type Timestamp = string;

const ISO = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:?\d{2})?$/;

/**
 * Reads a feed timestamp to microseconds since the epoch, or `undefined` where it is not one.
 *
 * The platform's producers are Python: `datetime.isoformat()` writes no zone (the time is UTC), six fraction digits,
 * or none at all when they are zero. `Date.parse` would take the missing zone for local time and cut the
 * fraction to milliseconds, in which two updates of a busy product cannot be told apart.
 * A microsecond count of our century is below 2^53, so a number holds it exactly.
 */
export function parseTimestamp(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const match = ISO.exec(value);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = match;
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
    return undefined;
  }
  return (ms - zoneOffsetMs(zone)) * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'));
}

function zoneOffsetMs(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}

/** The UTC calendar date (`YYYY-MM-DD`) of a time in microseconds since the epoch. */
export function utcDate(micros: number): string {
  return new Date(micros / 1000).toISOString().slice(0, 10);
}
