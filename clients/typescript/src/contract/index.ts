// Copied from the service by scripts/copy-contract.mjs: change it there.
/**
 * The event contract: the only source of names and shapes. It imports nothing from the rest of the
 * service.
 */
export * from './admin-stats.js';
export * from './chain-view.js';
export * from './errors.js';
export * from './events.js';
export * from './heartbeat.js';
export * from './history.js';
export * from './payloads.js';
export * from './requests.js';
export * from './rooms.js';
export * from './symbol.js';
export * from './timestamp.js';
export * from './views.js';
