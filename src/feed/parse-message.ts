import {
  type ChainSummary,
  isExpiry,
  isSymbol,
  JsonPayload,
  type OptionLeg,
  parseTimestamp,
  timestampProblem,
} from '../contract/index.js';
import { FeedChannel } from './channels.js';
import {
  CHAIN_KEY_PREFIX,
  chainKey,
  type ChainMessage,
  type MarketMessage,
  UNDERLYING_KEY_PREFIX,
  underlyingKey,
  type UnderlyingMessage,
} from './market-message.js';

/** Why a feed message or a cache entry was refused; the label of the reject counter. */
export type RejectReason =
  | 'unknown_channel'
  | 'too_large'
  | 'not_json'
  | 'non_finite_number'
  | 'too_deep'
  | 'not_an_object'
  | 'missing_field'
  | 'wrong_type'
  | 'bad_product'
  | 'bad_expiry'
  | 'bad_timestamp';

/** A message that must not be forwarded. `message` names the field; it never echoes content at length. */
export class RejectedMessage extends Error {
  constructor(
    readonly reason: RejectReason,
    message: string,
  ) {
    super(message);
  }
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

/** Far past any real message (depth 3), far below what overflows the stack of JSON.stringify. */
const MAX_DEPTH = 32;

/**
 * Parses and checks one published message. Fields beyond the documented ones are kept untouched.
 * @param channel the pub/sub channel it came on
 * @param text the published string
 * @param maxSize longest text taken, in characters
 * @throws RejectedMessage
 */
export function parseMessage(channel: string, text: string, maxSize: number): MarketMessage {
  switch (channel) {
    case FeedChannel.underlying:
      return underlying(parseObject(text, maxSize), text);
    case FeedChannel.optionChain:
      return chain(parseObject(text, maxSize), text);
    default:
      throw new RejectedMessage('unknown_channel', 'the channel is not one of the feed');
  }
}

/**
 * Parses and checks one `latest:*` entry: the worker's (`{price, timestamp}` without product or type), the Flask
 * gateway's (the whole message, chains without an expiry in the key) and this gateway's own.
 * @throws RejectedMessage
 */
export function parseCached(key: string, text: string, maxSize: number): MarketMessage {
  const object = parseObject(text, maxSize);
  if (key.startsWith(UNDERLYING_KEY_PREFIX)) {
    const product = key.slice(UNDERLYING_KEY_PREFIX.length);
    return sameProduct(underlying(object, text, product), product);
  }
  const [product = '', expiry] = key.slice(CHAIN_KEY_PREFIX.length).split(':');
  const message = sameProduct(chain(object, text), product);
  if (expiry !== undefined && message.expiry !== expiry) {
    throw new RejectedMessage('bad_expiry', 'the expiry is not the one of the key');
  }
  return message;
}

function sameProduct<M extends MarketMessage>(message: M, product: string): M {
  if (message.product !== product) {
    throw new RejectedMessage('bad_product', 'the product is not the one of the key');
  }
  return message;
}

function parseObject(text: string, maxSize: number): JsonObject {
  if (text.length > maxSize) {
    throw new RejectedMessage('too_large', `${text.length} characters, more than ${maxSize}`);
  }
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    // Python's json.dumps writes the bare tokens NaN and Infinity, which are not JSON.
    const reason = /[[:,\s]-?(?:NaN|Infinity)\b/.test(text) ? 'non_finite_number' : 'not_json';
    throw new RejectedMessage(reason, reason === 'not_json' ? 'not JSON' : 'holds NaN or Infinity');
  }
  if (!isObject(value)) throw new RejectedMessage('not_an_object', 'not a JSON object');
  checkTree(value, 0);
  return value;
}

/** Refuses numbers JSON cannot send on (1e999 parses to Infinity) and nesting that would overflow a later stringify. */
function checkTree(value: Json, depth: number): void {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) {
      throw new RejectedMessage('non_finite_number', 'holds a number beyond the range of a double');
    }
  } else if (typeof value === 'object' && value !== null) {
    if (depth === MAX_DEPTH) throw new RejectedMessage('too_deep', `nested deeper than ${MAX_DEPTH}`);
    if (Array.isArray(value)) for (const item of value) checkTree(item, depth + 1);
    else for (const key in value) checkTree(value[key]!, depth + 1);
  }
}

/** @param keyed the product of the key, for an entry that does not name it */
function underlying(object: JsonObject, text: string, keyed?: string): UnderlyingMessage {
  const product = productOf(keyed === undefined ? object : { product: keyed, ...object });
  const { timestamp, time } = timeOf(object);
  if (object.type !== undefined && object.type !== 'UNDERLYING_ENRICHED') {
    throw new RejectedMessage('wrong_type', 'type is not UNDERLYING_ENRICHED');
  }
  const price = requireNumber(object, 'price');
  const processedAt = optionalString(object, 'processed_at') ?? timestamp;
  const key = underlyingKey(product);
  return {
    kind: 'underlying',
    product,
    key,
    time,
    processedTime: parseTimestamp(processedAt) ?? time,
    price,
    payload: new JsonPayload(
      completed(text, object, { type: 'UNDERLYING_ENRICHED', product, processed_at: processedAt }),
      key,
    ),
  };
}

const OPTIONAL_CHAIN_NUMBERS = [
  'atm_strike',
  'total_call_oi',
  'total_put_oi',
  'call_buildup_otm',
  'put_buildup_otm',
] as const;

function chain(object: JsonObject, text: string): ChainMessage {
  const product = productOf(object);
  const { timestamp, time } = timeOf(object);
  const { expiry } = object;
  if (!isExpiry(expiry)) {
    throw new RejectedMessage(
      ...missingOr(object, 'expiry', 'bad_expiry', 'expiry is not a date YYYY-MM-DD'),
    );
  }
  for (const field of OPTIONAL_CHAIN_NUMBERS) optionalNumber(object, field);
  const processedAt = optionalString(object, 'processed_at');
  const calls = legsOf(object, 'calls');
  const puts = legsOf(object, 'puts');
  const summary: ChainSummary = {
    product,
    expiry,
    spot_price: requireNumber(object, 'spot_price'),
    pcr_oi: requireNumber(object, 'pcr_oi'),
    pcr_volume: requireNumber(object, 'pcr_volume'),
    max_pain_strike: requireNumber(object, 'max_pain_strike'),
    atm_straddle_price: optionalNumber(object, 'atm_straddle_price'),
    timestamp,
  };
  const strikes = strikesOf(object) ?? unionOfStrikes(calls, puts);
  const key = chainKey(product, expiry);
  return {
    kind: 'chain',
    product,
    expiry,
    key,
    time,
    processedTime: parseTimestamp(processedAt) ?? time,
    payload: new JsonPayload(
      completed(text, object, { atm_straddle_price: summary.atm_straddle_price, strikes }),
      key,
    ),
    summary,
  };
}

/**
 * The JSON text of `object`, which was parsed from `text`, with the documented fields it lacks. What was published is
 * kept to the letter (a number beyond 2^53 stays what it was); only where a field is there and must be changed is it written anew.
 */
function completed(text: string, object: JsonObject, fields: Readonly<Record<string, unknown>>): string {
  const lacking = Object.entries(fields).filter(([name, value]) => object[name] !== value);
  if (lacking.length === 0) return text;
  if (lacking.some(([name]) => name in object)) {
    return JSON.stringify({ ...object, ...Object.fromEntries(lacking) });
  }
  const added = JSON.stringify(Object.fromEntries(lacking));
  return `${text.slice(0, text.lastIndexOf('}'))},${added.slice(1)}`;
}

function productOf(object: JsonObject): string {
  if (isSymbol(object.product)) return object.product;
  throw new RejectedMessage(...missingOr(object, 'product', 'bad_product', 'product is not a symbol'));
}

function timeOf(object: JsonObject): { timestamp: string; time: number } {
  const { timestamp } = object;
  const time = parseTimestamp(timestamp);
  if (typeof timestamp === 'string' && time !== undefined) return { timestamp, time };
  const problem = `timestamp ${timestampProblem(timestamp)}`;
  throw new RejectedMessage(...missingOr(object, 'timestamp', 'bad_timestamp', problem));
}

function missingOr(
  object: JsonObject,
  field: string,
  reason: RejectReason,
  problem: string,
): [RejectReason, string] {
  return object[field] === undefined || object[field] === null
    ? ['missing_field', `${field} is missing`]
    : [reason, problem];
}

function requireNumber(object: JsonObject, field: string): number {
  const value = object[field];
  if (typeof value === 'number') return value;
  throw new RejectedMessage(...missingOr(object, field, 'wrong_type', `${field} is not a number`));
}

/** A number, or `null` where the field is null or missing: the worker writes None for what it could not compute. */
function optionalNumber(object: JsonObject, field: string): number | null {
  return object[field] === undefined || object[field] === null ? null : requireNumber(object, field);
}

function optionalString(object: JsonObject, field: string): string | undefined {
  const value = object[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw new RejectedMessage('wrong_type', `${field} is not a string`);
}

function legsOf(object: JsonObject, field: 'calls' | 'puts'): readonly OptionLeg[] {
  const legs = object[field];
  if (!Array.isArray(legs)) {
    throw new RejectedMessage(...missingOr(object, field, 'wrong_type', `${field} is not a list`));
  }
  const items: unknown[] = legs;
  if (!items.every(isLeg)) {
    throw new RejectedMessage('wrong_type', `${field} holds an entry without a numeric strike`);
  }
  return items;
}

function isLeg(leg: unknown): leg is OptionLeg {
  return isObject(leg) && typeof leg.strike === 'number';
}

function strikesOf(object: JsonObject): readonly number[] | undefined {
  const { strikes } = object;
  if (strikes === undefined || strikes === null) return undefined;
  if (Array.isArray(strikes) && strikes.every((strike) => typeof strike === 'number')) return strikes;
  throw new RejectedMessage('wrong_type', 'strikes is not a list of numbers');
}

/** The platform publishes no `strikes`, but front ends of the Flask gateway read them. */
function unionOfStrikes(calls: readonly OptionLeg[], puts: readonly OptionLeg[]): readonly number[] {
  const strikes = new Set<number>();
  for (const leg of calls) strikes.add(leg.strike);
  for (const leg of puts) strikes.add(leg.strike);
  return [...strikes].sort((a, b) => a - b);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
