import { Adapter } from 'socket.io-adapter';
import { systemClock } from '../common/clock.js';
import { MemoryRevocationStore } from '../auth/revocation-store.js';
import { MemoryLatestStore } from '../cache/memory-latest-store.js';
import { MemoryHistoryStore } from '../history/memory-history-store.js';
import { MemoryChannels } from '../feed/memory-channels.js';
import { MemoryFeed } from '../feed/memory-feed.js';
import type { GatewayConfig } from '../config/gateway-config.js';
import { MemoryConnectionCounts } from '../limits/connection-counts.js';
import { MemoryHandshakeQuota } from '../admission/handshake-quota.js';
import type { Ports } from './ports.js';

type LimitsConfig = Pick<GatewayConfig, 'handshakesPerIpPerMinute'>;

/** Limits that count this replica only. */
export function memoryLimits({
  handshakesPerIpPerMinute,
}: LimitsConfig): Pick<Ports, 'connectionCounts' | 'handshakeQuota'> {
  return {
    connectionCounts: new MemoryConnectionCounts(),
    handshakeQuota: new MemoryHandshakeQuota(handshakesPerIpPerMinute, systemClock.now),
  };
}

/** Adapter of a replica that has no others to send messages to. */
class LoneAdapter extends Adapter {
  override serverSideEmit(): void {
    return;
  }
}

interface MemorySources {
  readonly feed: MemoryFeed;
  readonly portfolioChannels: MemoryChannels;
}

/**
 * Ports that keep everything in this process. Publish on `feed` to send messages to the gateway,
 * and those of users on `portfolioChannels`.
 */
export function memoryPorts(config: LimitsConfig): Ports & MemorySources {
  const portfolioChannels = new MemoryChannels();
  return {
    feed: new MemoryFeed(),
    store: new MemoryLatestStore(systemClock.wallNow),
    history: new MemoryHistoryStore(systemClock.wallNow),
    adapter: () => LoneAdapter,
    revocations: { feed: new MemoryFeed(), store: new MemoryRevocationStore() },
    faults: { listen: () => undefined, problem: () => undefined },
    portfolios: () => portfolioChannels,
    portfolioChannels,
    ...memoryLimits(config),
    close: () => Promise.resolve(),
  };
}
