import { Decoder, Encoder } from 'socket.io-msgpack-parser';
import type { Encoding } from '../options.js';

export type { Encoding } from '../options.js';

/**
 * MessagePack, for the option `encoding`. An entry of its own, so that an application without it
 * does not load the parser.
 */
export const msgpack: Encoding = { parser: { Encoder, Decoder } };
