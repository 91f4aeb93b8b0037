// Copied from the service by scripts/copy-contract.mjs: change it there.
/**
 * The intervals of heartbeats that the gateway grants, ms, in ascending order. They are few, so that
 * many clients share each message.
 */
export const HEARTBEAT_INTERVALS_MS = [1_000, 2_000, 5_000, 10_000, 30_000] as const;

/** The interval of a client that does not ask for one, ms. */
export const DEFAULT_HEARTBEAT_MS = 2_000;

export const MIN_HEARTBEAT_MS = HEARTBEAT_INTERVALS_MS[0];
/** The longest interval that a client may ask for, ms. */
export const MAX_HEARTBEAT_MS = 60_000;
