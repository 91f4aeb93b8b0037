import type { HandshakeOptions } from '../contract/index.js';

/** Every combination of options. The index has a bit for each option. */
const COMBINATIONS: readonly HandshakeOptions[] = Array.from({ length: 8 }, (_, bits) =>
  Object.freeze({
    ...(bits & 1 && { statuses: 'batch' as const }),
    ...(bits & 2 && { general: 'off' as const }),
    ...(bits & 4 && { latency_probe: true as const }),
  }),
);

/**
 * Reads the options that a client sent as `auth`, without its token. Unknown fields and values are
 * ignored. The result is one of a few shared objects, so that a connection keeps no object of its
 * own.
 */
export function handshakeOptions(auth: unknown): HandshakeOptions {
  if (typeof auth !== 'object' || auth === null) return COMBINATIONS[0]!;
  const bits =
    Number(has(auth, 'statuses', 'batch')) +
    2 * Number(has(auth, 'general', 'off')) +
    // In the address of a plain WebSocket, every value is a text.
    4 * Number(has(auth, 'latency_probe', true, 'true'));
  return COMBINATIONS[bits]!;
}

function has(options: object, name: keyof HandshakeOptions, ...values: readonly unknown[]): boolean {
  return (
    Object.hasOwn(options, name) && values.includes((options as Readonly<Record<string, unknown>>)[name])
  );
}
