export interface SubscribeInput {
  readonly count: number;
  readonly ports: readonly number[];
  readonly channel: string;
  readonly sharded: boolean;
}

export interface SubscriberMethods {
  /** Opens so many connections that subscribe to the feed, at each node in turn; done when Redis has confirmed them. */
  subscribe: { input: SubscribeInput; output: void };
  /** What came in since. */
  look: { input: undefined; output: { readonly bytes: number } };
}
