/** Where and how the publisher sends. */
export type PublishTarget =
  | { readonly kind: 'redis'; readonly port: number; readonly sharded?: boolean }
  | { readonly kind: 'nats'; readonly port: number; readonly subjectPerProduct: boolean }
  | { readonly kind: 'nchan'; readonly port: number }
  | { readonly kind: 'centrifugo'; readonly port: number; readonly channelPerProduct: boolean }
  /** One line for each message, for the servers without a protocol of their own. */
  | { readonly kind: 'lines'; readonly port: number };

/** What is published: one kind of message, for each product in turn. */
export interface FeedPlan {
  readonly kind: 'underlying' | 'chain';
  readonly products: readonly string[];
  /** The approximate length of a chain. */
  readonly chainBytes?: number;
}

export interface OpenInput {
  readonly target: PublishTarget;
  readonly feed: FeedPlan;
}

/** The progress of the publisher. */
export interface Published {
  /** The number of the last message sent. */
  readonly sequence: number;
  /** The monotonic time of this reading. */
  readonly atUs: number;
}

export interface PublisherMethods {
  open: { input: OpenInput; output: void };
  /** From now on, sends so many messages per second at even intervals. */
  start: { input: { readonly rate: number }; output: Published };
  look: { input: undefined; output: Published };
  /** Stops, and resolves once the last message has left the process. */
  stop: { input: undefined; output: Published };
  /**
   * Sends one price and one chain of each product, which create snapshots. They are not numbered.
   */
  publishLatest: { input: undefined; output: void };
}
