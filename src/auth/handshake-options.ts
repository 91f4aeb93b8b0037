import type { HandshakeOptions } from '../contract/index.js';

const DEFAULTS: HandshakeOptions = Object.freeze({});
const BATCHES: HandshakeOptions = Object.freeze({ statuses: 'batch' });

/**
 * Reads the options that a client sent as `auth`, without its token. Unknown fields and values are
 * ignored. The result is one of two shared objects, so that a connection keeps no object of its
 * own.
 */
export function handshakeOptions(auth: unknown): HandshakeOptions {
  if (typeof auth !== 'object' || auth === null || !Object.hasOwn(auth, 'statuses')) return DEFAULTS;
  return (auth as { readonly statuses: unknown }).statuses === 'batch' ? BATCHES : DEFAULTS;
}
