import { parseId } from '../common/parse-id.js';
import { JsonPayload, parseTimestamp, type PortfolioUpdate } from '../contract/index.js';
import { FeedMessageError } from '../feed/feed-message-error.js';
import { checkTree, missingOr, optionalString } from '../feed/message-fields.js';
import { type FeedRules, parseObject, timeOf } from '../feed/parse-message.js';

const CHANNEL_PREFIX = 'enriched:portfolio:';
const KEY_PREFIX = 'latest:portfolio:';

/** A validated portfolio of one user. */
export interface PortfolioMessage {
  /** The payload's `timestamp`, µs since the epoch. It orders the portfolios of a user. */
  readonly time: number;
  /** The payload's `processed_at`, or its `timestamp` if it has none, µs since the epoch. */
  readonly processedTime: number;
  readonly payload: JsonPayload<PortfolioUpdate>;
}

/** The pub/sub channel on which the platform publishes the portfolios of a user. */
export function portfolioChannel(user: string): string {
  return CHANNEL_PREFIX + user;
}

/** The key in Redis under which the platform keeps the newest portfolio of a user. */
export function portfolioKey(user: string): string {
  return KEY_PREFIX + user;
}

export function userOfChannel(channel: string): string {
  return channel.slice(CHANNEL_PREFIX.length);
}

/**
 * Parses a portfolio. It is passed on to the letter, except that null replaces NaN and Infinity,
 * which are not JSON.
 * @param user the user in the name of the channel or key, whom the message must name too
 * @throws FeedMessageError
 */
export function parsePortfolio(user: string, text: string, rules: FeedRules): PortfolioMessage {
  const parsed = parseObject(text, rules);
  const object = parsed.bareTokens > 0 ? parseObject(parsed.text, rules).object : parsed.object;
  for (const field in object) checkTree(object[field]!, 1, field);
  if (parseId(object.user_id) !== user) {
    throw new FeedMessageError(
      ...missingOr(object, 'user_id', 'bad_user', 'user_id is not the user of the channel'),
    );
  }
  const { timestamp, time } = timeOf(object, rules);
  const processedAt = optionalString(object, 'processed_at') ?? timestamp;
  return {
    time,
    processedTime: parseTimestamp(processedAt, rules.offsetOf) ?? time,
    // A client has one portfolio, so the name of the user would add nothing.
    payload: new JsonPayload(parsed.text, 'portfolio'),
  };
}
