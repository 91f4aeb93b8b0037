import type { OptionLeg } from '../contract/index.js';
import { FeedMessageError } from './feed-message-error.js';
import type { Repair } from './market-message.js';
import {
  checkTree,
  isFiniteTree,
  isObject,
  type Json,
  type JsonObject,
  missingOr,
  type ParsedMessage,
} from './message-fields.js';

/** Counts the bad values that were removed from a chain, by field. */
export class Repairs {
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

/** Fields of a chain that are numbers, and may be null or missing. */
export const OPTIONAL_CHAIN_NUMBERS = [
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

/**
 * The message without its bad values. Bad options are left out. Bad values of other options and of
 * nullable numbers are replaced with null.
 * @throws FeedMessageError for any other bad number
 */
export function repairMessage(
  { object, text, bareTokens }: ParsedMessage,
  legs: { readonly calls: readonly OptionLeg[]; readonly puts: readonly OptionLeg[] },
  repairs: Repairs,
): { readonly object: JsonObject; readonly text: string } {
  const nulled: JsonObject = {};
  for (const field in object) {
    if (field === 'calls' || field === 'puts' || field === 'strikes') continue;
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

/** The options of one side that have a strike, with null in place of each bad value. */
export function legsOf(object: JsonObject, field: 'calls' | 'puts', repairs: Repairs): readonly OptionLeg[] {
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
