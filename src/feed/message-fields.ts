import { shorten } from '../common/shorten.js';
import { FeedMessageError, type RejectReason } from './feed-message-error.js';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** A parsed message. */
export interface ParsedMessage {
  readonly object: JsonObject;
  /** The valid JSON text to forward: null replaces each bare token. */
  readonly text: string;
  /** How many values were written as the bare tokens NaN or Infinity. */
  readonly bareTokens: number;
}

/**
 * Deepest accepted nesting. Real messages have a depth of 3, and JSON.stringify can handle much
 * deeper ones before its stack overflows.
 */
const MAX_DEPTH = 32;
/** A producer can send field names of any length: an error repeats this many characters. */
const MAX_SHOWN_FIELD = 40;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws FeedMessageError if the field is missing, null or not a number */
export function requireNumber(object: JsonObject, field: string): number {
  const value = object[field];
  if (typeof value === 'number') return value;
  throw new FeedMessageError(...missingOr(object, field, 'wrong_type', `${field} is not a number`));
}

/**
 * A number, or `null` if the field is null or missing: the worker writes None for values that it
 * could not compute.
 * @throws FeedMessageError if the field has any other type
 */
export function optionalNumber(object: JsonObject, field: string): number | null {
  return object[field] === undefined || object[field] === null ? null : requireNumber(object, field);
}

/** @throws FeedMessageError if the field is neither a string, nor null, nor missing */
export function optionalString(object: JsonObject, field: string): string | undefined {
  const value = object[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw new FeedMessageError('wrong_type', `${field} is not a string`, field);
}

/**
 * Constructor arguments of a {@link FeedMessageError}: `missing_field`, or `reason` if it exists.
 */
export function missingOr(
  object: JsonObject,
  field: string,
  reason: RejectReason,
  problem: string,
): [RejectReason, string, string] {
  return object[field] === undefined || object[field] === null
    ? ['missing_field', `${field} is missing`, field]
    : [reason, problem, field];
}

/**
 * Rejects numbers that JSON cannot represent (1e999 parses to Infinity), and nesting that might
 * overflow the stack when the message is serialized.
 * @param field the top-level field that `value` belongs to
 */
export function checkTree(value: Json, depth: number, field: string): void {
  if (isFiniteTree(value, depth, field)) return;
  const problem = `${shorten(field, MAX_SHOWN_FIELD)} is or holds NaN, Infinity or a number beyond the range of a double`;
  throw new FeedMessageError('non_finite_number', problem, field);
}

/**
 * Whether all numbers in `value` are finite. It returns a boolean, because throwing an error for
 * each bad value of a large chain would take seconds.
 * @throws FeedMessageError only if `value` is nested too deeply
 */
export function isFiniteTree(value: Json, depth: number, field: string): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depth === MAX_DEPTH) throw new FeedMessageError('too_deep', `nested deeper than ${MAX_DEPTH}`, field);
  if (Array.isArray(value)) return value.every((item) => isFiniteTree(item, depth + 1, field));
  for (const key in value) if (!isFiniteTree(value[key]!, depth + 1, field)) return false;
  return true;
}
