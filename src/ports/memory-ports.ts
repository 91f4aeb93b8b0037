import { Adapter } from 'socket.io-adapter';
import { MemoryRevocationStore } from '../auth/revocation-store.js';
import { MemoryLatestStore } from '../cache/memory-latest-store.js';
import { MemoryFeed } from '../feed/memory-feed.js';
import type { Ports } from './ports.js';

/** Everything in this process. Publish on `feed` to be heard by the gateway. */
export function memoryPorts(): Ports & { readonly feed: MemoryFeed } {
  return {
    feed: new MemoryFeed(),
    store: new MemoryLatestStore(),
    adapter: Adapter,
    revocations: { feed: new MemoryFeed(), store: new MemoryRevocationStore() },
    faults: { listen: () => undefined, problem: () => undefined },
    close: () => Promise.resolve(),
  };
}
