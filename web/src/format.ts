/** What is written for a value that the platform did not send or could not compute. */
export const NO_VALUE = '–';
/** The minus sign, which is as wide as a digit. A hyphen is not. */
const MINUS = '\u2212';

type Value = number | null | undefined;

/** The currency of each product that is known. Prices of other products are shown without one. */
const CURRENCIES: ReadonlyMap<string, string> = new Map([
  ...['NIFTY', 'BANKNIFTY', 'FINNIFTY', 'MIDCPNIFTY', 'NIFTYNXT50', 'SENSEX', 'BANKEX'].map(
    (product) => [product, 'INR'] as const,
  ),
  ...['AAPL', 'AMZN', 'GOOGL', 'META', 'MSFT', 'NVDA', 'QQQ', 'SPX', 'SPY', 'TSLA'].map(
    (product) => [product, 'USD'] as const,
  ),
]);

const formats = new Map<string, Intl.NumberFormat>();

/** The locale is the reader's. A format is made once, because that is slow. */
function format(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = JSON.stringify(options);
  let found = formats.get(key);
  if (!found) formats.set(key, (found = new Intl.NumberFormat(undefined, options)));
  return found;
}

function write(value: Value, options: Intl.NumberFormatOptions): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) return NO_VALUE;
  return format(options).format(value).replace('-', MINUS);
}

/** ISO 4217, such as `INR`, or `undefined` if it is not known. */
export function currencyOf(product: string): string | undefined {
  return CURRENCIES.get(product);
}

const fixed = (digits: number) => ({ minimumFractionDigits: digits, maximumFractionDigits: digits });

/** A number with exactly so many digits after the decimal separator. */
export function decimal(value: Value, digits = 2): string {
  return write(value, fixed(digits));
}

/** A price with two digits, without its currency: for columns whose heading has it. */
export function price(value: Value): string {
  return decimal(value, 2);
}

/** A price with the currency of the product, if it is known. */
export function money(product: string, value: Value): string {
  const currency = currencyOf(product);
  if (!currency) return price(value);
  return write(value, { style: 'currency', currency, currencyDisplay: 'narrowSymbol', ...fixed(2) });
}

/** A strike: as many digits as it has, at most two. */
export function strike(value: Value): string {
  return write(value, { maximumFractionDigits: 2 });
}

/** A whole number with separators. */
export function count(value: Value): string {
  return write(value, { maximumFractionDigits: 0 });
}

/** A large number in a few characters, such as 1.24M. */
export function compact(value: Value): string {
  if (typeof value === 'number' && Math.abs(value) < 1_000) return count(value);
  return write(value, { notation: 'compact', minimumFractionDigits: 0, maximumFractionDigits: 2 });
}

const SIGNED = { signDisplay: 'exceptZero' } as const;

/** A change with its sign. */
export function signed(value: Value, digits = 2): string {
  return write(value, { ...SIGNED, ...fixed(digits) });
}

/** A compact change with its sign. */
export function signedCompact(value: Value): string {
  return write(value, { ...SIGNED, notation: 'compact', maximumFractionDigits: 1 });
}

/** @param fraction 0.2293 is 22.93 % */
export function percent(fraction: Value, digits = 2): string {
  return write(fraction, { style: 'percent', ...fixed(digits) });
}

/** @param fraction as for `percent` */
export function signedPercent(fraction: Value, digits = 2): string {
  return write(fraction, { style: 'percent', ...SIGNED, ...fixed(digits) });
}

/** Bytes in a few characters: 512 B, 24.3 kB. One kB is 1,000 bytes. */
export function bytes(value: Value): string {
  if (typeof value !== 'number') return NO_VALUE;
  if (value < 1_000) return `${count(value)} B`;
  return value < 1_000_000 ? `${decimal(value / 1_000, 1)} kB` : `${decimal(value / 1_000_000, 1)} MB`;
}

/** An age in its largest unit, and two below an hour of change: 0 s, 59 s, 3 min 20 s, 2 h 5 min. */
export function age(ms: Value): string {
  if (typeof ms !== 'number' || !Number.isFinite(ms)) return NO_VALUE;
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  if (hours > 48) return `${Math.floor(hours / 24)} d`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

/**
 * Milliseconds since the epoch, or NaN. Times of the feed without a zone are UTC; `Date` would read
 * them as local.
 */
export function timeOf(timestamp: string | null | undefined): number {
  if (!timestamp) return NaN;
  return Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(timestamp) ? timestamp : `${timestamp}Z`);
}

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** The reader's local time of day. */
export function clockTime(ms: number): string {
  return Number.isNaN(ms) ? NO_VALUE : CLOCK.format(ms);
}

const MINUTE = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });

/** The same without the seconds. */
export function minuteTime(ms: number): string {
  return Number.isNaN(ms) ? NO_VALUE : MINUTE.format(ms);
}

/** @param expiry YYYY-MM-DD */
export function expiryDay(expiry: string): string {
  const ms = Date.parse(`${expiry}T00:00:00Z`);
  return Number.isNaN(ms) ? expiry : DAY.format(ms);
}
