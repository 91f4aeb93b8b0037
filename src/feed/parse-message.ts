import {
  type ChainSummary,
  isExpiry,
  isSymbol,
  JsonPayload,
  type LocalOffset,
  type OptionLeg,
  parseTimestamp,
  timestampProblem,
} from '../contract/index.js';
import { BEYOND_DOUBLE, replaceBareTokens } from './bare-tokens.js';
import { FeedChannel } from './channels.js';
import {
  CHAIN_KEY_PREFIX,
  chainKey,
  type ChainMessage,
  type MarketMessage,
  type Repair,
  UNDERLYING_KEY_PREFIX,
  underlyingKey,
  type UnderlyingMessage,
} from './market-message.js';

/** Why a feed message or a cache entry was rejected; the label of the reject counter. */
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

/**
 * Thrown for a message that must not be forwarded. `message` names the field, and never repeats
 * long content.
 */
export class FeedMessageError extends Error {
  /** The product of the rejected message, if it has a valid one. */
  product?: string;
  /** The expiry of the rejected message, if it has a valid one. */
  expiry?: string;

  /** @param field the name of the invalid field; undefined if the message as a whole is invalid */
  constructor(
    readonly reason: RejectReason,
    message: string,
    readonly field?: string,
  ) {
    super(message);
  }
}

/** How the parser reads and checks feed messages. */
export interface FeedRules {
  /** Longest accepted text, in characters. */
  readonly maxSize: number;
  /** The time zone of timestamps that do not name one; UTC if undefined. */
  readonly offsetOf?: LocalOffset;
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

/**
 * Deepest accepted nesting. Real messages have a depth of 3, and JSON.stringify can handle much
 * deeper ones before its stack overflows.
 */
const MAX_DEPTH = 32;

/**
 * Parses and validates one published message. Undocumented fields are kept unchanged. Bad values of
 * single options of a chain are removed and listed in `repairs`.
 * @param channel the pub/sub channel of the message
 * @param text the published string
 * @throws FeedMessageError
 */
export function parseMessage(channel: string, text: string, rules: FeedRules): MarketMessage {
  switch (channel) {
    case FeedChannel.underlying:
      return underlying(parseObject(text, rules), rules);
    case FeedChannel.optionChain:
      return chain(parseObject(text, rules), rules);
    default:
      throw new FeedMessageError('unknown_channel', 'the channel does not belong to the feed');
  }
}

/**
 * Parses and validates one `latest:*` entry. It accepts the form of the worker (`{price,
 * timestamp}` without product or type), of the Flask gateway (the whole message, and chains under
 * keys without an expiry), and of this gateway.
 * @throws FeedMessageError
 */
export function parseCached(key: string, text: string, rules: FeedRules): MarketMessage {
  const parsed = parseObject(text, rules);
  if (key.startsWith(UNDERLYING_KEY_PREFIX)) {
    const product = key.slice(UNDERLYING_KEY_PREFIX.length);
    return sameProduct(underlying(parsed, rules, product), product);
  }
  const [product = '', expiry] = key.slice(CHAIN_KEY_PREFIX.length).split(':');
  const message = sameProduct(chain(parsed, rules), product);
  if (expiry !== undefined && message.expiry !== expiry) {
    throw new FeedMessageError('bad_expiry', 'the expiry does not match the key', 'expiry');
  }
  return message;
}

function sameProduct<M extends MarketMessage>(message: M, product: string): M {
  if (message.product !== product) {
    throw new FeedMessageError('bad_product', 'the product does not match the key', 'product');
  }
  return message;
}

/** A parsed message. */
interface Parsed {
  readonly object: JsonObject;
  /** The valid JSON text to forward: null replaces each bare token. */
  readonly text: string;
  /** How many values were written as the bare tokens NaN or Infinity. */
  readonly bareTokens: number;
}

function parseObject(text: string, { maxSize }: FeedRules): Parsed {
  if (text.length > maxSize) {
    throw new FeedMessageError('too_large', `${text.length} characters, more than ${maxSize}`);
  }
  try {
    return { object: requireObject(JSON.parse(text) as Json), text, bareTokens: 0 };
  } catch (error) {
    if (error instanceof FeedMessageError) throw error;
  }
  // Python's json.dumps writes the bare tokens NaN and Infinity, which are not valid JSON. Parse
  // them as a number that is too large for a double, so that the checks below find the fields that
  // have them.
  const { replaced, count } = replaceBareTokens(text, BEYOND_DOUBLE);
  if (count > 0) {
    try {
      const object = requireObject(JSON.parse(replaced) as Json);
      return { object, text: replaceBareTokens(text, 'null').replaced, bareTokens: count };
    } catch (error) {
      if (error instanceof FeedMessageError) throw error;
    }
  }
  throw new FeedMessageError('not_json', 'not JSON');
}

function requireObject(value: Json): JsonObject {
  if (isObject(value)) return value;
  throw new FeedMessageError('not_an_object', 'not a JSON object');
}

/** Calls `parse`, and adds the product and expiry of the message to an error that it throws. */
function naming<M>(object: JsonObject, keyed: string | undefined, parse: () => M): M {
  try {
    return parse();
  } catch (error) {
    if (error instanceof FeedMessageError) {
      const product = object.product ?? keyed;
      if (isSymbol(product)) error.product = product;
      if (isExpiry(object.expiry)) error.expiry = object.expiry;
    }
    throw error;
  }
}

/**
 * Rejects numbers that JSON cannot represent (1e999 parses to Infinity), and nesting that might
 * overflow the stack when the message is serialized.
 * @param field the top-level field that `value` belongs to
 */
function checkTree(value: Json, depth: number, field: string): void {
  if (isFiniteTree(value, depth, field)) return;
  const problem = `${shorten(field)} is or holds NaN, Infinity or a number beyond the range of a double`;
  throw new FeedMessageError('non_finite_number', problem, field);
}

/**
 * Whether all numbers in `value` are finite. It returns a boolean, because throwing an error for
 * each bad value of a large chain would take seconds.
 * @throws FeedMessageError only if `value` is nested too deeply
 */
function isFiniteTree(value: Json, depth: number, field: string): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depth === MAX_DEPTH) throw new FeedMessageError('too_deep', `nested deeper than ${MAX_DEPTH}`, field);
  if (Array.isArray(value)) return value.every((item) => isFiniteTree(item, depth + 1, field));
  for (const key in value) if (!isFiniteTree(value[key]!, depth + 1, field)) return false;
  return true;
}

/** Shortens a field name, because a producer can send names of any length. */
function shorten(field: string): string {
  return field.length > 40 ? `${field.slice(0, 40)}...` : field;
}

/** @param keyed the product in the key of a cache entry, which may not name it itself */
function underlying({ object, text }: Parsed, rules: FeedRules, keyed?: string): UnderlyingMessage {
  return naming(object, keyed, () => {
    for (const field in object) checkTree(object[field]!, 1, field);
    const product = productOf(keyed === undefined ? object : { product: keyed, ...object });
    const { timestamp, time } = timeOf(object, rules);
    if (object.type !== undefined && object.type !== 'UNDERLYING_ENRICHED') {
      throw new FeedMessageError('wrong_type', 'type is not UNDERLYING_ENRICHED', 'type');
    }
    const price = requireNumber(object, 'price');
    const processedAt = optionalString(object, 'processed_at') ?? timestamp;
    const key = underlyingKey(product);
    return {
      kind: 'underlying',
      product,
      key,
      time,
      processedTime: parseTimestamp(processedAt, rules.offsetOf) ?? time,
      price,
      payload: new JsonPayload(
        completed(text, object, { type: 'UNDERLYING_ENRICHED', product, processed_at: processedAt }),
        key,
      ),
    };
  });
}

/** Fields of an option that are numbers or null. `strike` is not among them: it cannot be null. */
const LEG_NUMBERS: ReadonlySet<string> = new Set([
  'bid',
  'ask',
  'last',
  'volume',
  'open_interest',
  'delta',
  'gamma',
  'vega',
  'theta',
  'iv',
]);

const OPTIONAL_CHAIN_NUMBERS = [
  'atm_strike',
  'total_call_oi',
  'total_put_oi',
  'call_buildup_otm',
  'put_buildup_otm',
] as const;

/** Numbers that may be null in the contract, so that NaN can be forwarded as null. */
const NULLABLE_CHAIN_NUMBERS: ReadonlySet<string> = new Set([
  ...OPTIONAL_CHAIN_NUMBERS,
  'atm_straddle_price',
]);

function chain(parsed: Parsed, rules: FeedRules): ChainMessage {
  return naming(parsed.object, undefined, () => chainOf(parsed, rules));
}

function chainOf(parsed: Parsed, rules: FeedRules): ChainMessage {
  const repairs = new Repairs();
  const calls = legsOf(parsed.object, 'calls', repairs);
  const puts = legsOf(parsed.object, 'puts', repairs);
  const { object, text } = repaired(parsed, { calls, puts }, repairs);
  const product = productOf(object);
  const { timestamp, time } = timeOf(object, rules);
  const { expiry } = object;
  if (!isExpiry(expiry)) {
    throw new FeedMessageError(
      ...missingOr(object, 'expiry', 'bad_expiry', 'expiry is not a date YYYY-MM-DD'),
    );
  }
  for (const field of OPTIONAL_CHAIN_NUMBERS) optionalNumber(object, field);
  const processedAt = optionalString(object, 'processed_at');
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
    processedTime: parseTimestamp(processedAt, rules.offsetOf) ?? time,
    payload: new JsonPayload(
      completed(text, object, { atm_straddle_price: summary.atm_straddle_price, strikes }),
      key,
    ),
    summary,
    ...(repairs.none ? {} : { repairs: repairs.list() }),
  };
}

/**
 * The message without its bad values. Bad options are left out. Bad values of other options and of
 * nullable numbers are replaced with null.
 * @throws FeedMessageError for any other bad number
 */
function repaired(
  { object, text, bareTokens }: Parsed,
  legs: { readonly calls: readonly OptionLeg[]; readonly puts: readonly OptionLeg[] },
  repairs: Repairs,
): { readonly object: JsonObject; readonly text: string } {
  const nulled: JsonObject = {};
  for (const field in object) {
    if (field === 'calls' || field === 'puts') continue;
    const value = object[field]!;
    if (NULLABLE_CHAIN_NUMBERS.has(field) && typeof value === 'number' && !Number.isFinite(value)) {
      nulled[field] = null;
      repairs.note(field, 'nulled', true);
    } else {
      checkTree(value, 1, field);
    }
  }
  if (repairs.none) return { object, text };
  // The cast is safe, because all values of a leg were parsed from JSON.
  const whole = { ...object, ...nulled, ...(legs as unknown as JsonObject) };
  // If bare tokens were the only problem, the text with null in their place is otherwise exactly
  // what was published, and need not be serialized again.
  return { object: whole, text: repairs.only(bareTokens) ? text : JSON.stringify(whole) };
}

/**
 * The JSON text of `object`, with `fields` set. `text` is what `object` was parsed from. Missing
 * fields are appended to it, which keeps the published text exactly (a number beyond 2^53 keeps its
 * value). The object is serialized again only if an existing field must change.
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
  throw new FeedMessageError(...missingOr(object, 'product', 'bad_product', 'product is not a symbol'));
}

function timeOf(object: JsonObject, { offsetOf }: FeedRules): { timestamp: string; time: number } {
  const { timestamp } = object;
  const time = parseTimestamp(timestamp, offsetOf);
  if (typeof timestamp === 'string' && time !== undefined) return { timestamp, time };
  const problem = `timestamp ${timestampProblem(timestamp)}`;
  throw new FeedMessageError(...missingOr(object, 'timestamp', 'bad_timestamp', problem));
}

function missingOr(
  object: JsonObject,
  field: string,
  reason: RejectReason,
  problem: string,
): [RejectReason, string, string] {
  return object[field] === undefined || object[field] === null
    ? ['missing_field', `${field} is missing`, field]
    : [reason, problem, field];
}

function requireNumber(object: JsonObject, field: string): number {
  const value = object[field];
  if (typeof value === 'number') return value;
  throw new FeedMessageError(...missingOr(object, field, 'wrong_type', `${field} is not a number`));
}

/**
 * A number, or `null` if the field is null or missing: the worker writes None for values that it
 * could not compute.
 */
function optionalNumber(object: JsonObject, field: string): number | null {
  return object[field] === undefined || object[field] === null ? null : requireNumber(object, field);
}

function optionalString(object: JsonObject, field: string): string | undefined {
  const value = object[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw new FeedMessageError('wrong_type', `${field} is not a string`, field);
}

/** The options of one side that have a strike, with null in place of each bad value. */
function legsOf(object: JsonObject, field: 'calls' | 'puts', repairs: Repairs): readonly OptionLeg[] {
  const legs = object[field];
  if (!Array.isArray(legs)) {
    throw new FeedMessageError(...missingOr(object, field, 'wrong_type', `${field} is not a list`));
  }
  let good: OptionLeg[] | undefined;
  for (const [index, leg] of legs.entries()) {
    const taken = legOf(leg, field, repairs);
    // The list is copied only once the first option differs from the published one.
    if ((taken as Json | undefined) !== leg) good ??= legs.slice(0, index) as unknown as OptionLeg[];
    if (taken) good?.push(taken);
  }
  if (good?.length === 0) {
    throw new FeedMessageError('wrong_type', `${field} holds no entry with a numeric strike`, field);
  }
  return good ?? (legs as unknown as OptionLeg[]);
}

/** The option itself if it is good, a repaired copy if not, or `undefined` if it has no strike. */
function legOf(leg: Json, side: string, repairs: Repairs): OptionLeg | undefined {
  if (!isLeg(leg)) {
    repairs.note(side, 'left_out', false);
    return undefined;
  }
  let mended: JsonObject | undefined;
  for (const field in leg) {
    const value = leg[field]!;
    if (typeof value === 'number' ? Number.isFinite(value) : isGoodValue(field, value)) continue;
    mended ??= { ...leg };
    mended[field] = null;
    repairs.note(field, 'nulled', typeof value === 'number');
  }
  return mended ? (mended as JsonObject & OptionLeg) : leg;
}

function isLeg(leg: Json): leg is JsonObject & OptionLeg {
  return isObject(leg) && typeof leg.strike === 'number' && Number.isFinite(leg.strike);
}

/** Whether a value of an option that is not a number may be forwarded. */
function isGoodValue(field: string, value: Json): boolean {
  if (value === null) return true;
  if (LEG_NUMBERS.has(field)) return false;
  return isFiniteTree(value, 3, field);
}

/** Counts the bad values that were removed from a chain, by field. */
class Repairs {
  private readonly counts = new Map<string, Repair>();
  private nonFinite = 0;
  private others = 0;

  get none(): boolean {
    return this.counts.size === 0;
  }

  /** @param nonFinite whether the bad value was a single number that JSON cannot represent */
  note(field: string, action: Repair['action'], nonFinite: boolean): void {
    this.counts.set(field, { field, action, count: (this.counts.get(field)?.count ?? 0) + 1 });
    if (nonFinite) this.nonFinite++;
    else this.others++;
  }

  /** Whether exactly this many single non-finite numbers were removed, and nothing else. */
  only(nonFinite: number): boolean {
    return this.others === 0 && this.nonFinite === nonFinite;
  }

  list(): readonly Repair[] {
    return [...this.counts.values()];
  }
}

function strikesOf(object: JsonObject): readonly number[] | undefined {
  const { strikes } = object;
  if (strikes === undefined || strikes === null) return undefined;
  if (Array.isArray(strikes) && strikes.every((strike) => typeof strike === 'number')) return strikes;
  throw new FeedMessageError('wrong_type', 'strikes is not a list of numbers', 'strikes');
}

/**
 * The strikes of all options, ascending. The platform does not publish `strikes`, but front ends of
 * the Flask gateway read them.
 */
function unionOfStrikes(calls: readonly OptionLeg[], puts: readonly OptionLeg[]): readonly number[] {
  const strikes = new Set<number>();
  for (const leg of calls) strikes.add(leg.strike);
  for (const leg of puts) strikes.add(leg.strike);
  return [...strikes].sort((a, b) => a - b);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
