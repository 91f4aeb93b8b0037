import { clockTime, minuteTime } from '../format.js';

const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

const DAY_SECONDS = 86_400;

/** The labels of an axis, in the reader's time. @param seconds since the epoch */
export function timeLabels(seconds: readonly number[]): string[] {
  const step = (seconds[1] ?? 0) - (seconds[0] ?? 0);
  if (step >= DAY_SECONDS) return seconds.map((time) => DAY.format(time * 1_000));
  return seconds.map(step < 60 && step > 0 ? secondOf : minuteOf);
}

export function minuteOf(seconds: number): string {
  return minuteTime(seconds * 1_000);
}

export function secondOf(seconds: number): string {
  return clockTime(seconds * 1_000);
}
