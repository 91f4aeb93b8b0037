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
import { replaceField } from './replace-field.js';
import { legsOf, OPTIONAL_CHAIN_NUMBERS, repairMessage, Repairs } from './chain-repairs.js';
import { FeedChannel } from './channels.js';
import { FeedMessageError } from './feed-message-error.js';
import {
  CHAIN_KEY_PREFIX,
  chainKey,
  type ChainMessage,
  type MarketMessage,
  UNDERLYING_KEY_PREFIX,
  underlyingKey,
  type UnderlyingMessage,
} from './market-message.js';
import {
  checkTree,
  isObject,
  type Json,
  type JsonObject,
  missingOr,
  optionalNumber,
  optionalString,
  type ParsedMessage,
  requireNumber,
} from './message-fields.js';

/** How the parser reads and checks feed messages. */
export interface FeedRules {
  /** Longest accepted text, in characters. */
  readonly maxSize: number;
  /** The time zone of timestamps that do not name one; UTC if undefined. */
  readonly offsetOf?: LocalOffset;
}

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

/**
 * Parses a JSON object. The bare tokens NaN and Infinity become null in its `text`, and numbers that
 * are not finite in its `object`.
 * @throws FeedMessageError
 */
export function parseObject(text: string, { maxSize }: FeedRules): ParsedMessage {
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

/** @param keyed the product in the key of a cache entry, which may not name it itself */
function underlying({ object, text }: ParsedMessage, rules: FeedRules, keyed?: string): UnderlyingMessage {
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

function chain(parsed: ParsedMessage, rules: FeedRules): ChainMessage {
  return naming(parsed.object, undefined, () => chainOf(parsed, rules));
}

function chainOf(parsed: ParsedMessage, rules: FeedRules): ChainMessage {
  const repairs = new Repairs();
  const calls = legsOf(parsed.object, 'calls', repairs);
  const puts = legsOf(parsed.object, 'puts', repairs);
  const { object, text } = repairMessage(parsed, { calls, puts }, repairs);
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
  const strikes = strikesOf(object, repairs) ?? unionOfStrikes(calls, puts);
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
    totals: {
      atm_strike: optionalNumber(object, 'atm_strike'),
      total_call_oi: optionalNumber(object, 'total_call_oi'),
      total_put_oi: optionalNumber(object, 'total_put_oi'),
    },
    ...(repairs.none ? {} : { repairs: repairs.list() }),
  };
}

/**
 * The JSON text of `object`, with `fields` set. `text` is what `object` was parsed from. The values
 * of existing fields are replaced inside the text and missing fields are appended to it, so that
 * everything else stays as it was published (a number beyond 2^53 keeps its value).
 */
function completed(text: string, object: JsonObject, fields: Readonly<Record<string, unknown>>): string {
  let whole = text;
  const added: Record<string, unknown> = {};
  for (const name in fields) {
    const value = fields[name];
    if (object[name] === value) continue;
    if (name in object) whole = replaceField(whole, name, JSON.stringify(value));
    else added[name] = value;
  }
  const members = JSON.stringify(added);
  return members === '{}' ? whole : `${whole.slice(0, whole.lastIndexOf('}'))},${members.slice(1)}`;
}

function productOf(object: JsonObject): string {
  if (isSymbol(object.product)) return object.product;
  throw new FeedMessageError(...missingOr(object, 'product', 'bad_product', 'product is not a symbol'));
}

/**
 * The field `timestamp`, and the same time in µs since the epoch.
 * @throws FeedMessageError
 */
export function timeOf(
  object: JsonObject,
  { offsetOf }: FeedRules,
): { readonly timestamp: string; readonly time: number } {
  const { timestamp } = object;
  const time = parseTimestamp(timestamp, offsetOf);
  if (typeof timestamp === 'string' && time !== undefined) return { timestamp, time };
  const problem = `timestamp ${timestampProblem(timestamp)}`;
  throw new FeedMessageError(...missingOr(object, 'timestamp', 'bad_timestamp', problem));
}

/**
 * The published strikes, ascending and unique, without values that are not finite numbers. A good
 * list is returned as it is. Undefined if the chain has no strikes of its own.
 */
function strikesOf({ strikes }: JsonObject, repairs: Repairs): readonly number[] | undefined {
  if (strikes === undefined || strikes === null) return undefined;
  if (!Array.isArray(strikes)) throw notNumbers();
  if (isAscending(strikes)) return strikes;
  const good: number[] = [];
  for (const strike of strikes) {
    if (typeof strike === 'number' && Number.isFinite(strike)) good.push(strike);
    else if (typeof strike === 'number' || strike === null) repairs.note('strikes', 'left_out', false);
    else throw notNumbers();
  }
  return good.length === 0 ? undefined : ascending(good);
}

/** Allocates nothing, because it runs for every chain that has strikes. */
function isAscending(strikes: readonly Json[]): strikes is number[] {
  let last = -Infinity;
  for (const strike of strikes) {
    if (typeof strike !== 'number' || !(strike > last) || strike === Infinity) return false;
    last = strike;
  }
  return true;
}

function ascending(strikes: Iterable<number>): readonly number[] {
  return [...new Set(strikes)].sort((a, b) => a - b);
}

function notNumbers(): FeedMessageError {
  return new FeedMessageError('wrong_type', 'strikes is not a list of numbers', 'strikes');
}

/**
 * The strikes of all options, ascending. The platform does not publish `strikes`, but front ends of
 * the Flask gateway read them.
 */
function unionOfStrikes(calls: readonly OptionLeg[], puts: readonly OptionLeg[]): readonly number[] {
  const strikes = new Set<number>();
  for (const leg of calls) strikes.add(leg.strike);
  for (const leg of puts) strikes.add(leg.strike);
  return ascending(strikes);
}
