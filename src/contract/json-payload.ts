/**
 * A payload as the JSON text it is sent as: made once, by whoever published it where that can be sent on as it is, and
 * never parsed or serialised again for a client.
 */
export class JsonPayload<T extends object> {
  /**
   * @param text JSON of a `T`; nobody checks it again
   * @param key what this is the newest of: of two payloads of one event and key, a client that lags needs the later alone
   */
  constructor(
    readonly text: string,
    readonly key: string,
  ) {}

  /** Parses the text, at its full cost: for encoders that know nothing of this class, and for tests. */
  toJSON(): T {
    return JSON.parse(this.text) as T;
  }
}

/**
 * An answer to one client, from a text that many share. No newer answer takes its place: like any other reply it is sent at once,
 * ahead of what is held back from a client that lags.
 */
export class ReplyPayload<T extends object> extends JsonPayload<T> {
  constructor(text: string) {
    super(text, 'reply');
  }
}

/** Several payloads of one event, for one client: sent as so many events, which are prepared and written as one. */
export class JsonPayloads<T extends object> {
  constructor(readonly list: readonly JsonPayload<T>[]) {}

  toJSON(): T[] {
    return this.list.map((payload) => payload.toJSON());
  }
}
