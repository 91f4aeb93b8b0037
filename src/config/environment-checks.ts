import { Transform, type TransformFnParams } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { compile } from 'proxy-addr';
import { Check } from '../common/check.js';
import { RoleRooms, RoleRoomsError } from './role-rooms.js';
import { MarketHours, MarketHoursError } from '../market-hours/market-hours.js';
import { SpecialDays } from '../market-hours/special-days.js';
import { splitList } from '../common/split-list.js';
import { parsePublicKeys, readPem } from './public-keys.js';
import { parseRedisUrl } from './redis-url.js';

/** Turns digits into a number. Any other value is left for the validator to reject. */
const toInteger = ({ value }: TransformFnParams): unknown =>
  typeof value === 'string' && /^\d{1,15}$/.test(value.trim()) ? Number(value) : value;

export const toTrimmed = ({ value }: TransformFnParams): unknown =>
  typeof value === 'string' ? value.trim() : value;

export const toBoolean = ({ value }: TransformFnParams): unknown =>
  value === 'true' || value === 'false' ? value === 'true' : value;

/** In YAML, `on` without quotes is true. */
export const toSwitch = ({ value }: TransformFnParams): unknown =>
  value === 'true' || value === 'false' ? (value === 'true' ? 'on' : 'off') : value;

export const toList = ({ value }: TransformFnParams): unknown =>
  typeof value === 'string' ? [...new Set(splitList(value, ','))] : value;

/**
 * A whole number within bounds. The error message completes the sentence "NAME is VALUE, but must
 * be ...".
 */
export function Integer(min: number, max: number, unit = ''): PropertyDecorator {
  const message = `a whole number from ${min} to ${max}${unit && ` (${unit})`}`;
  return (target, key) => {
    Transform(toInteger)(target, key);
    for (const check of [IsInt({ message }), Min(min, { message }), Max(max, { message })])
      check(target, key);
  };
}

const MAX_WORKERS = 256;

/** A number of worker processes, or `auto`. */
export function WorkerCount(): PropertyDecorator {
  const message = `auto or a whole number from 1 to ${MAX_WORKERS}`;
  const isCount = (value: unknown): boolean =>
    value === 'auto' || (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_WORKERS);
  return (target, key) => {
    Transform(toTrimmed)(target, key);
    Transform(toInteger)(target, key);
    Check(isCount, { message })(target, key);
  };
}

export function OneOf(values: readonly string[]): PropertyDecorator {
  return IsIn(values, { message: `one of ${values.join(', ')}` });
}

export const isRedisUrl = (value: unknown): boolean =>
  typeof value === 'string' && parseRedisUrl(value) !== undefined;

export function isHttpUrl(value: unknown): boolean {
  if (value === undefined) return true;
  if (typeof value !== 'string' || !/^https?:\/\//.test(value) || !URL.canParse(value)) return false;
  // fetch rejects a URL with a user or password, and its error message contains both.
  const { username, password } = new URL(value);
  return username === '' && password === '';
}

export const toPem = ({ value }: TransformFnParams): unknown =>
  typeof value === 'string' ? readPem(value) : value;

export function isProxyList(value: unknown): boolean {
  try {
    compile(value as string[]);
    // A plain number would be parsed as an address (1 as 0.0.0.1), but an operator who writes one
    // means the number of proxies.
    return !(value as string[]).some((entry) => /^\w+$/.test(entry) && /^\d/.test(entry));
  } catch {
    return false;
  }
}

/** Returns the message of the error that `parse` throws; undefined if it throws none. */
function problemOf(parse: () => unknown, ParseError: new () => Error): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    if (error instanceof ParseError) return error.message;
    throw error;
  }
}

export const marketHoursProblem = (value: unknown): string | undefined =>
  problemOf(() => MarketHours.parse(String(value)), MarketHoursError);

export const marketHolidaysProblem = (value: unknown): string | undefined =>
  problemOf(() => SpecialDays.parse(String(value)), MarketHoursError);

export const roleRoomsProblem = (value: unknown): string | undefined =>
  problemOf(() => RoleRooms.parse(String(value)), RoleRoomsError);

export const publicKeyProblem = (value: unknown): string | undefined =>
  typeof value === 'string' ? problemOf(() => parsePublicKeys(value), Error) : undefined;

/**
 * A single-line value. A password that was read from a file with a final line break is rejected
 * when the settings are read, instead of later by Redis.
 */
export function OneLine(what: string): PropertyDecorator {
  return (target, key) => {
    for (const check of [Matches(/^[^\r\n]+$/, { message: `${what} without line breaks` }), IsOptional()])
      check(target, key);
  };
}
