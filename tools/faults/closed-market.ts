import type { Stage } from '../simulator/feed-message.js';

export interface MarketPhases {
  readonly openMs: number;
  readonly closedMs: number;
}

/** A market that is open and closed in turn, first open. While it is closed, nothing is published. */
export function closedMarket({ openMs, closedMs }: MarketPhases): Stage {
  return async function* (messages) {
    for await (const message of messages) {
      if (message.at % (openMs + closedMs) < openMs) yield message;
    }
  };
}
