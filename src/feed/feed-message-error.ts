/**
 * Why a feed message or a cache entry was rejected: the values of the label of the reject counters.
 */
export const REJECT_REASONS = [
  'unknown_channel',
  'too_large',
  'not_json',
  'non_finite_number',
  'too_deep',
  'not_an_object',
  'missing_field',
  'wrong_type',
  'bad_product',
  'bad_expiry',
  'bad_timestamp',
  'bad_user',
] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

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
