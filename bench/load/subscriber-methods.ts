export interface SubscribeInput {
  readonly count: number;
  readonly ports: readonly number[];
  readonly channel: string;
  readonly sharded: boolean;
}

export interface SubscriberMethods {
  /**
   * Opens connections that subscribe to the feed, distributed over the nodes. Resolves when Redis
   * has confirmed all subscriptions.
   */
  subscribe: { input: SubscribeInput; output: void };
  /** The messages received since then. */
  look: { input: undefined; output: { readonly bytes: number } };
}
