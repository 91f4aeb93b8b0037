/** How the page writes numbers. Each function returns `–` for what is not known. */
const NOTHING = '–';
const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const SECONDS_PER = { minute: 60, hour: 3_600, day: 86_400 };
const BYTE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** A count or a rate: `1,204`, and `0.4` below 10 if it is not whole. */
export function count(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return NOTHING;
  return value < 10 && !Number.isInteger(value) ? value.toFixed(1) : WHOLE.format(value);
}

/** A number of bytes with three digits and a decimal unit: `1.24 MB`. */
export function bytes(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return NOTHING;
  let scaled = value;
  let unit = 0;
  while (scaled >= 999.5 && unit < BYTE_UNITS.length - 1) {
    scaled /= 1_000;
    unit++;
  }
  return `${unit === 0 ? WHOLE.format(scaled) : threeDigits(scaled)} ${BYTE_UNITS[unit]}`;
}

/** A short duration in ms with three digits: `0.42 ms`, `1.24 s`, or in longer units from a minute. */
export function milliseconds(value: number | null | undefined): string {
  if (value === undefined || value === null || !Number.isFinite(value)) return NOTHING;
  if (value === 0) return '0 ms';
  if (value < 999.5) return `${threeDigits(value)} ms`;
  return value < 60_000 ? `${threeDigits(value / 1_000)} s` : duration(value / 1_000);
}

/** A duration in whole units, the two largest of them: `45 s`, `12 min`, `3 h 5 min`, `2 d 4 h`. */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return NOTHING;
  const { minute, hour, day } = SECONDS_PER;
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < minute) return `${whole} s`;
  if (whole < hour) return `${Math.floor(whole / minute)} min`;
  if (whole < day) return `${Math.floor(whole / hour)} h ${Math.floor((whole % hour) / minute)} min`;
  return `${Math.floor(whole / day)} d ${Math.floor((whole % day) / hour)} h`;
}

/** A share: 0.254 is `25 %`. */
export function percent(share: number | undefined): string {
  return share === undefined || !Number.isFinite(share) ? NOTHING : `${WHOLE.format(share * 100)} %`;
}

/** The local time of day, with seconds. */
export function timeOfDay(epochSeconds: number): string {
  return new Date(epochSeconds * 1_000).toLocaleTimeString('en-GB');
}

/** `1 client`, `3 clients`. */
export function plural(amount: number, noun: string): string {
  return `${count(amount)} ${noun}${amount === 1 ? '' : 's'}`;
}

function threeDigits(value: number): string {
  if (value >= 99.95) return WHOLE.format(value);
  if (value >= 9.995) return value.toFixed(1);
  return value.toFixed(2);
}
