import type { HandshakeOptions } from '../contract/index.js';

const DEFAULTS: HandshakeOptions = Object.freeze({});
const BATCHES: HandshakeOptions = Object.freeze({ statuses: 'batch' });
const NO_GENERAL: HandshakeOptions = Object.freeze({ general: 'off' });
const BOTH: HandshakeOptions = Object.freeze({ statuses: 'batch', general: 'off' });

/**
 * Reads the options that a client sent as `auth`, without its token. Unknown fields and values are
 * ignored. The result is one of a few shared objects, so that a connection keeps no object of its
 * own.
 */
export function handshakeOptions(auth: unknown): HandshakeOptions {
  if (typeof auth !== 'object' || auth === null) return DEFAULTS;
  const batches = has(auth, 'statuses', 'batch');
  if (has(auth, 'general', 'off')) return batches ? BOTH : NO_GENERAL;
  return batches ? BATCHES : DEFAULTS;
}

function has(options: object, name: string, value: string): boolean {
  return Object.hasOwn(options, name) && (options as Readonly<Record<string, unknown>>)[name] === value;
}
