/** The Redis pub/sub channels on which the platform's worker publishes. */
export const FeedChannel = {
  underlying: 'enriched:underlying',
  optionChain: 'enriched:option_chain',
} as const;
export type FeedChannel = (typeof FeedChannel)[keyof typeof FeedChannel];

export const FEED_CHANNELS: readonly FeedChannel[] = Object.values(FeedChannel);
