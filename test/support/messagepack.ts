import { decode as read, encode as write } from '@msgpack/msgpack';

/*
 * MessagePack as a common library writes and reads it, so that the tests do not check the gateway's
 * code against itself.
 */

export function encode(value: unknown): Buffer {
  return Buffer.from(write(value, { ignoreUndefined: true }));
}

export function decode(bytes: Buffer): unknown {
  return read(bytes);
}
