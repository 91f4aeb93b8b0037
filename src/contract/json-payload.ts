/**
 * A payload as the JSON text in which it is sent. The text is made once and never parsed or
 * serialised again for a client. If the text of the feed can be forwarded unchanged, it is that
 * very text.
 */
export class JsonPayload<T extends object> {
  /** What a transport has made of the payload, for as long as the payload is in memory. */
  made: unknown = undefined;

  /**
   * @param text JSON of a `T`, which is not checked again
   * @param key identifies the stream: of two payloads of one event with the same key, a lagging
   * client needs only the newer one
   */
  constructor(
    readonly text: string,
    readonly key: string,
  ) {}

  /**
   * Parses the text. This is expensive, and meant for tests and for encoders that do not know this
   * class.
   */
  toJSON(): T {
    return JSON.parse(this.text) as T;
  }
}

/**
 * A reply to one client, made from a text that many clients share. A newer reply does not replace
 * it. Like every reply, it is sent at once, ahead of the updates that are held back from a lagging
 * client.
 */
export class ReplyPayload<T extends object> extends JsonPayload<T> {
  constructor(text: string) {
    super(text, 'reply');
  }
}

/**
 * An update that has just arrived from the feed, with the times at which its producer made it and
 * at which it arrived. The gateway measures the latency of live updates, not of stored ones.
 */
export class LivePayload<T extends object> extends JsonPayload<T> {
  /**
   * @param producedAt ms since the epoch
   * @param receivedAt ms of the gateway's monotonic clock
   */
  constructor(
    readonly payload: JsonPayload<T>,
    readonly producedAt: number,
    readonly receivedAt: number,
  ) {
    super(payload.text, payload.key);
  }
}

/**
 * Several payloads of one event for one client. They are sent as separate events, which are
 * prepared and written together.
 */
export class JsonPayloads<T extends object> {
  /** As in {@link JsonPayload}. */
  made: unknown = undefined;

  constructor(readonly list: readonly JsonPayload<T>[]) {}

  toJSON(): T[] {
    return this.list.map((payload) => payload.toJSON());
  }
}

/**
 * Past updates for one client. Unlike other updates, none of them is dropped in favour of a newer
 * one: they are sent at once, like a reply.
 */
export class ReplayPayloads<T extends object> extends JsonPayloads<T> {}
