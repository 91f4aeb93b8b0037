/** Where and how the publisher sends. */
export type PublishTarget =
  | { readonly kind: 'redis'; readonly port: number; readonly sharded?: boolean }
  | { readonly kind: 'nats'; readonly port: number; readonly subjectPerProduct: boolean }
  | { readonly kind: 'nchan'; readonly port: number };

/** What is published: one kind of message, of each product in turn. */
export interface FeedPlan {
  readonly kind: 'underlying' | 'chain';
  readonly products: readonly string[];
  /** About how long a chain is. */
  readonly chainBytes?: number;
}

export interface OpenInput {
  readonly target: PublishTarget;
  readonly feed: FeedPlan;
}

/** How far the publisher is. */
export interface Published {
  /** The number of the last message sent. */
  readonly sequence: number;
  /** When this was asked, monotonic. */
  readonly atUs: number;
}

export interface PublisherMethods {
  open: { input: OpenInput; output: void };
  /** Sends so many messages a second, evenly, from now on. */
  start: { input: { readonly rate: number }; output: Published };
  look: { input: undefined; output: Published };
  /** Stops, and answers once the last message has left the process. */
  stop: { input: undefined; output: Published };
  /** One price and one chain of each product, so that there are snapshots; outside the numbered messages. */
  publishLatest: { input: undefined; output: void };
}
