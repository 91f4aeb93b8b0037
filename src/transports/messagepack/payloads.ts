import type { Encoding } from '../../fanout/encoding.js';
import { encodeMessagePack } from './encode.js';

/** The payload of a message as MessagePack, which all encodings with MessagePack share. */
export const messagePackPayloads: Encoding<Buffer> = {
  encode: ({ text }) => encodeMessagePack(JSON.parse(text)),
  join: (payloads) => Buffer.concat(payloads),
};

/**
 * The beginning of a map or list whose last value is not written yet. MessagePack concatenates,
 * because it has the number of values before them and nothing after them.
 * @param message has `null` as its last value
 */
export function beginMessagePack(message: object): Buffer {
  return encodeMessagePack(message).subarray(0, -1);
}
