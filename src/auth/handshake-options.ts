import type { HandshakeOptions } from '../contract/index.js';

const DEFAULTS: HandshakeOptions = Object.freeze({});
const BATCHES: HandshakeOptions = Object.freeze({ statuses: 'batch' });

/**
 * The options in what a client sent as `auth`, without its token. Unknown fields and values are ignored. The results are shared,
 * so that a connection keeps nothing of its own.
 */
export function handshakeOptions(auth: unknown): HandshakeOptions {
  if (typeof auth !== 'object' || auth === null || !Object.hasOwn(auth, 'statuses')) return DEFAULTS;
  return (auth as { readonly statuses: unknown }).statuses === 'batch' ? BATCHES : DEFAULTS;
}
