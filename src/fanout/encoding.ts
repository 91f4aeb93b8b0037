/** A message to clients, as an encoding sees it. */
export interface Message {
  readonly event: string;
  /** The payload as JSON. */
  readonly text: string;
  /** The message in another encoding. */
  in<T>(encoding: Encoding<T>): T;
}

/**
 * Port: how messages are written for one kind of client. A frame remembers what an encoding made of
 * it, so each message is encoded once, however many clients have the encoding. Encodings are
 * compared by identity: create one object for all clients of a kind.
 */
export interface Encoding<T> {
  encode(message: Message): T;
  /** Joins messages that are sent together. The client receives separate messages. */
  join(encoded: readonly T[]): T;
}

/** An encoding whose results are the bytes on the wire. */
export interface WireEncoding extends Encoding<Buffer> {
  /** The same encoding without compression; the encoding itself if it does not compress. */
  readonly uncompressed: WireEncoding;
}
