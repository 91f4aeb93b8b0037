import type { GatewayConfig } from '../config/gateway-config.js';
import {
  type ClientLimits,
  MAX_HISTORY_ROWS,
  MAX_SYMBOL_LENGTH,
  MIN_HEARTBEAT_MS,
} from '../contract/index.js';

/** Returns the limits that each client receives in `connected`. */
export function clientLimits(config: GatewayConfig): ClientLimits {
  return {
    max_symbols_per_request: config.maxSymbolsPerRequest,
    max_subscriptions: config.maxSubscriptions,
    max_payload_bytes: config.maxPayloadBytes,
    max_symbol_length: MAX_SYMBOL_LENGTH,
    events_per_second: config.eventsPerSecond,
    event_burst: config.eventBurst,
    work_per_second: config.workPerSecond,
    work_burst: config.workBurst,
    max_unknown_subscriptions: config.maxUnknownSubscriptions,
    max_chains_per_snapshot: config.maxChainsPerSnapshot,
    heartbeat_ms: MIN_HEARTBEAT_MS,
    max_history_rows: MAX_HISTORY_ROWS,
    history_seconds: config.historySeconds,
    max_connections_per_user: config.maxConnectionsPerUser || null,
    max_connections_per_ip: config.maxConnectionsPerIp || null,
  };
}
