const MINUTE = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const SECOND = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

const DAY_SECONDS = 86_400;

/** The labels of an axis, in the reader's time. @param seconds since the epoch */
export function timeLabels(seconds: readonly number[]): string[] {
  const step = (seconds[1] ?? 0) - (seconds[0] ?? 0);
  const format = step >= DAY_SECONDS ? DAY : step < 60 && step > 0 ? SECOND : MINUTE;
  return seconds.map((time) => format.format(time * 1_000));
}

export function minuteOf(seconds: number): string {
  return MINUTE.format(seconds * 1_000);
}

export function secondOf(seconds: number): string {
  return SECOND.format(seconds * 1_000);
}
